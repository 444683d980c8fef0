import type * as pulumi from "@pulumi/pulumi";
import type {
  AwsClusterConfig,
  ClusterConfig,
  ExistingMachine,
  HostsClusterConfig,
  LabClusterConfig,
  Machine,
} from "./config";
import { AWS_DEVICE, LAB_DEVICE, Platform as PlatformName } from "./config";
import {
  type AwsArgs,
  type AwsNodeArgs,
  ExistingHosts,
  fenceAgent,
  type FenceDevice,
  type HostArgs,
  Lab,
  labFenceDevice,
  type LabNodeArgs,
  type NfsClusterArgs,
  type Platform,
  type PlatformAgent,
  type ReadPoolOptions,
} from "./components";
import { nics, ports } from "./networks";

type AwsPlatform = new (name: string, args: AwsArgs, opts?: Options) => Platform & { agent: PlatformAgent };
type Options = pulumi.ComponentResourceOptions;

interface Made extends Platform {
  agent?: PlatformAgent;
}

/** A host of AWS as the configuration has it. */
interface Sized {
  name: string;
  instanceType?: string;
}

/** The hosts of a stack, and who of them is what. */
export interface Hosts extends Required<Pick<NfsClusterArgs, "hosts" | "masters" | "clients" | "fencing">> {
  agent: PlatformAgent | undefined;
  readPool: ReadPoolOptions | undefined;
}

/** Makes the hosts that the configuration asks for, or finds them, and gives each its role. */
export function createHosts(config: ClusterConfig, opts?: Options): Hosts {
  const { masters, readPool, fencing } = config;
  const { hosts, agent }: Made = platform(config, opts);
  return {
    hosts,
    agent,
    masters: names(masters),
    clients: config.platform === PlatformName.Lab ? names(config.lab.clients) : [],
    readPool: readPool && { ...readPool, proxies: names(readPool.proxies) },
    fencing: { ...fencing, device: fenceDevice(config) },
  };
}

function platform(config: ClusterConfig, opts?: Options): Made {
  switch (config.platform) {
    case PlatformName.Lab:
      return lab(config, opts);
    case PlatformName.Hosts:
      return existingHosts(config, opts);
    case PlatformName.Aws:
      return aws(config, opts);
  }
}

function lab(config: LabClusterConfig, opts?: Options): Platform {
  const { lab: sizes, masters, slaves, readPool, connectTimeoutSeconds } = config;
  const node = (machine: Machine, memoryMiB: number, dataDiskMiB = 0): [string, LabNodeArgs] => [
    machine.name,
    { nics: nics(config, machine), memoryMiB, dataDiskMiB },
  ];
  return new Lab(
    "lab",
    {
      nodes: Object.fromEntries([
        ...masters.map((master) => node(master, sizes.masterMemoryMiB, sizes.dataDiskMiB)),
        ...sizes.clients.map((client) => node({ ...client, serviceDevice: "eth1" }, sizes.clientMemoryMiB)),
        ...slaves.map((slave) => node(slave, sizes.slaveMemoryMiB, sizes.slaveDiskMiB)),
        ...(readPool?.proxies ?? []).map((proxy) => node(proxy, sizes.proxyMemoryMiB)),
      ]),
      masters: names(masters),
      ...(sizes.machine && { machine: sizes.machine }),
      connectTimeoutSeconds,
    },
    opts,
  );
}

function existingHosts(config: HostsClusterConfig, opts?: Options): Platform {
  const { masters, slaves, readPool, pushTargets, sshPrivateKey: privateKey, connectTimeoutSeconds } = config;
  const find = (machine: ExistingMachine): [string, HostArgs] => {
    const { name, sshHost: host, sshPort: port, sshUser: user, hostKey, dataDisk } = machine;
    const ssh = { host, port, user, hostKey, privateKey };
    return [
      name,
      {
        ssh,
        nics: nics(config, machine),
        ...(dataDisk !== undefined && { dataDisk }),
        connectTimeoutSeconds,
      },
    ];
  };
  const machines = [...masters, ...slaves, ...(readPool?.proxies ?? []), ...pushTargets];
  return new ExistingHosts("hosts", { hosts: Object.fromEntries(machines.map(find)) }, opts);
}

/** The package of AWS takes longer to load than all else, so it is loaded only here. */
function aws(config: AwsClusterConfig, opts?: Options): Made {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be for everybody, its types too
  const { Aws } = require("./components/platforms/aws/aws") as { Aws: AwsPlatform };
  const { aws: of, masters, slaves, connectTimeoutSeconds, sshPrivateKey: privateKey } = config;
  const { dataVolumeGiB: sizeGiB, iops, throughput, dataVolumeIds, bastion } = of;
  const [firstZone = "", lastZone = firstZone] = of.zones;
  const node = ({ name, instanceType = of.instanceType }: Sized, zone: string): [string, AwsNodeArgs] => {
    const volumeId = dataVolumeIds[name];
    const volume = { sizeGiB, iops, throughput, ...(volumeId !== undefined && { volumeId }) };
    return [name, { zone, instanceType, volume }];
  };
  const [first, second] = masters;
  return new Aws(
    "aws",
    {
      region: of.region,
      network: of.network,
      nodes: Object.fromEntries([
        node(first, firstZone),
        node(second, lastZone),
        ...slaves.map((slave) => node(slave, slave.zone ?? firstZone)),
      ]),
      masters: names(masters),
      active: process.env["HA_NFS_ACTIVE"],
      vips: [config.vip, ...config.vipAliases],
      vipMode: of.vipMode,
      ports: ports(config),
      clientNetworks: of.clientNetworks,
      sshNetworks: of.sshNetworks,
      privateKey,
      ...(bastion && { bastion: { ...bastion, privateKey } }),
      connectTimeoutSeconds,
    },
    opts,
  );
}

function fenceDevice({ fencing: { device }, masters }: ClusterConfig): FenceDevice | undefined {
  if (device === LAB_DEVICE) return labFenceDevice();
  if (device === AWS_DEVICE) return { command: "/usr/local/lib/ha-nfs/fence-ec2" };
  if (typeof device !== "object") return device === undefined ? undefined : { command: device };
  const options = masters.map(({ name }) => [name, { ...device.options, ...device.masters[name] }] as const);
  return fenceAgent({ agent: device.agent, options: Object.fromEntries(options) });
}

function names(machines: readonly { name: string }[]): string[] {
  return machines.map(({ name }) => name);
}
