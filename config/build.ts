import type * as pulumi from "@pulumi/pulumi";
import { NONE } from "./fencingSchema";
import { shareClient, type Settings } from "./schema";
import { Platform, type ClusterConfig, type CommonConfig, type MasterConfig, type SshConfig } from "./types";

type Master = NonNullable<Settings["masters"]>[number];
type Slave = Settings["slaves"][number];
type PushTarget = Settings["pushTargets"][number];
type ReadPool = NonNullable<Settings["readPool"]>;
type Proxy = NonNullable<ReadPool["proxies"]>[number];
type With<T, K extends keyof T> = T & Required<Pick<T, K>>;

/** Settings without errors: what has no fixed default is given, on the platforms that use it. */
export interface Complete extends Settings {
  readonly masters: [Master, Master];
  readonly slaves: With<Slave, "serviceAddress" | "linkAddress">[];
  readonly readPool?: ReadPool & { readonly proxies: [Proxy, Proxy] };
  readonly pushTargets: With<PushTarget, "serviceAddress">[];
  readonly lab: Settings["lab"] & Required<Pick<Settings["lab"], "clients">>;
  readonly sshPrivateKey: pulumi.Output<string>;
}

type PlatformKeys = "platform" | "masters" | "slaves" | "readPool" | "pushTargets" | "lab" | "sshPrivateKey";

/** What the lab's machines have; lab/ builds them so. */
const LAB_SERVICE = { serviceDevice: "eth1" };
const LAB_STORAGE = { ...LAB_SERVICE, linkDevice: "eth2", dataDisk: "/dev/disk/by-id/virtio-data" };
const LAB_REPLICATION = { replicationDevice: "eth3" };

/** The configuration that is written in `settings`. */
export function build(settings: Complete): ClusterConfig {
  const { platform, masters, slaves, readPool, pushTargets, lab, sshPrivateKey, ...rest } = settings;
  const common = buildCommon(rest);
  const shares = common.shares.map(({ name }) => name);
  const targets = pushTargets.map((target) => ({ ...target, shares: target.shares ?? shares }));
  if (platform === Platform.Lab) {
    const proxy = (given: Proxy) => ({ ...given, ...LAB_SERVICE });
    return {
      ...common,
      platform,
      masters: [labMaster(masters[0]), labMaster(masters[1])],
      slaves: slaves.map((slave) => ({ ...slave, ...LAB_STORAGE })),
      ...(readPool && {
        readPool: { ...readPool, proxies: [proxy(readPool.proxies[0]), proxy(readPool.proxies[1])] },
      }),
      pushTargets: targets.map((target) => ({ ...target, ...LAB_SERVICE })),
      lab,
    };
  }
  return {
    ...common,
    platform,
    masters: [host(masters[0]), host(masters[1])],
    slaves: slaves.map((slave) => host(slave)),
    ...(readPool && {
      readPool: { ...readPool, proxies: [host(readPool.proxies[0]), host(readPool.proxies[1])] },
    }),
    pushTargets: targets.map((target) => host(target)),
    sshPrivateKey,
  };
}

function buildCommon(settings: Omit<Complete, PlatformKeys>): CommonConfig {
  const { keepalive, warntime, deadtime, initdead, ...heartbeat } = settings.heartbeat;
  const { coalesce, maxLag, ...replication } = settings.replication;
  const { device = NONE, witness = NONE, silence, ...fencing } = settings.fencing;
  return {
    ...settings,
    shares: settings.shares.map(({ name, clients }) => ({
      name,
      clients: clients ?? [shareClient.parse({ from: settings.serviceNetwork })],
    })),
    heartbeat: {
      keepaliveMs: keepalive,
      warntimeMs: warntime,
      deadtimeMs: deadtime,
      initdeadMs: initdead,
      ...heartbeat,
    },
    fencing: {
      ...fencing,
      ...(device !== NONE && { device }),
      ...(witness !== NONE && { witness }),
      silenceMs: silence,
    },
    replication: { coalesceMs: coalesce, maxLagSeconds: maxLag / 1000, ...replication },
  };
}

function labMaster(master: Master): MasterConfig {
  return { ...master, ...LAB_STORAGE, ...(master.replicationAddress !== undefined && LAB_REPLICATION) };
}

/** checkRules has made sure that the keys which hosts must have are there. */
function host<T extends SshConfig & { readonly serviceAddress: string }>(machine: Partial<T>): T {
  return { sshHost: machine.serviceAddress, sshPort: 22, sshUser: "root", ...machine } as T;
}
