import * as pulumi from "@pulumi/pulumi";
import { DrbdVolume } from "./drbdVolume";
import { Timing } from "./enums";
import { Fencing, type FencingOptions } from "./fencing";
import { Guard } from "./guard";
import { clusterManager, type ManagerOptions } from "./managers/clusterManager";
import { MasterPair } from "./masterPair";
import { NfsExports } from "./nfsExports";
import {
  type DrbdOptions,
  type NfsOptions,
  ReplicationOptions,
  TIMES,
  VolumeOptions,
  withDefaults,
} from "./options";
import { type PushTarget, PushTargets } from "./pushTargets";
import { type HttpOutput, type NfsOutput, ReadPool, type ReadPoolOptions } from "./readPool";
import type { PlatformAgent } from "./platforms/platform";
import { Host, type HostArgs, type HostNamed, NicRole } from "./remote/host";
import { HostScript, sha256 } from "./remote/hostScript";
import { mountAdvice, type Share } from "./render/nfs";
import { roleMistakes } from "./roles";
import { Replication } from "./replication";
import { type FleetSlave, SlaveFleet, type SlaveOutput } from "./slaveFleet";
import { VirtualIp } from "./virtualIp";

export interface NfsClusterArgs extends ManagerOptions {
  /** All machines, by the names that `uname -n` says on them. The roles below are given by these names. */
  hosts: Record<string, HostArgs>;
  /** The two hosts that hold the data. The first serves when both are there at the start. */
  masters: string[];
  /** Name of the master that serves now: what changes comes to it last. @default the first */
  active?: string | undefined;
  /** Hosts that mount the shares; the first checks that they can. @default none */
  clients?: string[];
  /** The address that clients mount, IPv4 without prefix length, in the masters' service network. */
  vip: pulumi.Input<string>;
  /** More addresses there that serve as well: during a change of `vip`, the one before. @default none */
  vipAliases?: pulumi.Input<string>[];
  /** For masters in a cloud, which leads the address to them by its own books. @default none: ARP does */
  agent?: PlatformAgent | undefined;
  volume?: VolumeOptions;
  shares: Share[];
  drbd?: DrbdOptions;
  /** What proves to a master that its peer is not serving. With none, a master that loses its peer waits for a person. */
  fencing?: FencingOptions;
  nfs?: NfsOptions;
  /** Read-only copies of the shares on other hosts. @default none */
  slaves?: FleetSlave[];
  /** One address in front of the slaves. @default none */
  readPool?: ReadPoolOptions | undefined;
  /** Directories on application servers that get the files. @default none */
  pushTargets?: PushTarget[];
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
export interface ReadsOutput {
  /** @default none, without a read pool */
  http?: HttpOutput;
  /** @default none, without a read pool */
  nfs?: NfsOutput;
  slaves: Record<string, SlaveOutput>;
}

/** How an operator reaches one host of the stack. */
export interface NodeOutput {
  /** `master`, `client`, `slave`, `proxy` or `target`; which master is active is what `npm run status` tells. */
  role: string;
  /** Name of the volume that a master holds. */
  volume?: string;
  serviceAddress: string;
  managementAddress: string;
  sshCommand: string;
}

/** Whose children the hosts were before they were the cluster's: a stack of that time must not lose them. */
const FORMER_PARENTS = [
  ["ha-nfs:index:Lab", "lab"],
  ["ha-nfs:index:ExistingHosts", "hosts"],
] as const;

/** What the copies come from. */
interface Serving {
  pair: MasterPair;
  /** Where the active master mounts the volume. */
  mount: string;
  /** What asks whether an address serves. */
  prober: Host;
  /** Ready once the address serves. */
  serving: HostScript;
  hostNamed: HostNamed;
}

/**
 * One highly available NFS address: two masters with the same data, and a cluster manager that moves volume, service and
 * address from the one that fails to the other. It is up when the address serves, asked from another host.
 */
export class NfsCluster extends pulumi.ComponentResource {
  /** How to mount each share, by its name. */
  public readonly shares: pulumi.Output<Record<string, ShareOutput>>;
  /** How to reach each host, by its name. */
  public readonly nodes: pulumi.Output<Record<string, NodeOutput>>;
  /** Where to read the copies. */
  public readonly reads: pulumi.Output<ReadsOutput>;

