import type { ClusterConfig, CommonConfig, HostsClusterConfig, LabClusterConfig, SshConfig } from "./config";
import { LAB_DEVICE, Platform as PlatformName } from "./config";
import {
  ExistingHosts,
  fenceAgent,
  type FenceDevice,
  type HostArgs,
  Lab,
  labFenceDevice,
  type LabNodeArgs,
  type NfsClusterArgs,
  type Nics,
  type Platform,
  type ReadPoolOptions,
} from "./components";

/** The hosts of a stack, and who of them is what. */
export interface Hosts extends Required<Pick<NfsClusterArgs, "hosts" | "masters" | "clients" | "fencing">> {
  readPool: ReadPoolOptions | undefined;
}

/** Makes the hosts that the configuration asks for, or finds them, and gives each its role. */
export function createHosts(config: ClusterConfig): Hosts {
  const { masters, readPool, fencing } = config;
  return {
    hosts: platform(config).hosts,
    masters: names(masters),
    clients: config.platform === PlatformName.Lab ? names(config.lab.clients) : [],
    readPool: readPool && { ...readPool, proxies: names(readPool.proxies) },
    fencing: { ...fencing, device: fenceDevice(config) },
  };
}

function platform(config: ClusterConfig): Platform {
  switch (config.platform) {
    case PlatformName.Lab:
      return lab(config);
    case PlatformName.Hosts:
      return existingHosts(config);
  }
}

function lab(config: LabClusterConfig): Platform {
  const { lab: sizes, masters, slaves, readPool, connectTimeoutSeconds } = config;
  const node = (h: Machine, memoryMiB: number, dataDiskMiB = 0): [string, LabNodeArgs] => [
    h.name,
    { nics: nics(config, h), memoryMiB, dataDiskMiB },
  ];
  return new Lab("lab", {
    nodes: Object.fromEntries([
      ...masters.map((master) => node(master, sizes.masterMemoryMiB, sizes.dataDiskMiB)),
      ...sizes.clients.map((client) => node({ serviceDevice: "eth1", ...client }, sizes.clientMemoryMiB)),
      ...slaves.map((slave) => node(slave, sizes.slaveMemoryMiB, sizes.slaveDiskMiB)),
      ...(readPool?.proxies ?? []).map((proxy) => node(proxy, sizes.proxyMemoryMiB)),
    ]),
    masters: names(masters),
    ...(sizes.machine && { machine: sizes.machine }),
    connectTimeoutSeconds,
  });
}

function existingHosts(config: HostsClusterConfig): Platform {
  const { masters, slaves, readPool, pushTargets, sshPrivateKey, connectTimeoutSeconds } = config;
  const host = (h: Machine & SshConfig): [string, HostArgs] => [
    h.name,
    {
      ssh: {
        host: h.sshHost,
        port: h.sshPort,
        user: h.sshUser,
        hostKey: h.hostKey,
        privateKey: sshPrivateKey,
      },
      nics: nics(config, h),
      ...(h.dataDisk !== undefined && { dataDisk: h.dataDisk }),
      connectTimeoutSeconds,
    },
  ];
  const machines = [...masters, ...slaves, ...(readPool?.proxies ?? []), ...pushTargets];
  return new ExistingHosts("hosts", { hosts: Object.fromEntries(machines.map(host)) });
}

function fenceDevice({ fencing: { device }, masters }: ClusterConfig): FenceDevice | undefined {
  if (typeof device !== "object") {
    return device === LAB_DEVICE ? labFenceDevice() : device === undefined ? undefined : { command: device };
  }
  const options = masters.map(({ name }) => [name, { ...device.options, ...device.masters[name] }] as const);
  return fenceAgent({ agent: device.agent, options: Object.fromEntries(options) });
}

/** What the configuration says of a machine's interfaces and disk, whatever the machine is for. */
interface Machine {
  readonly name: string;
  readonly serviceDevice: string;
  readonly serviceAddress: string;
  readonly linkDevice?: string;
  readonly linkAddress?: string;
  readonly replicationDevice?: string;
  readonly replicationAddress?: string;
  readonly dataDisk?: string;
}

function nics({ serviceNetwork, linkNetwork, replicationNetwork }: CommonConfig, h: Machine): Nics {
  const nic = (device = "", address = "", network = "") => ({
    device,
    address: `${address}/${network.split("/")[1]}`,
  });
  return {
    service: nic(h.serviceDevice, h.serviceAddress, serviceNetwork),
    ...(h.linkAddress && { link: nic(h.linkDevice, h.linkAddress, linkNetwork) }),
    ...(h.replicationAddress && {
      replication: nic(h.replicationDevice, h.replicationAddress, replicationNetwork),
    }),
  };
}

function names(machines: readonly { name: string }[]): string[] {
  return machines.map(({ name }) => name);
}
