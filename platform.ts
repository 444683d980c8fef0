import type { ClusterConfig, ExistingMachine, HostsClusterConfig, LabClusterConfig, Machine } from "./config";
import { LAB_DEVICE, Platform } from "./config";
import {
  ExistingHosts,
  fenceAgent,
  type FenceDevice,
  type FencingOptions,
  type FleetSlave,
  type Host,
  Lab,
  labFenceDevice,
  type Nic,
  NicRole,
  type PushTarget,
  type ReadPoolOptions,
} from "./components";

/** The hosts of a stack, whichever platform they come from, each with what the cluster wants of it. */
export interface Hosts {
  readonly masters: readonly [Host, Host];
  readonly clients: readonly Host[];
  readonly slaves: readonly FleetSlave[];
  readonly pushTargets: readonly PushTarget[];
  readonly readPool: ReadPoolOptions | undefined;
  readonly fencing: FencingOptions;
}

/** Makes the hosts that the configuration asks for, or finds them. */
export function createHosts(config: ClusterConfig): Hosts {
  switch (config.platform) {
    case Platform.Lab: {
      const lab = createLab(config);
      return {
        ...assigned(config, lab.slaves, lab.proxies, lab.clients),
        masters: lab.masters,
        clients: lab.clients,
        fencing: fencing(config, [...lab.clients, ...lab.slaves, ...lab.proxies]),
      };
    }
    case Platform.Hosts: {
      const hosts = findHosts(config);
      return {
        ...assigned(config, hosts.slaves, hosts.proxies, hosts.targets),
        masters: hosts.masters,
        clients: [],
        fencing: fencing(config, [...hosts.slaves, ...hosts.proxies, ...hosts.targets]),
      };
    }
  }
}

function createLab(config: LabClusterConfig): Lab {
  const { lab, masters, slaves, readPool, connectTimeoutSeconds } = config;
  const node = (machine: Machine, memoryMiB: number, dataDiskMiB = 0) => ({
    name: machine.name,
    nics: nics(config, machine),
    memoryMiB,
    dataDiskMiB,
  });
  const master = (m: Machine) => node(m, lab.masterMemoryMiB, lab.dataDiskMiB);
  return new Lab("lab", {
    masters: [master(masters[0]), master(masters[1])],
    clients: lab.clients.map((client) => node({ ...client, serviceDevice: "eth1" }, lab.clientMemoryMiB)),
    slaves: slaves.map((slave) => node(slave, lab.slaveMemoryMiB, lab.slaveDiskMiB)),
    proxies: (readPool?.proxies ?? []).map((proxy) => node(proxy, lab.proxyMemoryMiB)),
    machine: lab.machine,
    connectTimeoutSeconds,
  });
}

function findHosts(config: HostsClusterConfig): ExistingHosts {
  const { masters, slaves, readPool, pushTargets, sshPrivateKey: privateKey, connectTimeoutSeconds } = config;
  const find = (machine: ExistingMachine) => {
    const { name, sshHost: host, sshPort: port, sshUser: user, hostKey, dataDisk } = machine;
    const ssh = { host, port, user, hostKey, privateKey };
    return { name, ssh, nics: nics(config, machine), ...(dataDisk !== undefined && { dataDisk }) };
  };
  return new ExistingHosts("hosts", {
    masters: [find(masters[0]), find(masters[1])],
    slaves: slaves.map(find),
    proxies: (readPool?.proxies ?? []).map(find),
    targets: pushTargets.map(find),
    connectTimeoutSeconds,
  });
}

/** Gives each host, by its name, what the configuration says of it. */
function assigned(
  config: ClusterConfig,
  slaves: readonly Host[],
  proxies: readonly Host[],
  targets: readonly Host[],
): Pick<Hosts, "slaves" | "pushTargets" | "readPool"> {
  const named = (hosts: readonly Host[], name: string) => hosts.filter((host) => host.name === name);
  const { readPool } = config;
  const [first, second] = proxies;
  return {
    slaves: config.slaves.flatMap(({ name, bandwidthKiB }) =>
      named(slaves, name).map((host) => ({ host, bandwidthKiB })),
    ),
    pushTargets: config.pushTargets.flatMap(({ name, directory, shares, bandwidthKiB }) =>
      named(targets, name).map((host) => ({ host, directory, shares, bandwidthKiB })),
    ),
    readPool: readPool && first && second && { ...readPool, proxies: [first, second] },
  };
}

/** The fence device, and the host that is the witness, by its name. */
function fencing(config: ClusterConfig, hosts: readonly Host[]): FencingOptions {
  const { witness, silenceMs, deviceSeconds } = config.fencing;
  return {
    device: fenceDevice(config),
    witness: hosts.find(({ name }) => name === witness),
    silenceMs,
    deviceSeconds,
  };
}

function fenceDevice({ fencing: { device }, masters }: ClusterConfig): FenceDevice | undefined {
  if (typeof device !== "object") {
    return device === LAB_DEVICE ? labFenceDevice() : device === undefined ? undefined : { command: device };
  }
  const options = masters.map(({ name }) => [name, { ...device.options, ...device.masters[name] }] as const);
  return fenceAgent({ agent: device.agent, options: Object.fromEntries(options) });
}

/** A machine's interfaces: one in each network that it has an address in. */
function nics(config: ClusterConfig, machine: Machine): Partial<Record<NicRole, Nic>> {
  const all = Object.values(NicRole).flatMap((role) => {
    const device = machine[`${role}Device`];
    const address = machine[`${role}Address`];
    const prefix = config[`${role}Network`]?.split("/")[1];
    return device && address && prefix ? [[role, { device, address: `${address}/${prefix}` }] as const] : [];
  });
  return Object.fromEntries(all);
}
