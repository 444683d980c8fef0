import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { SECRETS_GENERATION } from "./options";
import type { PlatformAgent } from "./platforms/platform";
import { baseVars } from "./remote/base";
import type { Host } from "./remote/host";
import { HostScript, nodeFile } from "./remote/hostScript";
import { authkeys } from "./render/heartbeat";
import { corosyncKey } from "./render/pacemaker";

export interface MasterPairArgs {
  /** The two hosts that hold the data. The first is the one that serves when both are there at the start. */
  masters: readonly [Host, Host];
  /** Name of the master that serves now: what changes comes to it last. @default the first */
  active?: string | undefined;
  /** Debian packages of the cluster manager, and those of their units that must not start by themselves. */
  manager: { readonly packages: readonly string[]; readonly masked: readonly string[] };
  /** Raise it by one to replace the secrets of the cluster manager, DRBD and the doors. */
  secretsGeneration?: number | undefined;
  /** By the name of a master: what the other one's fence device needs to switch it off. A secret. @default none */
  fenceOptions?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  /** @default none, the platform has nothing to be told */
  agent?: PlatformAgent | undefined;
}

/** What one master runs, given itself and its peer. */
export type MasterVars = (host: Host, peer: Host) => Readonly<Record<string, pulumi.Input<string>>>;

const PACKAGES = [
  "drbd-utils",
  "python3-minimal",
  "nfs-kernel-server",
  "rpcbind",
  "resource-agents",
  "gdisk",
  "e2fsprogs",
  "psmisc",
  "iproute2",
];

/** nfs-server & co. would export on the standby as well; drbd.service waits for a console; rpcbind serves NFSv3 only. */
const MASKED = [
  "nfs-server.service",
  "nfs-mountd.service",
  "nfsdcld.service",
  "drbd.service",
  "rpcbind.socket",
  "rpcbind.service",
];

/** Two masters with all that the cluster's parts stand on: names, packages, secrets. */
export class MasterPair extends pulumi.ComponentResource {
  public readonly preferred: Host;
  public readonly second: Host;
  /** Both in the order in which a change comes to them: the standby first. */
  private readonly order: readonly [Host, Host];
  /** Ready once both masters have their packages, their secrets, and what speaks to the platform. */
  public readonly prepared: readonly HostScript[];
  /** The keys by which the witness knows the masters, one a line; the first signs. A secret. */
  public readonly witnessKeys: pulumi.Output<string>;
  /** Changes with the secrets, and is none: a script that has it in its variables runs again after a rotation. */
  public readonly secretsGeneration: string;

  constructor(name: string, args: MasterPairArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:MasterPair", name, {}, opts);
    [this.preferred, this.second] = args.masters;
    this.order =
      args.active === this.second.name ? [this.preferred, this.second] : [this.second, this.preferred];
    const generation = args.secretsGeneration ?? SECRETS_GENERATION;
    this.secretsGeneration = String(generation);
    const keys = (what: string) => keysOf(generation).map((g) => this.key(`${name}-${what}-secret`, g));
    const lines = (secrets: pulumi.Output<string>[]) =>
      pulumi.all(secrets).apply((all) => `${all.join("\n")}\n`);
    const drbdSecret = this.secret(`${name}-drbd-secret`, this.secretsGeneration);
    const managerKeys = pulumi.all(keys("heartbeat"));
    const fenceKeys = lines(keys("fence"));
    this.witnessKeys = lines(keys("witness"));
    const base = this.rollOut(`${name}-base`, "base.sh", (host) =>
      baseVars(host, {
        packages: [...args.manager.packages, ...PACKAGES],
        masked: [...MASKED, ...args.manager.masked],
        report: nodeFile("report"),
      }),
    );
    const secrets = this.rollOut(
      `${name}-secrets`,
      "secrets.sh",
      (_host, peer) => ({
        HEARTBEAT_KEYS: managerKeys.apply((all) => authkeys(generation, all)),
        COROSYNC_KEY: managerKeys.apply(([newest = ""]) => corosyncKey(newest)),
        DRBD_SECRET: drbdSecret,
        FENCE_KEYS: fenceKeys,
        WITNESS_KEYS: this.witnessKeys,
        FENCE_OPTIONS: pulumi.secret(args.fenceOptions?.[peer.name] ?? ""),
      }),
      { parent: this, dependsOn: base },
    );
    const { agent } = args;
    const agents = agent
      ? this.rollOut(`${name}-agent`, agent.script, (host) => agent.vars[host.name] ?? {}, {
          parent: this,
          dependsOn: secrets,
        })
      : [];
    this.prepared = [...secrets, ...agents];
    this.registerOutputs({});
  }

  /**
   * Runs a script on both masters, one after the other, the active one last: a change that breaks a node breaks the
   * standby. Each script checks its own node before it ends, so a failure stops the roll-out there.
   */
  public rollOut(
    name: string,
    script: string,
    vars: MasterVars,
    opts: pulumi.CustomResourceOptions = { parent: this },
  ): HostScript[] {
    return this.inOrder(this.order, name, script, vars, opts);
  }

  /**
   * Asks both masters, one after the other, in an order of its own: what is left out of an `up` without a dead master must not
   * depend on what comes after it then.
   */
  public check(
    name: string,
    script: string,
    vars: MasterVars,
    opts: pulumi.CustomResourceOptions,
  ): HostScript[] {
    return this.inOrder([this.second, this.preferred], name, script, vars, opts);
  }

  private inOrder(
    [one, other]: readonly [Host, Host],
    name: string,
    script: string,
    vars: MasterVars,
    opts: pulumi.CustomResourceOptions,
  ): HostScript[] {
    const on = (host: Host, peer: Host, options: pulumi.CustomResourceOptions) =>
      new HostScript(`${name}-${host.name}`, { host, script, vars: vars(host, peer) }, options);
    const first = on(one, other, opts);
    const last = on(other, one, pulumi.mergeOptions(opts, { dependsOn: first }));
    // in an order of their own: who serves changes no digest of them
    return one === this.second ? [first, last] : [last, first];
  }

  /**
   * The key of one generation, whatever its keepers in the state. Where heartbeat had one key, that had number 1 on the
   * nodes: in the first generation it stays. In another it goes, and both change to the new one in one moment, as at every
   * rotation: by then both have the new keys, and doors (manager.py, rekey). Of fence keys there was none to jump from.
   */
  private key(name: string, generation: number): pulumi.Output<string> {
    return this.secret(`${name}-${generation}`, undefined, {
      ignoreChanges: ["keepers"],
      aliases: generation === 1 ? [{ name }] : [],
    });
  }

  /**
   * 40 characters of a–z, A–Z, 0–9: DRBD takes at most 64 (drbd.conf(5)), heartbeat's authkeys no white space.
   * @param keeper makes another one when it changes.
   */
  private secret(name: string, keeper?: string, opts?: pulumi.CustomResourceOptions): pulumi.Output<string> {
    const keepers: Record<string, string> = keeper === undefined ? {} : { generation: keeper };
    const password = new random.RandomPassword(
      name,
      { length: 40, special: false, keepers },
      { parent: this, ...opts },
    );
    return pulumi.secret(password.result);
  }
}

/**
 * The generations whose keys a node accepts, the one that signs first. The next one's is among them, so a node that is
 * one generation ahead is understood, and a rotation takes no two nodes apart. An old key is worth nothing after two.
 */
function keysOf(generation: number): number[] {
  return [generation, generation + 1, generation - 1].filter((g) => g > 0);
}
