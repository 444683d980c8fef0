import { readdirSync, rmdirSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { bytesOf } from "../protocol";
import { Breath, Interrupted } from "../breath";
import { OWN } from "./checks";
import { unlinked, type Tree } from "./tree";

const SLICE_MS = 5;
/** So far below `tmp` a directory is brought to a shorter path; a name more is still no longer than a path may be. */
const LONG = 2000;
const SWEEP_MS = 5 * 60_000;

/** Removes, in the background and in small steps, what nobody wants: directories in `tmp`, names in `links`. */
export class Janitor {
  private readonly breath = new Breath(SLICE_MS);
  private readonly longest: number;
  private work: Promise<void> | undefined;
  private again = false;
  private swept = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tree: Tree,
    private readonly log: (line: string) => void,
  ) {
    this.longest = tree.at("").length + LONG;
  }

  /** From now on; `tmp` and `links` are there. */
  start(): void {
    this.timer ??= setInterval(() => this.wake(), SWEEP_MS).unref();
    this.wake();
  }

  /** There is something to do. */
  wake(): void {
    this.again = true;
    this.work ??= this.run()
      .catch((error: unknown) => this.tell(error))
      .finally(() => (this.work = undefined));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.breath.end();
    await this.work;
  }

  private async run(): Promise<void> {
    while (this.again) {
      await this.breath.take();
      this.again = false;
      const tmp = this.tree.at(`${OWN}/tmp`);
      for (const name of readdirSync(tmp, "latin1")) {
        if (this.tree.isLive(name)) continue;
        await this.clear(`${tmp.toString("latin1")}/${name}`).catch((error: unknown) => this.failed(error));
      }
      if (performance.now() - this.swept > SWEEP_MS) await this.sweepLinks();
    }
  }

  /** One that cannot be removed keeps no other. */
  private failed(error: unknown): void {
    if (error instanceof Interrupted) throw error;
    this.tell(error);
  }

  private tell(error: unknown): void {
    if (!(error instanceof Interrupted)) this.log(`cannot clean up: ${String(error)}`);
  }

  private async clear(path: string): Promise<void> {
    if (this.breath.due) await this.breath.take();
    const at = bytesOf(path);
    if (unlinked(at)) return;
    // What is in it may be at a longer path than there can be: it was at a shorter one before.
    if (path.length > this.longest) return this.tree.discard(at);
    const names = readdirSync(at, "latin1");
    await each(names, (name) => this.clear(`${path}/${name}`));
    rmdirSync(at);
  }

  /** A name in `links` that is its inode's last one is good for nothing. */
  private async sweepLinks(): Promise<void> {
    this.swept = performance.now();
    await each(await opendir(this.tree.at(`${OWN}/links`)), async ({ name }) => {
      if (this.breath.due) await this.breath.take();
      const path = `${OWN}/links/${name}`;
      if (this.tree.lstat(path)?.nlink === 1) unlinked(this.tree.at(path));
    });
  }
}

/**
 * Does something with each, also after it has failed with one.
 *
 * @throws Error the first of these; Interrupted at once
 */
async function each<T>(
  all: Iterable<T> | AsyncIterable<T>,
  action: (one: T) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  for await (const one of all) {
    await action(one).catch((error: unknown) => {
      if (error instanceof Interrupted) throw error;
      if (errors.length === 0) errors.push(error);
    });
  }
  for (const error of errors) throw error;
}
