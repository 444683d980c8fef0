import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
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

/**
 * Held, one of them, while a VM boots, whatever its stack: as many as there are processors. More at once are ready no
 * sooner, and then some of them not within their limit: seven on two processors, each of which takes 40 s of one.
 */
export function bootLocks(): string[] {
  return Array.from({ length: availableParallelism() }, (_, i) => join(cacheDir(), "locks", `boot-${i}`));
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
