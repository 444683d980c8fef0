import { Manager, Timing } from "../enums";
import { type HeartbeatOptions, type KeepalivedOptions, TIMES } from "../options";
import { heartbeat } from "./heartbeat";
import { keepalived } from "./keepalived";
import type { ClusterManager } from "./manager";

/** Who says which master serves, and how soon a silent one is taken for dead. */
export interface ManagerOptions {
  /** @default heartbeat */
  manager?: Manager;
  /** The profile of its times; an option of the manager's own goes before. @default fast */
  timing?: Timing;
  heartbeat?: HeartbeatOptions;
  keepalived?: KeepalivedOptions;
}

/** The cluster manager that the options ask for. */
export function clusterManager(options: ManagerOptions): ClusterManager {
  const times = TIMES[options.timing ?? Timing.Fast];
  switch (options.manager ?? Manager.Heartbeat) {
    case Manager.Heartbeat:
      return heartbeat({ ...times.heartbeat, ...options.heartbeat });
    case Manager.Keepalived:
      return keepalived({ ...times.keepalived, ...options.keepalived });
  }
}
