import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { replicatorFiles } from "../replicator/files";
import type { MasterPair } from "./masterPair";
import { baseVars } from "./remote/base";
import { type Host, NicRole } from "./remote/host";
import type { HostScript } from "./remote/hostScript";
import { daemonConf, feedConf, replicatorUnit, sshConfig, sshHost } from "./render/replication";
import { type SshKey, sshKey } from "./render/sshKey";

/** What a user tunes of the replication. */
export interface ReplicationOptions {
  /** How long changes are gathered before they are sent, milliseconds. @default 200 */
  coalesceMs?: number;
  /** Lag above which a slave is not read from, seconds. @default 5 */
  maxLagSeconds?: number;
  /** What the masters keep for slaves that are away, MiB; one that is further behind is compared in full. @default 256 */
  journalLimitMiB?: number;
  /** TCP port of metrics and status on the active master. @default 9478 */
  metricsPort?: number;
  /** TCP port of health check and metrics on each slave. @default 9479 */
  healthPort?: number;
}

export interface ReplicationArgs extends ReplicationOptions {
  pair: MasterPair;
  /** Where the active master mounts the volume. */
  mount: string;
  /** Names of the shares. */
  shares: readonly string[];
}

/** One host that gets copies. */
export interface FeedArgs {
  host: Host;
  /** The interface by which the masters reach it. */
  role: NicRole;
  /** Names of the shares that it gets. */
  shares: readonly string[];
  /** KiB/s that replication to it may take; 0 is no limit. */
  bandwidthKiB: number;
  /** What receives on it; the masters learn of the host after that. */
  receiver: pulumi.Resource;
}

const PACKAGES = ["nodejs", "openssh-client", "rsync"];

/**
 * The daemon that sends what changes on the volume to the replicas. It is on both masters, and runs where the volume
 * is mounted; what it has still to send lies on the volume, so a new active master goes on where the old one stopped.
 */
export class Replication extends pulumi.ComponentResource {
  /** What a replica lets in: one line of authorized_keys. */
  public readonly publicKey: pulumi.Output<string>;
  private readonly pair: MasterPair;
  private readonly label: string;
  private readonly daemons: readonly HostScript[];

  constructor(name: string, args: ReplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Replication", name, {}, opts);
    const { pair, mount } = args;
    this.pair = pair;
    this.label = name;
    const key = this.key(`${name}-key`);
    this.publicKey = pulumi.unsecret(key.publicKey);
    const packages = pair.rollOut(
      `${name}-base`,
      "base.sh",
      (host) => baseVars(host, { packages: PACKAGES }),
      { parent: this, dependsOn: [...pair.prepared] },
    );
    const keys = pair.rollOut(`${name}-key`, "replication-key.sh", () => ({ PRIVATE_KEY: key.privateKey }), {
      parent: this,
      dependsOn: packages,
    });
    const { program, watch, xattrs } = replicatorFiles();
    this.daemons = pair.rollOut(
      name,
      "replicator.sh",
      (host) => ({
        MOUNT: mount,
        CONFIG: pulumi
          .output({
            mount,
            shares: args.shares,
            coalesceMs: args.coalesceMs ?? 200,
            maxLagSeconds: args.maxLagSeconds ?? 5,
            journalLimitMiB: args.journalLimitMiB ?? 256,
            metricsAddress: host.address(NicRole.Service),
            metricsPort: args.metricsPort ?? 9478,
          })
          .apply(daemonConf),
        SSH_CONFIG: sshConfig,
        UNIT: replicatorUnit(mount),
        WATCH: watch,
        XATTRS: xattrs,
        PROGRAM: program,
      }),
      { parent: this, dependsOn: keys },
    );
    this.registerOutputs({});
  }

  /** Makes the masters send to a host. */
  public feed({ host, role, shares, bandwidthKiB, receiver }: FeedArgs): HostScript[] {
    const { hostKey } = host;
    const vars = {
      NAME: host.name,
      CONFIG: feedConf({ shares, bandwidthKiB }),
      SSH_HOST: pulumi
        .all([host.address(role), hostKey])
        .apply(([address, key]) => sshHost(host.name, address, host.sshdPort, key)),
      HOST_KEY: hostKey,
    };
    return this.pair.rollOut(`${this.label}-to-${host.name}`, "feed.sh", () => vars, {
      parent: this,
      dependsOn: [...this.daemons, receiver],
    });
  }

  /** The masters' key, made from a secret of 256 bits (43 characters of 62 have 256.03). */
  private key(name: string): pulumi.Output<SshKey> {
    const secret = new random.RandomPassword(
      `${name}-secret`,
      { length: 43, special: false, keepers: { generation: this.pair.secretsGeneration } },
      { parent: this },
    );
    return pulumi.secret(secret.result).apply((text) => sshKey(text, "ha-nfs replication"));
  }
}
