import { SSH_PORT, SSH_USER } from "../components/options";
import { awsPlaces } from "./awsDefaults";
import { NONE } from "./fencingSchema";
import { shareClient, type Settings } from "./schema";
import { Platform } from "./variant";

type With<T, K extends keyof T> = T & Required<Pick<T, K>>;
type Master = NonNullable<Settings["masters"]>[number];
type Proxy = NonNullable<NonNullable<Settings["readPool"]>["proxies"]>[number];
type Named = With<Partial<Master>, "name">;

/** A machine of the lab or one that exists: where it is in which network, by which interface, and its disk. */
export type Machine = With<Named, "serviceAddress" | "serviceDevice">;
/** One that exists, and how SSH reaches it. */
export type ExistingMachine = With<Machine, "sshHost" | "sshPort" | "sshUser" | "hostKey">;

/** Settings without errors: what has no fixed default is given, on the platforms that use it. */
export interface Complete extends With<Settings, "lab" | "aws" | "sshPrivateKey"> {
  readonly masters: [Master, Master];
  readonly readPool?: NonNullable<Settings["readPool"]> & { readonly proxies: [Proxy, Proxy] };
  readonly lab: With<NonNullable<Settings["lab"]>, "clients">;
}

/** The checked configuration of a stack, frozen, with every default filled in. docs/config.md says what the keys mean. */
export type ClusterConfig = ReturnType<typeof build>;
export type LabClusterConfig = Extract<ClusterConfig, { platform: Platform.Lab }>;
export type HostsClusterConfig = Extract<ClusterConfig, { platform: Platform.Hosts }>;
export type AwsClusterConfig = Extract<ClusterConfig, { platform: Platform.Aws }>;

/** The configuration that is written in `settings`, as the components call it. */
export function build(settings: Complete) {
  const { platform, lab, aws, sshPrivateKey, ...common } = settings;
  const everyone = [common.serviceNetwork];
  switch (platform) {
    case Platform.Lab:
      return { ...withMachines<Machine>(common, everyone, labMachine), platform: Platform.Lab as const, lab };
    case Platform.Hosts:
      return {
        ...withMachines<ExistingMachine>(common, everyone, existingMachine),
        platform: Platform.Hosts as const,
        sshPrivateKey,
      };
    case Platform.Aws: {
      const places = awsPlaces(common, aws);
      const named = <T extends Named>(machine: T) => machine;
      return {
        ...withMachines<Named>(common, places.clientNetworks, named),
        platform: Platform.Aws as const,
        aws: { ...aws, ...places },
        sshPrivateKey,
      };
    }
  }
}

/** What lab/ gives its machines; those in the link network have a disk. Their addresses are written, or labDefaults.ts gave them. */
function labMachine<T extends Named>(machine: T): T & Machine {
  return {
    ...machine,
    serviceDevice: "eth1",
    ...(machine.linkAddress !== undefined && {
      linkDevice: "eth2",
      dataDisk: "/dev/disk/by-id/virtio-data",
    }),
    ...(machine.replicationAddress !== undefined && { replicationDevice: "eth3" }),
  } as T & Machine;
}

/** The schema has made sure that the keys which hosts must have are there. */
function existingMachine<T extends Named>(machine: T): T & ExistingMachine {
  const { serviceAddress: sshHost } = machine;
  return { sshHost, sshPort: SSH_PORT, sshUser: SSH_USER, ...machine } as T & ExistingMachine;
}

function withMachines<M>(
  settings: Omit<Complete, "platform" | "lab" | "aws" | "sshPrivateKey">,
  everyone: readonly string[],
  machine: <T extends Named>(given: T) => T & M,
) {
  const { masters, slaves, readPool, pushTargets, ...rest } = settings;
  const { keepalive, warntime, deadtime, initdead, ...heartbeat } = rest.heartbeat;
  const { advert, ...keepalived } = rest.keepalived;
  const { token, consensus, ...pacemaker } = rest.pacemaker;
  const { coalesce, maxLag, ...replication } = rest.replication;
  const { device = NONE, witness = NONE, silence, ...fencing } = rest.fencing;
  const pair = <T extends Named>([first, second]: [T, T]): [T & M, T & M] => [
    machine(first),
    machine(second),
  ];
  const shares = rest.shares.map(({ name }) => name);
  return {
    ...rest,
    masters: pair(masters),
    slaves: slaves.map((slave) => machine(slave)),
    ...(readPool && { readPool: { ...readPool, proxies: pair(readPool.proxies) } }),
    pushTargets: pushTargets.map((target) => machine({ ...target, shares: target.shares ?? shares })),
    shares: rest.shares.map(({ name, clients }) => ({
      name,
      clients: clients ?? everyone.map((from) => shareClient.parse({ from })),
    })),
    heartbeat: {
      keepaliveMs: keepalive,
      warntimeMs: warntime,
      deadtimeMs: deadtime,
      initdeadMs: initdead,
      ...heartbeat,
    },
    keepalived: { advertMs: advert, ...keepalived },
    pacemaker: { tokenMs: token, consensusMs: consensus, ...pacemaker },
    fencing: {
      ...fencing,
      ...(device !== NONE && { device }),
      ...(witness !== NONE && { witness }),
      silenceMs: silence,
    },
    replication: { coalesceMs: coalesce, maxLagSeconds: maxLag / 1000, ...replication },
  };
}
