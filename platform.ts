import type {
  ClusterConfig,
  CommonConfig,
  HostsClusterConfig,
  LabClusterConfig,
  MasterConfig,
  SlaveConfig,
  SshConfig,
} from "./config";
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
  const master = (m: MasterConfig) => ({
    name: m.name,
    nics: { ...nics(config, m), ...replicationNic(config, m) },
    memoryMiB: lab.masterMemoryMiB,
    dataDiskMiB: lab.dataDiskMiB,
  });
  return new Lab("lab", {
    masters: [master(masters[0]), master(masters[1])],
    clients: lab.clients.map(({ name, serviceAddress }) => ({
      name,
      nics: serviceNic(config, { serviceDevice: "eth1", serviceAddress }),
      memoryMiB: lab.clientMemoryMiB,
    })),
    slaves: slaves.map((slave) => ({
      name: slave.name,
      nics: nics(config, slave),
      memoryMiB: lab.slaveMemoryMiB,
      dataDiskMiB: lab.slaveDiskMiB,
    })),
    proxies: (readPool?.proxies ?? []).map((proxy) => ({
      name: proxy.name,
      nics: serviceNic(config, proxy),
      memoryMiB: lab.proxyMemoryMiB,
    })),
    machine: lab.machine,
    connectTimeoutSeconds,
  });
}

function findHosts(config: HostsClusterConfig): ExistingHosts {
  const { masters, slaves, readPool, pushTargets, sshPrivateKey: privateKey, connectTimeoutSeconds } = config;
  const ssh = (h: SshConfig) => ({
    host: h.sshHost,
    port: h.sshPort,
    user: h.sshUser,
    hostKey: h.hostKey,
    privateKey,
  });
  const master = (m: (typeof masters)[0]) => ({
    name: m.name,
    ssh: ssh(m),
    nics: { ...nics(config, m), ...replicationNic(config, m) },
    dataDisk: m.dataDisk,
  });
  const withService = (
    h: (typeof pushTargets)[number] | NonNullable<typeof readPool>["proxies"][number],
  ) => ({
    name: h.name,
    ssh: ssh(h),
    nics: serviceNic(config, h),
  });
  return new ExistingHosts("hosts", {
    masters: [master(masters[0]), master(masters[1])],
    slaves: slaves.map((s) => ({ name: s.name, ssh: ssh(s), nics: nics(config, s), dataDisk: s.dataDisk })),
    proxies: (readPool?.proxies ?? []).map(withService),
    targets: pushTargets.map(withService),
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

function nic(device: string, address: string, network: string): Nic {
  return { device, address: `${address}/${network.split("/")[1]}` };
}

function serviceNic(config: CommonConfig, h: { serviceDevice: string; serviceAddress: string }) {
  return { [NicRole.Service]: nic(h.serviceDevice, h.serviceAddress, config.serviceNetwork) };
}

function nics(config: CommonConfig, h: MasterConfig | SlaveConfig) {
  return { ...serviceNic(config, h), [NicRole.Link]: nic(h.linkDevice, h.linkAddress, config.linkNetwork) };
}

function replicationNic(config: CommonConfig, { replicationDevice, replicationAddress }: MasterConfig) {
  return config.replicationNetwork && replicationDevice && replicationAddress
    ? { [NicRole.Replication]: nic(replicationDevice, replicationAddress, config.replicationNetwork) }
    : {};
}
