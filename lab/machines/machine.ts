import type { Duplex } from "node:stream";
import type { VmSpec } from "../spec";
import type { Task } from "../support";

/** What executes the guests of a stack: all of them the same, since each type has networks of its own. */
export enum MachineType {
  /** User-mode Linux: a kernel that is a process. Near native speed. */
  Uml = "uml",
  /** QEMU, with KVM where that works: Debian's own kernel. */
  Qemu = "qemu",
}

/** The type of that name. */
export function asMachineType(name: unknown): MachineType | undefined {
  return Object.values<unknown>(MachineType).includes(name) ? (name as MachineType) : undefined;
}

/** How a stack's configuration asks for a type. */
export function configured(type: MachineType): string {
  return `ha-nfs:lab: { machine: ${type} }`;
}

/** What to do where a type does not work here. */
export function otherWay(type: MachineType): string {
  const other = type === MachineType.Uml ? MachineType.Qemu : MachineType.Uml;
  return `or take the other type of machine: ${configured(other)} in the stack's configuration`;
}

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
