import { VERSION, type Attributes, type Entry, type Op, type Position } from "../protocol";
import { isName, isPath, isPathIn, isWhole, matches, quoted } from "../wellFormed";

export type Hello = Extract<Op, { op: "hello" }>;

/** What a master must not send; nothing of it is carried out and the connection ends. */
export class Refused extends Error {}

/** The slave's own directory in its root; no tree has this name. */
export const OWN = ".ha-nfs";

const TARGET = /^[\x01-\xff]+$/;
const DIGEST = /^[A-Za-z0-9+/]{43}=$/;
const TYPES = new Set(["file", "dir", "link", "unknown"]);
const MAX_ID = 0xffff_fffe;

/** @throws Refused unless all that it says is well formed, and each tree among `allowed` */
export function checkHello(op: Op, allowed: readonly string[] | undefined): asserts op is Hello {
  if (op.op !== "hello") throw new Refused("no hello");
  if (op.version !== VERSION) {
    throw new Refused(`this slave speaks version ${VERSION} of the protocol, not ${quoted(op.version)}`);
  }
  if (!matches(TARGET, op.journal)) throw new Refused(`not a journal: ${quoted(op.journal)}`);
  checkWhole(op.term, "term");
  checkTrees(op.trees, allowed);
}

/** @throws Refused unless the trees are names that may stand in the root, all of them among `allowed` */
function checkTrees(trees: unknown, allowed: readonly string[] | undefined): asserts trees is string[] {
  if (!Array.isArray(trees)) throw new Refused("trees: not a list");
  for (const tree of trees as unknown[]) {
    if (!isName(tree) || tree === OWN) throw new Refused(`not a tree: ${quoted(tree)}`);
    if (allowed && !allowed.includes(tree)) throw new Refused(`not a tree of this slave: ${quoted(tree)}`);
  }
}

/** @throws Refused unless all that `op` says is well formed and lies in the trees */
export function checkOp(op: Op, trees: ReadonlySet<string>): void {
  switch (op.op) {
    case "put":
      if (op.links !== undefined) checkWhole(op.links, "links");
      checkPath(op.path, trees);
      return checkAttributes(op);
    case "data":
    case "cancel":
      return;
    case "link":
      if (!matches(TARGET, op.target)) throw new Refused(`not the target of a link: ${quoted(op.target)}`);
      checkPath(op.path, trees);
      return checkAttributes(op);
    case "dir":
      checkPath(op.path, trees);
      return checkAttributes(op);
    case "list":
      checkWhole(op.id, "id");
      checkPath(op.path, trees);
      return checkAttributes(op);
    case "names":
      checkWhole(op.id, "id");
      return checkPath(op.path, trees);
    case "delete":
      return checkPath(op.path, trees);
    case "rename":
      checkPath(op.from, trees);
      return checkPath(op.to, trees);
    case "mark":
      return checkWhole(op.id, "id");
    case "cursor":
    case "ahead":
      return checkPosition(op);
    case "adopt":
      checkTrees(op.trees, [...trees]);
      return checkPosition(op);
    case "beacon":
      if (!Number.isFinite(op.time)) throw new Refused(`time: not a number: ${quoted(op.time)}`);
      if (!Number.isFinite(op.age)) throw new Refused(`age: not a number: ${quoted(op.age)}`);
      return;
    case "hello":
      throw new Refused("a second hello");
    default:
      throw new Refused(`not known: ${quoted(op)}`);
  }
}

/**
 * The entries of a list's body.
 *
 * @throws Refused unless they are well formed and their names differ
 */
export function entriesOf(body: Buffer): Map<string, Entry> {
  const list = listOf(body);
  const entries = new Map<string, Entry>();
  for (const entry of list as Entry[]) {
    checkEntry(entry);
    entries.set(entry.name, entry);
  }
  if (entries.size !== list.length) throw new Refused("list: a name stands in it twice");
  return entries;
}

/**
 * The names of a body.
 *
 * @throws Refused unless they are well formed
 */
export function namesOf(body: Buffer): Set<string> {
  const names = new Set<string>();
  for (const name of listOf(body)) {
    if (!isName(name)) throw new Refused(`not a name: ${quoted(name)}`);
    names.add(name);
  }
  return names;
}

function listOf(body: Buffer): unknown[] {
  let list: unknown;
  try {
    list = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new Refused(`list: ${String(error)}`);
  }
  if (!Array.isArray(list)) throw new Refused("list: not a list");
  return list;
}

function checkEntry(entry: Entry): void {
  if (typeof entry !== "object" || entry === null) throw new Refused(`not an entry: ${quoted(entry)}`);
  if (!isName(entry.name)) throw new Refused(`not a name: ${quoted(entry.name)}`);
  if (!TYPES.has(entry.type)) throw new Refused(`not a type: ${quoted(entry.type)}`);
  if (entry.type === "link" && !matches(TARGET, entry.target)) {
    throw new Refused(`not the target of a link: ${quoted(entry.target)}`);
  }
  if (entry.type === "file") checkWhole(entry.size, "size");
  if (entry.links !== undefined) checkWhole(entry.links, "links");
  if (entry.digest !== undefined && !matches(DIGEST, entry.digest)) {
    throw new Refused(`not a digest: ${quoted(entry.digest)}`);
  }
  checkAttributes(entry);
}

function checkPath(path: unknown, trees: ReadonlySet<string>): void {
  if (isPathIn(trees, path)) return;
  throw new Refused(`${isPath(path) ? "outside the trees" : "not a path"}: ${quoted(path)}`);
}

function checkAttributes({ mode, uid, gid, mtime }: Attributes): void {
  if (!isWhole(mode, 0o7777)) throw new Refused(`not a mode: ${quoted(mode)}`);
  if (!isWhole(uid, MAX_ID) || !isWhole(gid, MAX_ID))
    throw new Refused(`not an owner: ${quoted([uid, gid])}`);
  if (!Number.isSafeInteger(mtime)) throw new Refused(`not a time: ${quoted(mtime)}`);
}

function checkPosition({ position, stamp }: Position): void {
  checkWhole(position, "position");
  if (stamp !== undefined && !matches(TARGET, stamp)) throw new Refused(`not a stamp: ${quoted(stamp)}`);
}

function checkWhole(value: unknown, name: string): void {
  if (!isWhole(value)) throw new Refused(`${name}: not a number: ${quoted(value)}`);
}
