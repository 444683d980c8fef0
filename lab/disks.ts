import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { hostKeyFile, readIdentity } from "./identity";
import { ensureImage } from "./image";
import { nodeDir, rootDisk } from "./paths";
import { seedFiles, tar } from "./seed";
import type { VmSpec } from "./spec";
import { run, writeWhole } from "./support";

/**
 * Makes what the VM of `spec` boots from and is still missing. A root or data disk that exists is never remade, and
 * serves every type of machine.
 */
export async function makeDisks(spec: VmSpec): Promise<void> {
  const directory = nodeDir(spec.stack, spec.name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(rootDisk(spec.stack, spec.name))) await makeRoot(directory, spec.image);
  if (spec.dataDiskMiB > 0) growData(join(directory, "data.img"), spec.dataDiskMiB);
  writeSeed(spec);
}

/** Copies the image. Its kernels stay with the root disk, whose modules they match; the disk comes last. */
async function makeRoot(directory: string, hash?: string): Promise<void> {
  const image = await ensureImage(hash);
  const kernels = readdirSync(image).filter((file) => file !== "root.img");
  for (const file of [...kernels, "root.img"]) {
    const partial = join(directory, `${file}.partial`);
    await run("cp", ["--reflink=auto", "--sparse=always", join(image, file), partial]);
    renameSync(partial, join(directory, file));
  }
}

function growData(file: string, sizeMiB: number): void {
  if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600 });
  if (statSync(file).size < sizeMiB * 2 ** 20) truncateSync(file, sizeMiB * 2 ** 20);
}

function writeSeed(spec: VmSpec): void {
  const { publicKey } = readIdentity(spec.stack, spec.name);
  const hostPrivateKey = readFileSync(hostKeyFile(spec.stack, spec.name), "utf8");
  writeWhole(
    join(nodeDir(spec.stack, spec.name), "seed.tar"),
    tar(seedFiles(spec, { hostPrivateKey, publicKey })),
  );
}
