import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

/** The directory of all the stacks' labs: env HA_NFS_LAB_DIR, default `.lab` in the working folder. */
export function labDir(): string {
  return resolve(process.env.HA_NFS_LAB_DIR || ".lab");
}

export function stackDir(stack: string): string {
  return join(labDir(), stack);
}

export function nodeDir(stack: string, node: string): string {
  return join(stackDir(stack), node);
}

/** The program behind a node's fence device, in its directory. See fence.ts. */
export const fenceFile = "fence";

/** The disk that a node boots from. */
export function rootDisk(stack: string, node: string): string {
  return join(nodeDir(stack, node), "root.img");
}

/** The file of a stack that says what executes its guests. See machines/choice.ts. */
export function machineFile(stack: string): string {
  return join(stackDir(stack), "machine");
}

/**
 * The directory of SSH's control sockets. Not in the lab's own: a socket's path may have 107 bytes, and the name that
 * SSH makes takes 58 of them.
 */
export function controlDir(stack: string): string {
  return `/tmp/ha-nfs-${labHash("control", stack).slice(0, 12)}`;
}

/** Names of the stacks that have a lab here, in order. */
export function stacks(): string[] {
  return directories(labDir());
}

/** Names of the nodes of a stack that have a VM, running or not, in order. */
export function nodes(stack: string): string[] {
  return directories(stackDir(stack)).filter((node) => existsSync(join(nodeDir(stack, node), "spec.json")));
}

/** The hex digest of `parts` and of the lab's directory, so that two clones of the repository never agree. */
export function labHash(...parts: string[]): string {
  return createHash("sha256")
    .update(JSON.stringify([labDir(), ...parts]))
    .digest("hex");
}

/** Names of the directories in `parent`, hidden ones left out; none when there is no such directory. */
export function directories(parent: string): string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}
