import type { HostArgs } from "../remote/host";

/** Where the hosts of a cluster come from: one kind of machines, made or found. */
export interface Platform {
  /** The machines by name, as {@link NfsClusterArgs.hosts} takes them. */
  readonly hosts: Record<string, HostArgs>;
}
