import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { bytesOf } from "../protocol";
import type { Change } from "./change";
import { parentOf } from "../paths";

/** Something whose inode has changed. */
export interface Found {
  path: string;
  directory: boolean;
  inode: string;
}

const MANY = 1000;
/** Nothing is missed by these: who removed or replaced it has changed the directory after `since`. */
const VANISHED = /: (No such file or directory|Not a directory)$/;

/**
 * Finds everything at and under `starts` that passes a test; a directory comes before what is in it.
 *
 * @param starts "." or what begins with "./", relative to `root`
 * @param test as find(1) has it
 * @throws Error when not everything could be looked at
 */
export async function* find(
  root: string,
  starts: readonly string[],
  test: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Found[]> {
  const what = ["-path", "./.ha-nfs", "-prune", "-o", ...test];
  const how = ["-files0-from", "-", "-xdev", "-ignore_readdir_race"];
  const env = { ...process.env, LC_ALL: "C" };
  const words = ["-n", "10", "find", ...how, ...what, "-printf", "%y %i %p\\0"];
  const child = spawn("nice", words, { cwd: root, env, signal });
  child.stdin.on("error", () => undefined);
  child.stdin.end(bytesOf(starts.map((path) => `${path}\0`).join("")));
  let said: string | undefined;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (!VANISHED.test(line)) said ??= line;
  });
  const failure = new Promise<string | undefined>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, killed) =>
      done(killed ?? said ?? (code && code > 1 ? `exit ${code}` : undefined)),
    );
  });
  try {
    let rest = "";
    let found: Found[] = [];
    for await (const text of child.stdout.setEncoding("latin1") as AsyncIterable<string>) {
      const records = (rest + text).split("\0");
      rest = records.pop() ?? "";
      for (const record of records) {
        const name = record.indexOf(" ", 2);
        const path = record.slice(name + 3);
        found.push({ path, directory: record[0] === "d", inode: record.slice(2, name) });
      }
      if (found.length < MANY) continue;
      yield found;
      found = [];
    }
    yield found;
    const why = await failure;
    if (why) throw new Error(`find: ${why}`);
  } finally {
    child.kill();
  }
}

/** The test for what has changed since then, in seconds since 1970. */
export function changedSince(time: number): string[] {
  return ["-newerct", `@${time.toFixed(6)}`];
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
