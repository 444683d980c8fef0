import { closeSync, openSync, readFileSync, statfsSync } from "node:fs";
import { tryRun } from "../../support";

/** Where a guest's memory is: a file that nobody else sees, as large as what the guest has touched. */
const MEMORY = "/dev/shm";
/** What a stack of three takes at most, MiB. */
const STACK_MIB = 1700;

/** What keeps user-mode Linux from running here, with how to mend it. */
export async function obstacle(): Promise<string | undefined> {
  if (process.arch !== "x64") return `user-mode Linux wants an amd64 machine, this one is ${process.arch}`;
  if (process.getuid?.() !== 0) return "not root: user-mode Linux guests need it for their network";
  try {
    closeSync(openSync("/dev/net/tun", "r+"));
  } catch (error) {
    return `/dev/net/tun cannot be opened (${(error as Error).message}): modprobe tun`;
  }
  const { code, stderr } = await tryRun("unshare", ["--net", "true"]);
  if (code !== 0) return `no network namespaces here (${stderr.trim()})`;
  const mount = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .findLast(([, directory]) => directory === MEMORY);
  if (mount?.[2] !== "tmpfs") return `${MEMORY} is no tmpfs, and the guests' memory is there`;
  if (mount[3]?.split(",").includes("noexec"))
    return `${MEMORY} is mounted noexec, and the guests' memory is there: mount -o remount,exec ${MEMORY}`;
  return memoryObstacle(STACK_MIB);
}

/** Whether there is room for so much memory more, in MiB. */
export function memoryObstacle(wanted: number): string | undefined {
  const { bavail, bsize } = statfsSync(MEMORY);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  if (free >= wanted) return undefined;
  return `${MEMORY} has ${free} MiB free, ${wanted} MiB are needed for the guests' memory: mount -o remount,size=SIZE ${MEMORY}`;
}
