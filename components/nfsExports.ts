import * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "./masterPair";
import { type HostScript, nodeFile } from "./remote/hostScript";
import { volumeConf } from "./render/agent";
import type { Share } from "./render/nfs";
import { exportsFile, nfsConf } from "./render/nfs";
import { mountdUnit } from "./render/units";

/** What a user tunes of the NFS service. */
export interface NfsOptions {
  /** Kernel threads of nfsd. @default 8 */
  threads?: number;
  /** NFSv4 lease, seconds, 10 to 3600. @default 10 */
  leaseSeconds?: number;
  /** Grace period after a failover, seconds, not below the lease; it ends as soon as all clients are back. @default 10 */
  graceSeconds?: number;
}

export interface NfsExportsArgs extends NfsOptions {
  pair: MasterPair;
  /** Name of the DRBD volume. */
  volume: string;
  /** N of its `/dev/drbdN`. */
  minor: number;
  /** Where the active master mounts it; the shares are directories in it. */
  mount: string;
  shares: readonly Share[];
}

/**
 * The exports and what starts and stops the service. A changed export takes effect in place; threads, lease
 * and grace, which nfsd takes only while it is down, at the next switchover.
 */
export class NfsExports extends pulumi.ComponentResource {
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: NfsExportsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:NfsExports", name, {}, opts);
    const { pair, volume, minor, mount, shares } = args;
    const vars = {
      VOLUME: volume,
      MOUNT: mount,
      EXPORTS: exportsFile(volume, mount, shares),
      NFS_CONF: nfsConf({
        threads: args.threads ?? 8,
        leaseSeconds: args.leaseSeconds ?? 10,
        graceSeconds: args.graceSeconds ?? 10,
      }),
      VOLUME_CONF: volumeConf({ volume, minor, mount, shares: shares.map((share) => share.name) }),
      MOUNTD_UNIT: mountdUnit,
      SERVICE: nodeFile("service"),
      CONNECTIONS: nodeFile("connections"),
    };
    this.scripts = pair.rollOut(name, "nfs.sh", () => vars, { parent: this, dependsOn: [...pair.prepared] });
    this.registerOutputs({});
  }
}
