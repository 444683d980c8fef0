import * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "./masterPair";
import { NfsOptions, withDefaults } from "./options";
import { type HostScript, nodeFile } from "./remote/hostScript";
import { volumeConf } from "./render/agent";
import type { Share } from "./render/nfs";
import { exportsFile, nfsConf } from "./render/nfs";
import { mountdUnit } from "./render/units";

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
      NFS_CONF: nfsConf(withDefaults(NfsOptions, args)),
      VOLUME_CONF: volumeConf({ volume, minor, mount, shares: shares.map((share) => share.name) }),
      MOUNTD_UNIT: mountdUnit,
      SERVICE: nodeFile("service"),
      CONNECTIONS: nodeFile("connections"),
    };
    this.scripts = pair.rollOut(name, "nfs.sh", () => vars, { parent: this, dependsOn: [...pair.prepared] });
    this.registerOutputs({});
  }
}