  constructor(name: string, args: NfsClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:NfsCluster", name, {}, opts);
    const mistakes = roleMistakes(args);
    if (mistakes.length > 0) throw new Error([`NfsCluster ${name}:`, ...mistakes].join("\n  "));
    const parent = { parent: this };
    const hostNamed = this.hosts(args.hosts);
    const manager = clusterManager(args);
    const { name: volume, minor, mount } = withDefaults(VolumeOptions, args.volume);
    const where = { volume, minor, mount };
    const pair = new MasterPair(
      `${name}-masters`,
      {
        masters: args.masters.map(hostNamed) as [Host, Host],
        active: args.active,
        manager,
        secretsGeneration: args.secretsGeneration,
        fenceOptions: args.fencing?.device?.options,
        agent: args.agent,
      },
      parent,
    );
    const fencing = new Fencing(`${name}-fencing`, { pair, volume, hostNamed, ...args.fencing }, parent);
    const drbd = new DrbdVolume(
      `${name}-drbd`,
      { pair, ...where, ...TIMES[args.timing ?? Timing.Fast].drbd, ...args.drbd, after: fencing.scripts },
      parent,
    );
    const service = new NfsExports(
      `${name}-exports`,
      { pair, ...where, shares: args.shares, ...args.nfs },
      parent,
    );
    const vip = new VirtualIp(
      `${name}-vip`,
      {
        pair,
        ...where,
        address: args.vip,
        aliases: args.vipAliases ?? [],
        ...(args.agent && { mover: args.agent.mover, prefixLength: 32 }),
        after: service.scripts,
      },
      parent,
    );
    const guard = new Guard(
      `${name}-guard`,
      { pair, volume, manager, ...args.drbd, after: [...fencing.scripts, drbd, vip, service] },
      parent,
    );
    const { device, witness } = args.fencing ?? {};
    const managed = manager.start(
      name,
      { pair, volume, moves: [guard], fences: !!device, witness: witness ? hostNamed(witness) : undefined },
      parent,
    );
    const parts = [pair.prepared, fencing.scripts, drbd.scripts, vip.scripts, service.scripts];
    const scripts = [...parts, guard.scripts, managed.scripts].flat();
    const DIGEST = pulumi.all(scripts.map(({ digest }) => digest)).apply((all) => sha256(all.join()));
    const settled = pair.check(
      `${name}-settled`,
      "settled.sh",
      (_host, peer) => ({ VOLUME: volume, MOUNT: mount, PEER: peer.name, DIGEST }),
      { ...parent, dependsOn: managed },
    );
    const prober = args.clients?.[0] === undefined ? pair.second : hostNamed(args.clients[0]);
    const serving = new HostScript(
      `${name}-serving-${prober.name}`,
      {
        host: prober,
        script: "serving.sh",
        vars: {
          VIP: args.vip,
          PATIENCE: "180",
          SOURCES: vip.address.apply((address) =>
            args.clients?.length
              ? args.shares.map((share) => `${address}:${mount}/${share.name}\n`).join("")
              : "",
          ),
          DIGEST,
        },
      },
      { ...parent, dependsOn: settled },
    );
    this.shares = vip.address.apply((address) =>
      Object.fromEntries(args.shares.map((share) => [share.name, shareOutput(address, mount, share)])),
    );
    this.nodes = nodeOutputs(args, volume, hostNamed);
    this.reads = this.replicate(name, args, { pair, mount, prober, serving, hostNamed });
    this.registerOutputs({ shares: this.shares, nodes: this.nodes, reads: this.reads });
  }

  /** Makes the hosts. */
  private hosts(args: Record<string, HostArgs>): HostNamed {
    const aliases = FORMER_PARENTS.map(([type, name]) => ({ parent: pulumi.createUrn(name, type) }));
    const hosts = new Map(
      Object.entries(args).map(([name, of]) => [name, new Host(name, of, { parent: this, aliases })]),
    );
    return (name) => {
      const host = hosts.get(name);
      if (!host) throw new Error(`no host is named ${name}`);
      return host;
    };
  }

  /** The copies: what sends them, what holds them, and what spreads readers over them. */
  private replicate(
    name: string,
    args: NfsClusterArgs,
    { pair, mount, prober, serving, hostNamed }: Serving,
  ): pulumi.Output<ReadsOutput> {
    const { shares, slaves = [], pushTargets = [], readPool } = args;
    if (slaves.length + pushTargets.length === 0) return pulumi.output<ReadsOutput>({ slaves: {} });
    const parent = { parent: this };
    const masters = [pair.preferred, pair.second];
    const { healthPort, maxLagSeconds } = withDefaults(ReplicationOptions, args.replication);
    const replication = new Replication(
      `${name}-replication`,
      { pair, mount, shares: shares.map((share) => share.name), ...args.replication },
      { ...parent, dependsOn: serving },
    );
    const common = { hostNamed, replication, masters, healthPort, maxLagSeconds };
    const proxies = readPool?.proxies.map((proxy) => hostNamed(proxy).address(NicRole.Service)) ?? [];
    const fleet = new SlaveFleet(`${name}-slaves`, { slaves, shares, proxies, ...common }, parent);
    new PushTargets(`${name}-targets`, { targets: pushTargets, ...common }, parent);
    if (!readPool) return pulumi.output({ slaves: fleet.outputs });
    const pool = new ReadPool(
      `${name}-reads`,
      {
        ...readPool,
        hostNamed,
        slaves: slaves.map((slave) => hostNamed(slave.name)),
        shares,
        prober,
        after: fleet.ready,
        healthPort,
      },
      parent,
    );
    return pulumi.all([pool.output, fleet.outputs]).apply(([output, slaves]) => ({ ...output, slaves }));
  }
}

function shareOutput(server: string, mount: string, share: Share): ShareOutput {
  const path = `${mount}/${share.name}`;
  const advice = mountAdvice(server, path, share.name);
  return { server, path, mountOptions: advice.options, mountCommand: advice.command, fstab: advice.fstab };
}

/** How an operator reaches each host; one with two roles is told by the later. */
function nodeOutputs(
  args: NfsClusterArgs,
  volume: string,
  hostNamed: HostNamed,
): pulumi.Output<Record<string, NodeOutput>> {
  const names = (of: readonly { name: string }[] = []) => of.map(({ name }) => name);
  const roles = {
    target: names(args.pushTargets),
    master: args.masters,
    client: args.clients ?? [],
    slave: names(args.slaves),
    proxy: args.readPool?.proxies ?? [],
  };
  const nodes = Object.entries(roles).flatMap(([role, hosts]) =>
    hosts.map(hostNamed).map((host) => {
      const { managementAddress, sshCommand } = host;
      const serviceAddress = host.address(NicRole.Service);
      const node = { role, serviceAddress, managementAddress, sshCommand };
      return [host.name, role === "master" ? { ...node, volume } : node] as const;
    }),
  );
  return pulumi.output(Object.fromEntries(nodes));
}
