import * as pulumi from "@pulumi/pulumi";
import type { ClusterManager } from "./managers/manager";
import type { MasterPair } from "./masterPair";
import { DrbdOptions, withDefaults } from "./options";
import { type HostScript, nodeFile } from "./remote/hostScript";
import { compareTimer, compareUnit, guardUnit, leaveUnit } from "./render/units";

export interface GuardArgs extends Pick<DrbdOptions, "verify"> {
  pair: MasterPair;
  /** Name of the volume whose service it guards. */
  volume: string;
  manager: ClusterManager;
  /** What it reads and runs: volume, address, exports, fencing. */
  after: readonly pulumi.Resource[];
}

/**
 * The guard of the volume's service on both masters. The cluster manager says who should serve; the guard starts,
 * watches, repairs and stops the service, hands it to a fit peer, and keeps DRBD connected.
 */
export class Guard extends pulumi.ComponentResource {
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: GuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Guard", name, {}, opts);
    const { verify } = withDefaults(DrbdOptions, args);
    const vars = {
      VOLUME: args.volume,
      GUARD: nodeFile("safety/guard"),
      PARTS_PY: nodeFile("safety/parts.py"),
      UPKEEP_PY: nodeFile("safety/upkeep.py"),
      WISH: nodeFile("safety/wish"),
      WAIT_PEER: nodeFile("safety/wait-peer"),
      ALONE: nodeFile("safety/alone"),
      LEAVE: nodeFile("safety/leave"),
      GIVE: nodeFile("safety/give"),
      MANAGER_PY: args.manager.words,
      METRICS_PY: nodeFile("safety/metrics.py"),
      COMPARE: nodeFile("safety/compare-disks"),
      COMPARE_UNIT: compareUnit,
      COMPARE_TIMER: verify === "off" ? "" : compareTimer(verify),
      SPLIT: nodeFile("safety/split"),
      GUARD_UNIT: guardUnit(args.manager.unit),
      LEAVE_UNIT: leaveUnit(args.manager.unit),
    };
    this.scripts = args.pair.rollOut(name, "guard.sh", () => vars, {
      parent: this,
      dependsOn: [...args.after],
    });
    this.registerOutputs({});
  }
}
