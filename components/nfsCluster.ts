import * as pulumi from "@pulumi/pulumi";
import { type DrbdOptions, DrbdVolume } from "./drbdVolume";
import { HeartbeatLink, type HeartbeatOptions } from "./heartbeatLink";
import { MasterPair } from "./masterPair";
import { NfsExports, type NfsOptions } from "./nfsExports";
import type { Host } from "./remote/host";
import { NicRole } from "./remote/host";
import { HostScript } from "./remote/hostScript";
import { mountAdvice, type Share } from "./render/nfs";
import { VirtualIp } from "./virtualIp";

export interface NfsClusterArgs {
  /** The two hosts that hold the data. The first serves when both are there at the start. */
  masters: readonly [Host, Host];
  /** Hosts of the same stack that mount the shares; the first checks that they can. @default none */
  clients?: readonly Host[];
  /** The address that clients mount, IPv4 without prefix length, in the masters' service network. */
  vip: string;
  shares: readonly Share[];
  heartbeat?: HeartbeatOptions;
  drbd?: DrbdOptions;
  nfs?: NfsOptions;
  /** Raise it to replace the heartbeat and the DRBD secret. @default 1 */
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

/** How an operator reaches one host of the stack. */
export interface NodeOutput {
  /** `master` or `client`; which master is active is what `npm run status` tells. */
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
  /** Ready once the address serves. */
  public readonly serving: HostScript;

  constructor(name: string, args: NfsClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:NfsCluster", name, {}, opts);
    const parent = { parent: this };
    const where = { volume: VOLUME, minor: MINOR, mount: MOUNT };
    const pair = new MasterPair(
      `${name}-masters`,
      { masters: args.masters, secretsGeneration: args.secretsGeneration ?? 1 },
      parent,
    );
    const volume = new DrbdVolume(`${name}-drbd`, { pair, ...where, ...args.drbd }, parent);
    const vip = new VirtualIp(`${name}-vip`, { pair, address: args.vip }, parent);
    const service = new NfsExports(
      `${name}-exports`,
      { pair, ...where, shares: args.shares, scope: args.vip, ...args.nfs },
      parent,
    );
    const heartbeat = new HeartbeatLink(
      `${name}-heartbeat`,
      { pair, volume: VOLUME, moves: [volume, vip, service], ...args.heartbeat },
      parent,
    );
    const clients = args.clients ?? [];
    this.shares = Object.fromEntries(args.shares.map((share) => [share.name, shareOutput(args.vip, share)]));
    this.nodes = Object.fromEntries([
      ...args.masters.map((host) => [host.name, nodeOutput(host, "master")] as const),
      ...clients.map((host) => [host.name, nodeOutput(host, "client")] as const),
    ]);
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
        },
      },
      { ...parent, dependsOn: heartbeat },
    );
    this.registerOutputs({ shares: this.shares, nodes: this.nodes });
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
