import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { attributesOf } from "../../replicator/master/volume";

const SYSCALLS = join(__dirname, "syscalls");
const S_IFIFO = 0o010000;

/** Does in a directory what Node cannot, see the program. Returns what it prints, one character a byte. */
export function syscalls(directory: string, ...words: string[]): string {
  const most = 2 ** 28;
  return execFileSync(SYSCALLS, words, {
    cwd: directory,
    encoding: "latin1",
    stdio: "pipe",
    maxBuffer: most,
  });
}

/** Longer paths, relative to the root, are not compared: where the root's is longer there may be none. */
const LONGEST = 3700;
const SET_ID = 0o6000;

type Entry = Record<string, unknown>;

/** All that is in trees of a directory, for comparison. */
function snapshot(directory: string, trees: readonly string[]): Record<string, Entry> {
  const all: Record<string, Entry> = {};
  const names = new Map<number, string>();
  const attributes = attributesBelow(directory);
  const walk = (path: string) => {
    const at = Buffer.from(`${directory}/${path}`, "latin1");
    const stats = lstatSync(at);
    const type = stats.mode & 0o170000;
    if (type === S_IFIFO) return;
    const link = stats.isSymbolicLink() ? readlinkSync(at, "latin1") : undefined;
    const content = stats.isFile() ? readFileSync(at).toString("latin1") : undefined;
    const mode = stats.mode & 0o7777 & ~(stats.isFile() ? SET_ID : 0);
    const { mtime, uid, gid } = attributesOf(stats);
    const same = stats.isFile() ? names.get(stats.ino) : undefined;
    if (same === undefined) names.set(stats.ino, path);
    const more = attributes.get(path);
    // rsync sets not always that of a symbolic link.
    const time = link === undefined ? mtime : 0;
    all[path] = { type, mode, uid, gid, time, link, same, content, more };
    if (!stats.isDirectory()) return;
    for (const name of readdirSync(at, "latin1").sort()) {
      if (path.length + name.length < LONGEST) walk(`${path}/${name}`);
    }
  };
  for (const tree of trees) walk(tree);
  return all;
}

/** Extended attributes and access control lists by path, of those that have any. */
function attributesBelow(directory: string): Map<string, string> {
  const fields = syscalls(directory, "list", ".").split("\0");
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2)
    found.set(fields[at]?.slice(2) ?? "", fields[at + 1] ?? "");
  return found;
}

/** Fails unless the slave has exactly what the master has in its trees: a symbolic link may lead out of them. */
export function assertEqual(
  master: { root: string; trees: readonly string[] },
  slave: { root: string },
  about = "",
): void {
  const own = readdirSync(slave.root, "latin1").filter((tree) => tree !== ".ha-nfs");
  const [wanted, had] = [snapshot(master.root, [...master.trees].sort()), snapshot(slave.root, own.sort())];
  if (isDeepStrictEqual(had, wanted)) return;
  const differences = [...new Set([...Object.keys(wanted), ...Object.keys(had)])]
    .filter((path) => !isDeepStrictEqual(had[path], wanted[path]))
    .map((path) => `${JSON.stringify(path)}: ${differenceOf(had[path], wanted[path])}`);
  assert.fail(`${about} ${differences.length} differences:\n${differences.slice(0, 8).join("\n")}`);
}

function differenceOf(had: Entry | undefined, wanted: Entry | undefined): string {
  if (!had || !wanted) return had ? "should not be" : "is not";
  const fields = Object.keys(wanted).filter((field) => !isDeepStrictEqual(had[field], wanted[field]));
  const short = (value: unknown) => JSON.stringify(value)?.slice(0, 300);
  return fields
    .map((field) => `\n  ${field} is ${short(had[field])}\n  not ${short(wanted[field])}`)
    .join("");
}
