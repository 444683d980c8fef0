import type * as pulumi from "@pulumi/pulumi";
import { Manager } from "../enums";
import type { MasterPair } from "../masterPair";
import type { Host } from "../remote/host";
import type { HostScript } from "../remote/hostScript";

export interface ManagerArgs {
  pair: MasterPair;
  /** Name of the volume whose service it moves. */
  volume: string;
  /** What must be in place on both masters before it starts the service: volume, address, exports, guard. */
  moves: readonly pulumi.Resource[];
  /** Whether the masters have a fence device. */
  fences: boolean;
  /** The host that is their witness. @default none */
  witness?: Host | undefined;
}

/** The systemd units of each, with spaces between, in the order in which they end. */
export const UNITS: Readonly<Record<Manager, string>> = {
  [Manager.Heartbeat]: "heartbeat.service",
  [Manager.Keepalived]: "ha-nfs-keepalived.service",
  [Manager.Pacemaker]: "pacemaker.service corosync.service",
};

/** Those that go from a node where `manager` comes, with spaces between. */
export const unitsBeside = (manager: Manager): string =>
  Object.values(UNITS)
    .filter((unit) => unit !== UNITS[manager])
    .join(" ");

/** Who says which of the two masters should serve. What that takes, and whether it may be, is the guard's. */
export interface ClusterManager {
  /** Its Debian packages. */
  readonly packages: readonly string[];
  /** Those of Debian's units that must not run beside its own. */
  readonly masked: readonly string[];
  /** Its systemd units, with spaces between. */
  readonly unit: string;
  /** Text of manager.py, by which the guard, `status` and a planned move ask and tell it. */
  readonly words: string;
  /** Starts it on both masters. */
  start(
    name: string,
    args: ManagerArgs,
    opts: pulumi.ComponentResourceOptions,
  ): pulumi.Resource & { readonly scripts: readonly HostScript[] };
}
