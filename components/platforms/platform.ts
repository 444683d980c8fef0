import type * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../remote/host";

/** Where the hosts of a cluster come from: one kind of machines, made or found. */
export interface Platform {
  /** The machines by name, as {@link NfsClusterArgs.hosts} takes them. */
  readonly hosts: Record<string, HostArgs>;
}

/** What the masters run to speak to the platform that made them. */
export interface PlatformAgent {
  /** File under `components/scripts` that installs it on a master. */
  script: string;
  /** The script's variables, by the master's name. */
  vars: Record<string, Record<string, pulumi.Input<string>>>;
  /** The program by which the network leads the address to the master that runs it: see {@link VirtualIpArgs.mover}. */
  mover: string;
}
