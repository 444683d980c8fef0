import { find } from "./find";
import type { Packer, Parcel } from "./packer";
import { type Rsync, VANISHED } from "./rsync";
import { SPARSE_FILE, type Volume } from "./volume";

/** From so many paths on one rsync, which takes seconds to begin, is quicker than the stream. */
export const MUCH = 2000;
/**
 * With all below; but not what may have holes. Without a directory for what is not whole yet, which costs half as much
 * again for small files: what a broken run leaves is in directories that are compared then.
 */
const FLAGS = ["-r", `--max-size=${SPARSE_FILE - 1}`];
/** What it leaves or does not make right, and directories: those with extended attributes are to be remembered. */
const REST = ["(", "-type", "d", "-o", "-links", "+1", "-o", "-size", `+${SPARSE_FILE - 1}c`, ")"];

/** Whether files and directories with what is in them are more than the stream brings quickly. */
export function isMuch(volume: Volume, files: readonly string[], directories: readonly string[]): boolean {
  let count = files.length;
  const stack = [...directories];
  for (let path; count < MUCH && (path = stack.pop()) !== undefined;) {
    const { names, directories: below } = volume.count(path);
    count += names;
    stack.push(...below);
  }
  return count >= MUCH;
}

/**
 * Brings paths that a slave has not by one rsync, directories with all below them. What changes meanwhile the journal
 * tells.
 *
 * @returns false: not all of it came
 * @throws Error when the connection is over
 */
export async function bring(
  packer: Packer,
  rsync: Rsync,
  paths: readonly string[],
  send: (parcel: Parcel) => Promise<void>,
  trouble: (message: string) => void,
): Promise<boolean> {
  const [came, rest] = await Promise.all([runs(rsync, paths, trouble), findRest(packer, paths)]);
  if (!came) return false;
  for await (const parcel of packer.parcels(rest)) await send(parcel);
  return true;
}

/**
 * Brings files, whatever the slave has at their paths, by one rsync. Those that are for the stream are left out.
 *
 * @returns the paths that are left out; undefined: they are not so many files, or rsync failed
 */
export async function bringFiles(
  packer: Packer,
  rsync: Rsync,
  paths: readonly string[],
  trouble: (message: string) => void,
): Promise<readonly string[] | undefined> {
  const usual: string[] = [];
  const rest: string[] = [];
  for (const path of paths) {
    await packer.breathe();
    const stats = packer.volume.status(path);
    (stats?.isFile() && stats.nlink === 1 && stats.size < SPARSE_FILE ? usual : rest).push(path);
  }
  return usual.length >= MUCH && (await runs(rsync, usual, trouble)) ? rest : undefined;
}

async function runs(
  rsync: Rsync,
  paths: readonly string[],
  trouble: (message: string) => void,
): Promise<boolean> {
  const { code, said } = await rsync.run(paths, ...FLAGS);
  if (code === 0 || code === VANISHED) return true;
  trouble(`rsync ended with ${code}: ${said}`);
  return false;
}

/** What the stream has to bring after rsync. */
async function findRest(packer: Packer, paths: readonly string[]): Promise<string[]> {
  const starts = paths.map((path) => `./${path}`);
  const rest: string[] = [];
  for await (const all of find(packer.volume.root, starts, REST)) {
    const found = all.filter(({ unreadable }) => !unreadable); // of that rsync complains too
    const directories = found.filter(({ directory }) => directory).map(({ path }) => path);
    rest.push(...found.filter(({ directory }) => !directory).map(({ path }) => path));
    rest.push(...(await packer.withXattrs(directories)));
  }
  return rest;
}
