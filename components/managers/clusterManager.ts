import { Manager, Timing } from "../enums";
import { type HeartbeatOptions, type KeepalivedOptions, type PacemakerOptions, TIMES } from "../options";
import { heartbeat } from "./heartbeat";
import { keepalived } from "./keepalived";
import type { ClusterManager } from "./manager";
import { pacemaker } from "./pacemaker";

/** Who says which master serves, and how soon a silent one is taken for dead. */
export interface ManagerOptions {
  /** @default heartbeat */
  manager?: Manager;
  /** The profile of its times; an option of the manager's own goes before. @default fast */
  timing?: Timing;
  heartbeat?: HeartbeatOptions;
  keepalived?: KeepalivedOptions;
  pacemaker?: PacemakerOptions;
}

/** The cluster manager that the options ask for. */
export function clusterManager(options: ManagerOptions): ClusterManager {
  const times = TIMES[options.timing ?? Timing.Fast];
  switch (options.manager ?? Manager.Heartbeat) {
    case Manager.Heartbeat:
      return heartbeat({ ...times.heartbeat, ...options.heartbeat });
    case Manager.Keepalived:
      return keepalived({ ...times.keepalived, ...options.keepalived });
    case Manager.Pacemaker:
      return pacemaker({ ...times.pacemaker, ...options.pacemaker });
  }
}
