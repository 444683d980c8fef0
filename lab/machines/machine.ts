import type { Duplex } from "node:stream";
import type { VmSpec } from "../spec";
import type { Task } from "../support";
import type { MachineType } from "./type";

/** A guest that runs, or is about to start anew after a reboot. */
export interface RunningVm {
  /** The process that is the guest as long as its power is on. */
  pid: number;
  /** Stopped by `pause`. */
  paused: boolean;
  /** `specHash` of the spec it was started with. */
  spec: string;
  /** The port on 127.0.0.1 it was started with. */
  sshPort: number;
  /** Resident memory in MiB. */
  rssMiB: number;
}

/** One way to run guests. The rest of the lab knows no more of it than this. */
export interface Machine {
  readonly type: MachineType;
  /** What keeps it from running here, and how to mend that; undefined when nothing does. */
  obstacle: () => Promise<string | undefined>;
  /** The programs of the system that it needs. */
  readonly tools: Task;
  /**
   * Starts the guest of a spec whose disks are there, and returns once its process runs.
   * @throws PortTaken when something else listens on its SSH port
   */
  start(spec: VmSpec): Promise<void>;
  /** The guest, if its power is on. */
  running(stack: string, node: string): RunningVm | undefined;
  /** Asks the guest to power off, as its power button does. */
  powerDown(stack: string, node: string): Promise<void>;
  /** The processes that `pause` stops, in this order. */
  frozen(stack: string, node: string): number[];
  /** Pulls the cable of a NIC, or plugs it in again. */
  setLink(stack: string, node: string, role: string, up: boolean): Promise<void>;
  /** The serial console: reads what the guest says from now on, takes what is typed. */
  console(stack: string, node: string): Promise<Duplex>;
  /** Removes what a guest, or with its last guest the stack, has on this machine outside its directory. */
  forget(stack: string, node: string, last: boolean): Promise<void>;
}

/** Something else listens on the SSH port of a node. */
export class PortTaken extends Error {}
