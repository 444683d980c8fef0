import * as pulumi from "@pulumi/pulumi";
import { DrbdVolume } from "./drbdVolume";
import { Fencing, type FencingOptions } from "./fencing";
import { Guard } from "./guard";
import { heartbeat } from "./managers/heartbeat";
import { MasterPair } from "./masterPair";
import { NfsExports } from "./nfsExports";
import {
  type DrbdOptions,
  type HeartbeatOptions,
  type NfsOptions,
  ReplicationOptions,
  withDefaults,
} from "./options";
import { type PushTarget, PushTargets } from "./pushTargets";
import { type PoolOutput, ReadPool, type ReadPoolOptions } from "./readPool";
import type { Host } from "./remote/host";
import { NicRole } from "./remote/host";
import { HostScript, sha256 } from "./remote/hostScript";
import { mountAdvice, type Share } from "./render/nfs";
import { Replication } from "./replication";
import { type FleetSlave, SlaveFleet, type SlaveOutput } from "./slaveFleet";
import { VirtualIp } from "./virtualIp";

export interface NfsClusterArgs {
  /** The two hosts that hold the data. The first serves when both are there at the start. */
  masters: readonly [Host, Host];
  /** Name of the master that serves now: what changes comes to it last. @default the first */
  active?: string | undefined;
  /** Hosts of the same stack that mount the shares; the first checks that they can. @default none */
  clients?: readonly Host[];
  /** The address that clients mount, IPv4 without prefix length, in the masters' service network. */
  vip: string;
  /** More addresses there that serve as well: during a change of `vip`, the one before. @default none */
  vipAliases?: readonly string[];
  shares: readonly Share[];
  heartbeat?: HeartbeatOptions;
  drbd?: DrbdOptions;
  /** What proves to a master that its peer is not serving. With none, a master that loses its peer waits for a person. */
  fencing?: FencingOptions;
  nfs?: NfsOptions;
  /** Read-only copies of the shares on other hosts. @default none */
  slaves?: readonly FleetSlave[];
  /** One address in front of the slaves. @default none */
  readPool?: ReadPoolOptions | undefined;
  /** Directories on application servers that get the files. @default none */
  pushTargets?: readonly PushTarget[];
  replication?: ReplicationOptions;
  /** Raise it to replace the secrets of heartbeat, DRBD and replication. */
  secretsGeneration?: number;
}

/** How an application mounts one share. */
export interface ShareOutput {
  /** The virtual address, without prefix length. */
  server: string;
  /** Path on the server. */
  path: string;
  /** Options for `mount -o`. */
  mountOptions: string;
  /** Shell command that makes the mount point, its last word, and mounts. Runs as root on a client. */
  mountCommand: string;
  /** Line for /etc/fstab. */
  fstab: string;
}

/** Where an application reads the copies: from whichever slave is fit (with a read pool), or from one by its name. */
export interface ReadsOutput extends Partial<PoolOutput> {
  slaves: Readonly<Record<string, SlaveOutput>>;
}

/** How an operator reaches one host of the stack. */
export interface NodeOutput {
  /** `master`, `client`, `slave`, `proxy` or `target`; which master is active is what `npm run status` tells. */
  role: string;
  serviceAddress: string;
  managementAddress: string;
  sshCommand: string;
}

const VOLUME = "data";
const MINOR = 0;
const MOUNT = "/srv/nfs";

/**
 * One highly available NFS address: two masters with the same data, and heartbeat that moves volume, service and
 * address from the one that fails to the other. It is up when the address serves, asked from another host.
 */
export class NfsCluster extends pulumi.ComponentResource {
  public readonly shares: Readonly<Record<string, ShareOutput>>;
  public readonly nodes: Readonly<Record<string, NodeOutput>>;
  public readonly reads: ReadsOutput;
  /** Ready once the address serves. */
  public readonly serving: HostScript;

