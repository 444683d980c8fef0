import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../toolchain/quote";
import { vmName } from "./guest";
import { fenceFile, labDir, nodeDir, stackDir } from "./paths";
import type { VmSpec } from "./spec";
import { writeWhole } from "./support";

/**
 * Writes the program that stands behind a guest's fence device: fence.sh with the peers that the spec allows. A guest
 * that may fence nobody has none.
 */
export function writeFence({ stack, name, fences = [] }: VmSpec): void {
  const file = join(nodeDir(stack, name), fenceFile);
  if (fences.length === 0) return rmSync(file, { force: true });
  const named = [name, ...fences].map((node) => `${node}=${vmName(stack, node)}`);
  const command = [join(__dirname, "fence.sh"), stack, stackDir(stack), ...named].map(quote).join(" ");
  writeWhole(file, `#!/bin/sh\nexport HA_NFS_LAB_DIR=${quote(labDir())}\nexec ${command}\n`);
  chmodSync(file, 0o700);
}
