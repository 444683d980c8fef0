import { readFileSync } from "node:fs";
import { join } from "node:path";
import { labHash, nodeDir } from "./paths";
import type { VmSpec } from "./spec";

/** How long a VM has from its start until SSH works, in seconds. */
export const startLimit = 240;

/** The management network of every guest, between it and this machine alone. Nothing is routed out of it. */
export const management = {
  /** The guest's own, of `eth0`. */
  guest: "10.0.2.15",
  mac: "52:54:00:12:34:56",
  /** This machine's. */
  operator: "10.0.2.2",
  /** The fence device's: a TCP connection is one question and one answer, see fence.sh. */
  fence: { address: "10.0.2.100", port: 7623 },
  prefix: 24,
} as const;

/** The start of a name on the command line of a guest's processes. No other process of this machine has it. */
export function vmName(stack: string, node: string): string {
  return `${node}.${labHash("vm", stack, node).slice(0, 12)}.`;
}

/** What every guest's kernel is told. One that panics starts again after 5 s. */
export function kernelArguments({ stack, name }: VmSpec, root: string): string[] {
  return [
    `root=${root}`,
    "rw net.ifnames=0 console=ttyS0 quiet mitigations=off audit=0 panic=5",
    // Many that start at once need longer than systemd's 90 s.
    `systemd.default_device_timeout_sec=${startLimit}`,
    `systemd.hostname=${name}`,
    `systemd.machine_id=${labHash("machine", stack, name).slice(0, 32)}`,
  ].flatMap((words) => words.split(" "));
}

/**
 * A process of a node by its pid file. The file alone is never believed: the process must be one of `program`, its first
 * or second word, and have the node's own name on its command line, so a stale file after a reboot is no danger to
 * whatever has that number now.
 */
export function findProcess(
  stack: string,
  node: string,
  pidFile: string,
  program: RegExp,
): { pid: number; command: string[] } | undefined {
  const pid = Number(readIfThere(join(nodeDir(stack, node), pidFile)));
  if (!Number.isInteger(pid) || pid < 2) return undefined;
  const command = readIfThere(`/proc/${pid}/cmdline`).split("\0");
  const ours =
    command.slice(0, 2).some((word) => program.test(word)) &&
    command.some((word) => word.replace(/^umid=/, "").startsWith(vmName(stack, node)));
  return ours ? { pid, command } : undefined;
}

/** Whether a process is stopped, and its resident memory in MiB. */
export function processState(pid: number): { paused: boolean; rssMiB: number } {
  const status = readIfThere(`/proc/${pid}/status`);
  return {
    paused: /^State:\s+[Tt]/m.test(status),
    rssMiB: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024),
  };
}

/** The text of a file; empty when it is not there (a process may end at any moment). */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
