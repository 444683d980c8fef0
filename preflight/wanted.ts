import type { ExistingMachine, HostsClusterConfig } from "../config";
import { Manager } from "../components/enums";
import { NicRole } from "../components/remote/host";
import { DOOR_PORT } from "../components/render/fencing";
import type { Wanted } from "../components/render/preflight";

const NFS_PORT = 2049;
const HTTP_PORT = 80;

type Port = Wanted["ports"][number];
const tcp = (port: number): Port => ({ protocol: "tcp", port });
const udp = (port: number): Port => ({ protocol: "udp", port });

/** All machines of a configuration; one with two roles, such as a push target that is a proxy too, is there twice. */
export const machinesOf = (config: HostsClusterConfig): ExistingMachine[] => [
  ...config.masters,
  ...config.slaves,
  ...(config.readPool?.proxies ?? []),
  ...config.pushTargets,
];

/** What the configuration wants of one of its machines: what has to be there, and which of the masters it has to reach. */
export function wantedOf(config: HostsClusterConfig, machine: ExistingMachine): Wanted {
  const is = (list: readonly ExistingMachine[] = []) => list.some(({ name }) => name === machine.name);
  const isMaster = is(config.masters);
  const { healthPort } = config.replication;
  const ports = [
    isMaster && [tcp(NFS_PORT), tcp(config.drbd.port), tcp(DOOR_PORT), ...managerPorts(config)],
    is(config.slaves) && [tcp(NFS_PORT), tcp(HTTP_PORT), tcp(healthPort)],
    is(config.readPool?.proxies) && [tcp(HTTP_PORT)],
    is(config.pushTargets) && [tcp(healthPort)],
  ];
  const { dataDisk } = machine;
  const partition = isMaster ? "ha-nfs-data" : "ha-nfs-replica";
  return {
    name: machine.name,
    nics: nics(config, machine),
    peers: config.masters.filter(({ name }) => name !== machine.name).flatMap((peer) => ways(machine, peer)),
    ports: ports.flatMap((list) => list || []),
    ...(dataDisk !== undefined && { disk: { device: dataDisk, partition } }),
    drbd: isMaster,
  };
}

function managerPorts({ manager, heartbeat, pacemaker }: HostsClusterConfig): Port[] {
  switch (manager) {
    case Manager.Heartbeat:
      return [udp(heartbeat.udpPort)];
    case Manager.Pacemaker:
      return [udp(pacemaker.port), udp(pacemaker.port + 1)];
    case Manager.Keepalived:
      return [];
  }
}

const ROLES = Object.values(NicRole);

function nics(config: HostsClusterConfig, machine: ExistingMachine): Wanted["nics"] {
  return ROLES.flatMap((role) => {
    const device = machine[`${role}Device`];
    const address = machine[`${role}Address`];
    const prefix = config[`${role}Network`]?.split("/")[1];
    return device && address && prefix ? [{ device, address: `${address}/${prefix}` }] : [];
  });
}

/** The peer's addresses in the networks that both are in, each with the machine's own interface there. */
function ways(machine: ExistingMachine, peer: ExistingMachine): Wanted["peers"] {
  return ROLES.flatMap((role) => {
    const device = machine[`${role}Device`];
    const address = peer[`${role}Address`];
    return device && address ? [{ device, address }] : [];
  });
}
