import * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../remote/host";
import type { Platform } from "./platform";

export interface ExistingHostsArgs {
  /** The machines by name: bare metal or virtual, with Debian 13. */
  hosts: Record<string, HostArgs>;
}

/** Machines that exist. Nothing of them is made or unmade; `destroy` leaves their data disks as they are. */
export class ExistingHosts extends pulumi.ComponentResource implements Platform {
  public readonly hosts: Record<string, HostArgs>;

  constructor(name: string, args: ExistingHostsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:ExistingHosts", name, {}, opts);
    this.hosts = args.hosts;
    this.registerOutputs({});
  }
}
