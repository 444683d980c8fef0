import type * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "../masterPair";
import type { HostScript } from "../remote/hostScript";

export interface ManagerArgs {
  pair: MasterPair;
  /** Name of the volume whose service it moves. */
  volume: string;
  /** What must be in place on both masters before it starts the service: volume, address, exports, guard. */
  moves: readonly pulumi.Resource[];
}

/** Who says which of the two masters should serve. What that takes, and whether it may be, is the guard's. */
export interface ClusterManager {
  /** Its Debian packages. */
  readonly packages: readonly string[];
  /** Its systemd unit. */
  readonly unit: string;
  /** Milliseconds of silence after which it takes a master for dead. */
  readonly deadtimeMs: number;
  /** Text of manager.py, by which the guard, `status` and a planned move ask and tell it. */
  readonly words: string;
  /** Starts it on both masters. */
  start(
    name: string,
    args: ManagerArgs,
    opts: pulumi.ComponentResourceOptions,
  ): pulumi.Resource & { readonly scripts: readonly HostScript[] };
}
