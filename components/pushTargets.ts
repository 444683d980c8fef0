import * as pulumi from "@pulumi/pulumi";
import { FeedOptions, type HealthOptions, withDefaults } from "./options";
import { type Host, type HostNamed, NicRole } from "./remote/host";
import { base } from "./remote/base";
import { Replica } from "./replica";
import type { Replication } from "./replication";

/** A directory on an application server that gets the files. */
export interface PushTarget extends FeedOptions {
  /** Name of the host. */
  name: string;
  /** Empty, or this target's from before; the shares are directories in it. */
  directory: string;
  /** Names of the shares that it gets. */
  shares: string[];
}

export interface PushTargetsArgs extends Required<HealthOptions> {
  targets: readonly PushTarget[];
  hostNamed: HostNamed;
  replication: Replication;
  masters: readonly Host[];
}

const PACKAGES = ["nodejs", "rsync", "python3-minimal", "socat"];

/** Application servers that read from a local directory, without NFS; the masters push into it. */
export class PushTargets extends pulumi.ComponentResource {
  constructor(name: string, args: PushTargetsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:PushTargets", name, {}, opts);
    const { targets, hostNamed, masters, ...rest } = args;
    for (const { name: target, directory, shares, ...feed } of targets) {
      const host = hostNamed(target);
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
          ...withDefaults(FeedOptions, feed),
          ...rest,
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}
