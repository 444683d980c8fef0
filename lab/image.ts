import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cacheDir } from "../toolchain/cache";
import { UserError, notice } from "../toolchain/process";
import { requireTools, run, withLock } from "./support";

/** All that goes into the image: build.sh, the list of packages, the files laid over Debian's. */
const sources = join(__dirname, "image");

const partialPrefix = "building-";

/** The hash of what the image is made from, and its name in the cache. */
export function imageHash(): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()) {
    hash
      .update(`${file.slice(sources.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * The directory with root.img, kernel and initrd, built first where it is missing (2 minutes, about 120 MB of packages,
 * root). Builds wait for each other; one that is interrupted leaves nothing that counts.
 * @param hash the image wanted; only that of the present sources can be built
 */
export async function ensureImage(hash = imageHash()): Promise<string> {
  const image = join(cacheDir(), `image-${hash}`);
  return withLock(join(cacheDir(), "image.lock"), async () => {
    if (existsSync(image)) return image;
    if (hash !== imageHash())
      throw new UserError(`image ${hash} is not in the cache and its sources have changed`);
    await build(image);
    return image;
  });
}

async function build(image: string): Promise<void> {
  requireTools("image");
  if (process.getuid?.() !== 0) {
    throw new UserError(
      "not root: mmdebstrap needs it to give the image's files their owners; run this as root once",
    );
  }
  await clearPartial();
  try {
    const partial = mkdtempSync(join(cacheDir(), partialPrefix));
    await runBuild(partial);
    renameSync(partial, image);
  } finally {
    await clearPartial();
  }
}

/** Deletes what unfinished builds left. Nothing can be mounted in it, and what is all the same is left alone. */
async function clearPartial(): Promise<void> {
  const left = readdirSync(cacheDir()).filter((name) => name.startsWith(partialPrefix));
  for (const name of left) await run("rm", ["-rf", "--one-file-system", join(cacheDir(), name)]);
}

/** Runs build.sh and shows each stage it names (a line that begins with `I: `) with the seconds since the start. */
async function runBuild(directory: string): Promise<void> {
  const begin = Date.now();
  const show = (line: string) =>
    notice(`image ${`${Math.round((Date.now() - begin) / 1000)}`.padStart(4)} s  ${line}`);
  const child = spawn(join(sources, "build.sh"), [directory], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((done, fail) => child.on("error", fail).on("close", done));
  const last: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      last.push(line);
      if (last.length > 30) last.shift();
      if (line.startsWith("I: ")) show(line.slice(3).replace(/: sh -c .*/, ""));
    });
  }
  const code = await ended;
  if (code !== 0)
    throw new UserError(`building the image failed (${code}); its last lines:\n${last.join("\n")}`);
  show("ready");
}
