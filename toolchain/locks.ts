import { existsSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { notice } from "./process";
import { backendFolder, files, projectName } from "./state";

/** What the CLI writes into a lock, `.pulumi/locks/organization/PROJECT/STACK/ID.json`. */
interface Lock {
  pid: number;
  hostname: string;
  username?: string;
  timestamp?: string;
}

/**
 * Removes the stack's locks whose CLI died on this machine, for instance by kill -9 or a power cut.
 * @returns what a run that may still live says of itself; undefined if there is none.
 */
export function clearLocks(stack: string): string | undefined {
  const backend = backendFolder();
  if (backend === undefined) return undefined;
  let living: string | undefined;
  for (const file of files(path.join(backend, ".pulumi", "locks"))) {
    if (!file.endsWith(path.join(projectName(), stack, path.basename(file)))) continue;
    const lock = file.endsWith(".json") ? readLock(file) : undefined;
    if (!lock) continue;
    if (lock.hostname !== hostname() || isRunning(lock.pid)) {
      living = describe(stack, lock);
      continue;
    }
    rmSync(file, { force: true });
    rmSync(`${file}.attrs`, { force: true });
    notice(`removed the lock of a run that was killed (pid ${lock.pid})`);
  }
  return living;
}

function describe(stack: string, { pid, username = "somebody", hostname: host, timestamp }: Lock): string {
  const since = timestamp ? ` since ${timestamp}` : "";
  if (host === hostname()) {
    return `another run is at work on the stack ${stack} (pid ${pid}, ${username}${since}): wait for its end`;
  }
  return (
    `the stack ${stack} is locked by a run on ${host} (pid ${pid}, ${username}${since}): wait for its end; if it is ` +
    `dead, run npm run pulumi -- cancel --yes --stack ${stack}, then this again`
  );
}

/** A lock cut short by a crash counts as one of a process that is gone. */
function readLock(file: string): Lock {
  const text = readFileSync(file, "utf8");
  return text.endsWith("}") ? (JSON.parse(text) as Lock) : { pid: NaN, hostname: hostname() };
}

/** Whether the process is a running Pulumi CLI, no zombie; where there is no /proc, whether it runs. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = path.join("/proc", String(pid), "status");
  if (!existsSync(status)) return true;
  const text = readFileSync(status, "utf8");
  return /^Name:\s*pulumi/m.test(text) && !/^State:\s*[ZX]/m.test(text);
}
