import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Change } from "../../replicator/master/change";
import { Feed } from "../../replicator/master/feed";
import { Journal } from "../../replicator/master/journal";

/** Path of `watch`. */
export const program = resolve("replicator/master/watch");

export type Operation =
  | { do: "write"; path: string; text: string }
  | { do: "mkdir"; path: string }
  | { do: "remove"; path: string }
  | { do: "rename"; path: string; to: string };

export const at = (root: string, path: string) => Buffer.from(join(root, path), "latin1");

/** Undefined: there is nothing, or something in the way is no directory. */
function statusAt(path: Buffer): Stats | undefined {
  return existsSync(path) ? lstatSync(path) : undefined;
}

/** Does it where that is possible. */
export function perform(root: string, operation: Operation): void {
  const path = at(root, operation.path);
  try {
    if (operation.do === "write") writeFileSync(path, operation.text);
    else if (operation.do === "mkdir") mkdirSync(path);
    else if (operation.do === "remove") rmSync(path, { recursive: true });
    else if (operation.do === "rename") renameSync(path, at(root, operation.to));
  } catch (error) {
    assert.ok((error as NodeJS.ErrnoException).code, String(error));
  }
}

/** The feed of one daemon after another, and what makes a copy of `data` from nothing but their journal. */
export class Daemon {
  private now: { journal: Journal; feed: Feed } | undefined;
  private position: number | undefined;

  constructor(
    private readonly root: string,
    private readonly watchProgram = program,
  ) {}

  async start(): Promise<void> {
    if (this.now) return;
    const { root, watchProgram } = this;
    const journal = await Journal.open(join(root, ".ha-nfs/replicator/journal"));
    const options = { coalesceMs: 20, beaconMs: 20, marginSeconds: 0.05 };
    const feed = new Feed({ root, trees: ["data"], journal, watchProgram, ...options });
    await feed.start();
    this.position ??= journal.end;
    this.now = { journal, feed };
  }

  async stop(crash: boolean): Promise<void> {
    if (!this.now) return;
    const { journal, feed } = this.now;
    this.now = undefined;
    if (crash) journal.append = () => Promise.reject(new Error("crash"));
    await feed.stop();
    await journal.close();
  }

  /** Brings the copy up to date once the journal is. */
  async copy(): Promise<void> {
    if (!this.now) return;
    const { journal, feed } = this.now;
    const start = Date.now();
    await until(() => (feed.beacon?.time ?? 0) > start);
    const changes: Change[] = [];
    for (;;) {
      const part = await journal.read(this.position ?? 0, 10);
      if (part.next === this.position) break;
      this.position = part.next;
      changes.push(...part.changes);
    }
    new Copy(this.root).follow(changes);
  }
}

/** Follows changes as slaves do: renames first, then the states of the paths where they are now. */
class Copy {
  constructor(private readonly root: string) {}

  follow(changes: readonly Change[]): void {
    const states = new Set<string>();
    const below = new Set<string>();
    const levels = new Set<string>();
    for (const [index, change] of changes.entries()) {
      if (change.kind === "rename") {
        if (this.rename(change)) continue;
        states.add(this.later(change.from, changes.slice(index + 1)));
        below.add(this.later(change.to, changes.slice(index + 1)));
        states.add(change.from);
        below.add(change.to);
        continue;
      }
      const into = { update: states, list: levels, tree: below }[change.kind];
      into.add(change.path);
      into.add(this.later(change.path, changes.slice(index + 1)));
    }
    for (const path of [...states].sort()) this.state(path);
    for (const path of levels) this.compare(path, false);
    for (const path of below) this.compare(path, true);
  }

  private later(path: string, changes: readonly Change[]): string {
    for (const change of changes) {
      if (change.kind !== "rename") continue;
      if (`${path}/`.startsWith(`${change.from}/`)) path = change.to + path.slice(change.from.length);
    }
    return path;
  }

  private copied(path: string): Buffer {
    return at(this.root, `copy/${path}`);
  }

  private rename({ from, to }: { from: string; to: string }): boolean {
    try {
      mkdirSync(this.copied(dirname(to)), { recursive: true });
      renameSync(this.copied(from), this.copied(to));
      return true;
    } catch {
      return false;
    }
  }

  /** What is at the path, without what is below it. */
  private state(path: string): void {
    if (path !== "data" && existsSync(at(this.root, path))) this.state(dirname(path));
    const from = at(this.root, path);
    const to = this.copied(path);
    const status = statusAt(from);
    const there = statusAt(to);
    if (there && (!status || status.isDirectory() !== there.isDirectory())) rmSync(to, { recursive: true });
    if (status?.isDirectory()) mkdirSync(to, { recursive: true });
    else if (status) writeFileSync(to, readFileSync(from));
  }

  private compare(path: string, deep: boolean): void {
    this.state(path);
    if (!statusAt(at(this.root, path))?.isDirectory()) return;
    const names = readdirSync(at(this.root, path), "latin1");
    for (const name of readdirSync(this.copied(path), "latin1")) {
      if (!names.includes(name)) rmSync(this.copied(`${path}/${name}`), { recursive: true });
    }
    for (const name of names) {
      const one = `${path}/${name}`;
      if (!deep && existsSync(this.copied(one))) continue; // its state is told otherwise
      this.state(one);
      this.compare(one, true);
    }
  }
}

/** All paths below a directory, and what the files have in them. */
export function listing(root: string, path = ""): Record<string, string> {
  const all: Record<string, string> = {};
  for (const name of readdirSync(at(root, path), "latin1")) {
    const below = `${path}/${name}`;
    const directory = statSync(at(root, below)).isDirectory();
    all[below] = directory ? "/" : readFileSync(at(root, below), "utf8");
    if (directory) Object.assign(all, listing(root, below));
  }
  return all;
}

export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < end, `not in time: ${String(condition)}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
