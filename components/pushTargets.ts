import * as pulumi from "@pulumi/pulumi";
import { type Host, type HostNamed, NicRole } from "./remote/host";
import { base } from "./remote/base";
import { Replica } from "./replica";
import type { Replication } from "./replication";

/** A directory on an application server that gets the files. */
export interface PushTarget {
  /** Name of the host. */
  name: string;
  /** Empty, or this target's from before; the shares are directories in it. */
  directory: string;
  /** Names of the shares that it gets. */
  shares: string[];
  /** KiB/s that replication to it may take; 0 is no limit. @default 0 */
  bandwidthKiB?: number;
}

export interface PushTargetsArgs {
  targets: readonly PushTarget[];
  hostNamed: HostNamed;
  replication: Replication;
  masters: readonly Host[];
  /** Lag above which a target's health check says no, seconds. */
  maxLagSeconds: number;
  /** TCP port of health check and metrics. */
  healthPort: number;
}

const PACKAGES = ["nodejs", "rsync", "python3-minimal", "socat"];

/** Application servers that read from a local directory, without NFS; the masters push into it. */
export class PushTargets extends pulumi.ComponentResource {
  constructor(name: string, args: PushTargetsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:PushTargets", name, {}, opts);
    const { targets, hostNamed, masters, ...rest } = args;
    for (const { directory, shares, bandwidthKiB = 0, ...target } of targets) {
      const host = hostNamed(target.name);
      const after = base(name, host, { packages: PACKAGES }, this);
      new Replica(
        `${name}-${host.name}`,
        {
          label: name,
          host,
          root: directory,
          role: NicRole.Service,
          masters: masters.map((master) => master.address(NicRole.Service)),
          after,
          shares,
          bandwidthKiB,
          ...rest,
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}
