import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeDir } from "./paths";
import { qemuName } from "./qemu";

/** The QEMU process of a node. */
export interface RunningVm {
  pid: number;
  /** Stopped by `pause`. */
  paused: boolean;
  /** `specHash` of the spec it was started with. */
  spec: string;
  /** The port it was started with. */
  sshPort: number;
  /** Resident memory in MiB. */
  rssMiB: number;
}

/**
 * The VM of a node, if it runs. The pid file alone is never believed: the process must be a QEMU of this very node,
 * so a stale file after a reboot is no danger to whatever has that number now.
 */
export function runningVm(stack: string, node: string): RunningVm | undefined {
  const pid = Number(read(join(nodeDir(stack, node), "qemu.pid")));
  if (!Number.isInteger(pid) || pid < 2) return undefined;
  const command = read(`/proc/${pid}/cmdline`).split("\0");
  const name = command[command.indexOf("-name") + 1] ?? "";
  const ours = /(^|\/)qemu-system-[^/]+$/.test(command[0] ?? "") && name.startsWith(qemuName(stack, node));
  if (!ours) return undefined;
  const status = read(`/proc/${pid}/status`);
  return {
    pid,
    paused: /^State:\s+[Tt]/m.test(status),
    spec: name.slice(qemuName(stack, node).length),
    sshPort: Number(/hostfwd=tcp:127\.0\.0\.1:(\d+)-/.exec(command.join(" "))?.[1]),
    rssMiB: Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024),
  };
}

/** The text of a file; empty when it is not there (a process may end at any moment). */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
