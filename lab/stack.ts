import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../toolchain/cache";
import { controlDir, directories, labDir, labHash, nodeDir, stackDir } from "./paths";
import { withLock } from "./support";

/** Held for what all nodes of a stack share, and only for as long as that takes to write. */
export function stackLock(stack: string): string {
  return join(locks(stack), ".stack");
}

/** Held while a node's VM is made, started or stopped. */
export function nodeLock(stack: string, node: string): string {
  return join(locks(stack), node);
}

/** A lock file outlives what it locks, so it lies in the cache. */
function locks(stack: string): string {
  return join(cacheDir(), "locks", labHash("locks", stack));
}

/** Deletes the node's directory if nothing is left in it, and with the last node all that the stack has here. */
export function dropEmpty(stack: string, node: string): Promise<void> {
  return withLock(stackLock(stack), () => {
    const directory = nodeDir(stack, node);
    if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
    if (directories(stackDir(stack)).length > 0) return;
    rmSync(stackDir(stack), { recursive: true, force: true });
    rmSync(controlDir(stack), { recursive: true, force: true });
    if (existsSync(labDir()) && readdirSync(labDir()).length === 0) rmdirSync(labDir());
  });
}
