import { readdirSync, readlinkSync, type Stats } from "node:fs";
import type { Attributes, Entry, EntryType } from "../protocol";
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
  const attempt = (name: string, action: (at: string) => void) => {
    const at = `${path}/${name}`;
    try {
      action(at);
    } catch (error) {
      failed(at, error);
    }
  };
  for (const name of readdirSync(tree.at(path), "latin1")) {
    if (breath.due) await breath.take();
    if (!entries.has(name)) attempt(name, (at) => tree.remove(at));
  }
  for (const entry of entries.values()) {
    if (breath.due) await breath.take();
    attempt(entry.name, (at) => compareEntry(tree, at, entry, result));
  }
  return result;
}

function compareEntry(tree: Tree, path: string, entry: Entry, { need, made }: Compared): void {
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
      if (stat && isSameFile(tree, entry, stat)) mend(tree.at(path), stat, entry);
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

/** Equal in size and time, and it shares its inode with other names when, and only when, the master's does. */
function isSameFile(tree: Tree, entry: Entry, stat: Stats): boolean {
  if (stat.size !== entry.size || Math.abs(stat.mtimeMs * 1000 - entry.mtime) > ROUNDING) return false;
  if (entry.links === undefined) return stat.nlink === 1;
  return tree.lstat(linkName(entry.links))?.ino === stat.ino;
}
