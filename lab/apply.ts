import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { notice } from "../toolchain/process";
import { writeFence } from "./fence";
import { hostKeyFile, readIdentity } from "./identity";
import { nodeDir } from "./paths";
import { forgetNode, running } from "./machines/choice";
import { specHash, writeSpec, type NodeName, type VmSpec } from "./spec";
import { endSshMaster, writeSshConfig } from "./sshConfig";
import { dropEmpty, nodeLock, stackLock } from "./stack";
import { withLock } from "./support";
import { killNode, powerOn } from "./vm";

/** Where a VM is reached: `sshPort` on 127.0.0.1. */
export interface AppliedVm {
  node: string;
  sshPort: number;
}

/**
 * Makes the VM of `spec`, starts it and waits for SSH. One that runs goes on running: whatever of a new spec needs a
 * start waits for the next one. A UserError, with the end of the console, when there is no SSH within 240 s; one that
 * it has started is stopped then.
 */
export function applyVm(spec: VmSpec): Promise<AppliedVm> {
  const { stack, name } = spec;
  readIdentity(stack, name);
  return withLock(nodeLock(stack, name), async () => {
    writeSpec(spec);
    const before = running(stack, name);
    if (before) writeFence(spec); // a master that is replaced: power over the new one needs no start
    if (before && before.spec !== specHash(spec)) {
      notice(
        `${name}: runs on; its new spec takes effect at: npm run lab -- --stack ${stack} restart ${name}`,
      );
    }
    await powerOn(spec);
    return { node: name, sshPort: running(stack, name)?.sshPort ?? spec.sshPort };
  });
}

/**
 * Stops a VM at once and deletes its disks. Its host key stays pinned for a VM that replaces it, until `identity remove`;
 * the stack's last node takes all that the stack has here with it.
 */
export async function removeVm({ stack, node }: NodeName): Promise<void> {
  await withLock(nodeLock(stack, node), async () => {
    const directory = nodeDir(stack, node);
    if (!existsSync(directory)) return;
    await endSshMaster(stack, node);
    if (running(stack, node)) await killNode(stack, node);
    const hostKey = basename(hostKeyFile(stack, node));
    // Who writes the stack's ssh_config reads every node's spec.
    await withLock(stackLock(stack), async () => {
      await forgetNode(stack, node);
      for (const file of readdirSync(directory)) {
        if (!file.startsWith(hostKey)) rmSync(join(directory, file), { recursive: true });
      }
      writeSshConfig(stack);
    });
    await dropEmpty(stack, node);
  });
}
