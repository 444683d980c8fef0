import { readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { type Attributes, digestOf, type Entry, type EntryType } from "../protocol";
import type { Breath } from "../breath";
import { linkName } from "./incoming";
import { mend, type Tree } from "./tree";

/** What two readings of one time may differ by, microseconds. */
const ROUNDING = 1.5;

export interface Compared {
  need: string[];
  made: string[];
}

/**
 * Makes the directory at `path` hold these entries, but for the content of files, which it asks for.
 *
 * @param failed is told of an entry that could not be brought up to date
 */
export async function compare(
  tree: Tree,
  path: string,
  attributes: Attributes,
  entries: ReadonlyMap<string, Entry>,
  breath: Breath,
  failed: (path: string, error: unknown) => void,
): Promise<Compared> {
  tree.makeParents(path);
  tree.makeDirectory(path, attributes);
  const result: Compared = { need: [], made: [] };
  await removeOthers(tree, path, entries, breath, failed);
  for (const entry of entries.values()) {
    if (breath.due) await breath.take();
    const at = `${path}/${entry.name}`;
    attempt(at, failed, () => compareEntry(tree, at, entry, result));
  }
  return result;
}

/** Makes the directory at `path` hold nothing but these names, and asks for those of them that it has not. */
export async function compareNames(
  tree: Tree,
  path: string,
  names: ReadonlySet<string>,
  breath: Breath,
  failed: (path: string, error: unknown) => void,
): Promise<Compared> {
  if (!tree.hasParents(path) || !tree.lstat(path)?.isDirectory()) return { need: [...names], made: [] };
  const had = new Set(await removeOthers(tree, path, names, breath, failed));
  return { need: [...names].filter((name) => !had.has(name)), made: [] };
}

/** Removes what is not among the names. Returns all that was there. */
async function removeOthers(
  tree: Tree,
  path: string,
  names: { has(name: string): boolean },
  breath: Breath,
  failed: (path: string, error: unknown) => void,
): Promise<string[]> {
  const had = readdirSync(tree.at(path), "latin1");
  for (const name of had) {
    if (breath.due) await breath.take();
    const at = `${path}/${name}`;
    if (!names.has(name)) attempt(at, failed, () => tree.remove(at));
  }
  return had;
}

function attempt(path: string, failed: (path: string, error: unknown) => void, action: () => void): void {
  try {
    action();
  } catch (error) {
    failed(path, error);
  }
}

function compareEntry(tree: Tree, path: string, entry: Entry, { need, made }: Compared): void {
  if (entry.type === "unknown") return;
  let stat = tree.lstat(path);
  if (stat && typeOf(stat) !== entry.type) {
    tree.remove(path);
    stat = undefined;
  }
  switch (entry.type) {
    case "dir":
      if (tree.makeDirectory(path, entry, stat)) made.push(entry.name);
      return;
    case "link":
      if (!stat || !isSameLink(tree, path, entry, stat)) tree.makeLink(path, entry.target ?? "", entry);
      return;
    case "file":
      if (stat && isSameFile(tree, path, entry, stat)) mend(tree.at(path), stat, entry);
      else need.push(entry.name);
  }
}

/** Undefined: what no master sends. */
function typeOf(stat: Stats): EntryType | undefined {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "dir";
  return stat.isSymbolicLink() ? "link" : undefined;
}

function isSameLink(tree: Tree, path: string, entry: Entry, stat: Stats): boolean {
  return (
    stat.uid === entry.uid && stat.gid === entry.gid && readlinkSync(tree.at(path), "latin1") === entry.target
  );
}

/** Equal in size and time, in content if that is asked for, and it shares its inode with other names when, and only when, the master's does. */
function isSameFile(tree: Tree, path: string, entry: Entry, stat: Stats): boolean {
  if (stat.size !== entry.size || Math.abs(stat.mtimeMs * 1000 - entry.mtime) > ROUNDING) return false;
  if (entry.digest !== undefined && digestOf(readFileSync(tree.at(path))) !== entry.digest) return false;
  if (entry.links === undefined) return stat.nlink === 1;
  return tree.lstat(linkName(entry.links))?.ino === stat.ino;
}
