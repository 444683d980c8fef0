import type { ExistingMachine, HostsClusterConfig } from "../config";
import { NicRole } from "../components/remote/host";
import type { Wanted } from "../components/render/preflight";
import { nics, ports } from "../networks";

const HTTP_PORT = 80;

type Port = Wanted["ports"][number];

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
  const listens = [
    ...(isMaster ? listening(config, "masters") : []),
    ...(is(config.slaves) ? listening(config, "slaves") : []),
    ...(is(config.readPool?.proxies) ? [tcp(HTTP_PORT)] : []),
    ...(is(config.pushTargets) ? [tcp(config.replication.healthPort)] : []),
  ];
  const { dataDisk } = machine;
  return {
    name: machine.name,
    nics: Object.values(nics(config, machine)),
    peers: config.masters.filter(({ name }) => name !== machine.name).flatMap((peer) => ways(machine, peer)),
    ports: listens,
    ...(dataDisk !== undefined && {
      disk: { device: dataDisk, partition: isMaster ? "ha-nfs-data" : "ha-nfs-replica" },
    }),
    drbd: isMaster,
  };
}

const tcp = (port: number): Port => ({ protocol: "tcp", port });

/** The ports of ours on hosts of a role, each once; sshd is there before. */
function listening(config: HostsClusterConfig, role: "masters" | "slaves"): Port[] {
  const all = ports(config)
    .filter(({ on, name }) => on === role && name !== "ssh")
    .flatMap(({ protocol, port, toPort = port }) => {
      if (port === undefined || toPort === undefined || (protocol !== "tcp" && protocol !== "udp")) return [];
      return Array.from({ length: toPort - port + 1 }, (_, i) => ({ protocol, port: port + i }) as const);
    });
  return [...new Map(all.map((one) => [`${one.protocol} ${one.port}`, one])).values()];
}

/** The peer's addresses in the networks that both are in, each with the machine's own interface there. */
function ways(machine: ExistingMachine, peer: ExistingMachine): Wanted["peers"] {
  return Object.values(NicRole).flatMap((role) => {
    const device = machine[`${role}Device`];
    const address = peer[`${role}Address`];
    return device && address ? [{ device, address }] : [];
  });
}
