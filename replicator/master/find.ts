import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { bytesOf } from "../protocol";
import type { Change } from "./change";
import { changedInodes, ext4Device } from "./inodeTable";
import { parentOf } from "../paths";

/** Something whose inode has changed. */
export interface Found {
  path: string;
  directory: boolean;
  inode: string;
  /** Neither it nor what is below it can be read. */
  unreadable?: true;
}

const MANY = 1000;
/** So many inodes find(1) tells apart sooner than we do with all that it prints. */
const FEW = 200;
/** Nothing is missed by these: who removed or replaced it has changed the directory after `since`. */
const VANISHED = /: (No such file or directory|Not a directory|Too many levels of symbolic links)$/;
/** What find(1) complains of one path, odd characters of which it writes with a backslash. */
const COMPLAINT = /^find: '\.\/(.*)': /;
/** The name that such a character is in, and all after it. */
const ODD = /(^|\/)[^/]*\\.*$/;

/**
 * Finds everything at and under `starts` that has changed since then; a directory comes before what is in it.
 *
 * @param starts "." or what begins with "./", relative to `root`
 * @param since seconds since 1970
 * @throws Error when not everything could be looked at
 */
export async function* findChanged(
  root: string,
  starts: readonly string[],
  since: number,
  signal?: AbortSignal,
): AsyncGenerator<Found[]> {
  const changed = await tellChanged(root, since, signal);
  if (!changed) yield* find(root, starts, ["-newerct", `@${since.toFixed(6)}`], signal);
  else if (changed.size > FEW) yield* find(root, starts, [], signal, changed);
  else if (changed.size > 0) yield* find(root, starts, anyOf(changed), signal);
}

/** As find(1) has it, which does not look at files for that, only at the directories that they are in. */
function anyOf(inodes: ReadonlySet<number>): string[] {
  return ["(", ...[...inodes].flatMap((inode) => ["-o", "-inum", String(inode)]).slice(1), ")"];
}

/** Undefined: that cannot be known without a look at every file. */
async function tellChanged(
  root: string,
  since: number,
  signal?: AbortSignal,
): Promise<Set<number> | undefined> {
  try {
    const device = await ext4Device(root);
    return device === undefined ? undefined : await changedInodes(device, since, signal);
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

/**
 * Finds everything at and under `starts` that passes a test; a directory comes before what is in it. What cannot be read
 * comes at the end, whatever the test; or a directory that it is in.
 *
 * @param starts "." or what begins with "./", relative to `root`
 * @param test as find(1) has it
 * @param inodes no others are told
 * @throws Error when not everything could be looked at
 */
export async function* find(
  root: string,
  starts: readonly string[],
  test: readonly string[],
  signal?: AbortSignal,
  inodes?: ReadonlySet<number>,
): AsyncGenerator<Found[]> {
  const what = ["-path", "./.ha-nfs", "-prune", "-o", ...test];
  const how = ["-files0-from", "-", "-xdev", "-ignore_readdir_race"];
  const env = { ...process.env, LC_ALL: "C" };
  const words = ["-n", "10", "find", ...how, ...what, "-printf", "%y %i %p\\0"];
  const child = spawn("nice", words, { cwd: root, env, signal });
  child.stdin.on("error", () => undefined);
  child.stdin.end(bytesOf(starts.map((path) => `${path}\0`).join("")));
  let said: string | undefined;
  const unreadable = new Set<string>();
  const complaints = createInterface({ input: child.stderr });
  complaints.on("line", (line) => {
    if (VANISHED.test(line)) return;
    const path = COMPLAINT.exec(line)?.[1]?.replace(ODD, "");
    if (path) unreadable.add(path);
    else said ??= line;
  });
  const failure = new Promise<string | undefined>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, killed) =>
      done(killed ?? said ?? (code && code > 1 ? `exit ${code}` : undefined)),
    );
  });
  try {
    let rest: Buffer = Buffer.alloc(0);
    let found: Found[] = [];
    for await (const bytes of child.stdout as AsyncIterable<Buffer>) {
      const text = Buffer.concat([rest, bytes]);
      let at = 0;
      for (let end; (end = text.indexOf(0, at)) >= 0; at = end + 1) {
        const one = parse(text, at, end, inodes);
        if (one) found.push(one);
      }
      rest = text.subarray(at);
      if (found.length < MANY) continue;
      yield found;
      found = [];
    }
    yield found;
    const why = await failure;
    if (why) throw new Error(`find: ${why}`);
    yield [...unreadable].map((path) => ({ path, directory: true, inode: "", unreadable: true }));
  } finally {
    child.kill();
  }
}

/** By bytes, as most of what `find` prints may be none of the inodes. */
function parse(text: Buffer, at: number, end: number, inodes?: ReadonlySet<number>): Found | undefined {
  let inode = 0;
  let space = at + 2;
  for (let digit; (digit = (text[space] ?? 0) - 0x30) >= 0; space++) inode = 10 * inode + digit;
  if (inodes && !inodes.has(inode)) return undefined;
  return {
    path: text.toString("latin1", space + 3, end),
    directory: text[at] === 0x64,
    inode: text.toString("latin1", at + 2, space),
  };
}

/**
 * The comparisons that what is found needs, told in the order of `find`. Of a directory the names are compared: what
 * came into it is found by its own time, which rename(2) and link(2) change as well. But if the parent of a directory
 * has changed too, it may have been renamed to where another was, and all of it is compared.
 */
export class Comparisons {
  /** Of names. They come after the states of what is found: then they find those there, and nothing is sent twice. */
  readonly lists: Change[] = [];
  /** The directories found that the last one is in. */
  private readonly above: string[] = [];
  private whole = "/";

  /** @param since what was looked for has changed since then, seconds since 1970 */
  constructor(private readonly since: number) {}

  /** Whether it lies in a directory of which all is compared. */
  cover(path: string): boolean {
    return path.startsWith(this.whole);
  }

  /** A directory that they do not cover. Returns the comparison that needs not wait for what else is found. */
  add(path: string): Change[] {
    const { above } = this;
    while (above.length > 0 && !path.startsWith(`${above.at(-1)}/`)) above.pop();
    const renamed = above.at(-1) === parentOf(path);
    above.push(path);
    if (renamed) this.whole = `${path}/`;
    else this.lists.push({ kind: "list", path });
    return renamed ? [{ kind: "tree", path, since: this.since }] : [];
  }
}