  constructor(name: string, args: NfsClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:NfsCluster", name, {}, opts);
    const parent = { parent: this };
    const manager = heartbeat(args.heartbeat);
    const where = { volume: VOLUME, minor: MINOR, mount: MOUNT };
    const pair = new MasterPair(
      `${name}-masters`,
      {
        masters: args.masters,
        active: args.active,
        managerPackages: manager.packages,
        secretsGeneration: args.secretsGeneration,
        fenceOptions: args.fencing?.device?.options,
      },
      parent,
    );
    const fencing = new Fencing(
      `${name}-fencing`,
      {
        pair,
        volume: VOLUME,
        deadtimeMs: manager.deadtimeMs,
        ...args.fencing,
      },
      parent,
    );
    const volume = new DrbdVolume(
      `${name}-drbd`,
      { pair, ...where, ...args.drbd, after: fencing.scripts },
      parent,
    );
    const service = new NfsExports(
      `${name}-exports`,
      { pair, ...where, shares: args.shares, ...args.nfs },
      parent,
    );
    const vip = new VirtualIp(
      `${name}-vip`,
      { pair, ...where, address: args.vip, aliases: args.vipAliases ?? [], after: service.scripts },
      parent,
    );
    const guard = new Guard(
      `${name}-guard`,
      {
        pair,
        volume: VOLUME,
        manager,
        ...args.drbd,
        after: [...fencing.scripts, volume, vip, service],
      },
      parent,
    );
    const managed = manager.start(name, { pair, volume: VOLUME, moves: [guard] }, parent);
    const parts = [pair.prepared, fencing.scripts, volume.scripts, vip.scripts, service.scripts];
    const scripts = [...parts, guard.scripts, managed.scripts].flat();
    const DIGEST = pulumi.all(scripts.map(({ digest }) => digest)).apply((all) => sha256(all.join()));
    const settled = pair.rollOut(
      `${name}-settled`,
      "settled.sh",
      (_host, peer) => ({ VOLUME, MOUNT, PEER: peer.name, DIGEST }),
      { ...parent, dependsOn: managed },
    );
    const { clients = [], slaves = [], pushTargets = [] } = args;
    this.shares = Object.fromEntries(args.shares.map((share) => [share.name, shareOutput(args.vip, share)]));
    const roles = {
      target: pushTargets.map(({ host }) => host),
      master: args.masters,
      client: clients,
      slave: slaves.map(({ host }) => host),
      proxy: args.readPool?.proxies ?? [],
    };
    this.nodes = Object.fromEntries(
      Object.entries(roles).flatMap(([role, hosts]) =>
        hosts.map((host) => [host.name, nodeOutput(host, role)] as const),
      ),
    );
    const prober = clients[0] ?? pair.second;
    this.serving = new HostScript(
      `${name}-serving-${prober.name}`,
      {
        host: prober,
        script: "serving.sh",
        vars: {
          VIP: args.vip,
          PATIENCE: "180",
          SOURCES: clients[0]
            ? args.shares.map((share) => `${args.vip}:${MOUNT}/${share.name}\n`).join("")
            : "",
          DIGEST,
        },
      },
      { ...parent, dependsOn: settled },
    );
    this.reads =
      slaves.length + pushTargets.length > 0 ? this.replicate(name, args, pair, prober) : { slaves: {} };
    this.registerOutputs({ shares: this.shares, nodes: this.nodes, reads: this.reads });
  }

  /** The copies: what sends them, what holds them, and what spreads readers over them. */
  private replicate(name: string, args: NfsClusterArgs, pair: MasterPair, prober: Host): ReadsOutput {
    const { masters, shares, slaves = [], pushTargets = [], readPool } = args;
    const parent = { parent: this };
    const { healthPort, maxLagSeconds } = withDefaults(ReplicationOptions, args.replication);
    const health = { healthPort, maxLagSeconds };
    const replication = new Replication(
      `${name}-replication`,
      { pair, mount: MOUNT, shares: shares.map((share) => share.name), ...args.replication },
      { ...parent, dependsOn: this.serving },
    );
    const fleet = new SlaveFleet(
      `${name}-slaves`,
      {
        slaves,
        replication,
        masters,
        shares,
        proxies: readPool?.proxies.map((proxy) => proxy.address(NicRole.Service)) ?? [],
        ...health,
      },
      parent,
    );
    new PushTargets(`${name}-targets`, { targets: pushTargets, replication, masters, ...health }, parent);
    if (!readPool) return { slaves: fleet.outputs };
    const pool = new ReadPool(
      `${name}-reads`,
      { ...readPool, slaves: slaves.map(({ host }) => host), shares, prober, after: fleet.ready, healthPort },
      parent,
    );
    return { ...pool.output, slaves: fleet.outputs };
  }
}

function shareOutput(server: string, share: Share): ShareOutput {
  const path = `${MOUNT}/${share.name}`;
  const advice = mountAdvice(server, path, share.name);
  return { server, path, mountOptions: advice.options, mountCommand: advice.command, fstab: advice.fstab };
}

function nodeOutput(host: Host, role: string): NodeOutput {
  const { managementAddress, sshCommand } = host.args;
  return { role, serviceAddress: host.address(NicRole.Service), managementAddress, sshCommand };
}
