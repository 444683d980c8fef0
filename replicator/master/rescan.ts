import type { Change } from "./change";
import { Comparisons, findChanged } from "./find";
import type { Inodes } from "./inodes";

/** Milliseconds until a rescan that has failed is tried again. */
const RETRY = 5000;
/** Rescans that can wait leave the disk alone for this long, ms, and this many times as long as the last one took. */
const REST = 2000;
const RESTS = 3;

export interface RescanOptions {
  root: string;
  marginSeconds: number;
  inodes: Inodes;
  /** Whether the path is replicated. */
  wanted: (path: string) => boolean;
  trees: () => readonly string[];
  /** Writes into the journal, and throws if that fails. */
  append: (changes: Change[]) => Promise<void>;
  /** One that began at this time, seconds since 1970, has found everything. */
  done: (began: number) => void;
  trouble: (message: string | undefined) => void;
}

/** Finds what has changed unseen. One rescan runs at a time; those needed meanwhile are one more after it. */
export class Rescans {
  count = 0;
  running = false;
  lastSeconds: number | undefined;
  /** From this time on, seconds since 1970, changes may be missing in the journal; undefined: none are. */
  since: number | undefined;
  /** When the next one may start, in milliseconds of performance.now(); undefined: none is needed. */
  private due: number | undefined;
  /** Whether the next one is for all changes, not just for the inodes that are asked for. */
  private everything = false;
  private rested = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: RescanOptions) {}

  /** Changes since then may be missing. */
  need(since: number, when: "now" | "rested" = "now"): void {
    this.everything = true;
    this.plan(since, when);
  }

  /** A file's paths are missing, which has changed since then; nothing else is. */
  seek(inode: string, since: number): void {
    if (!this.options.inodes.ask(inode)) this.need(since, "rested");
    else if (!this.running) this.plan(since, "rested"); // else once that is done, which may have seen only some of them
  }

  /** Ends the one that runs. What it has not found is needed again by the next daemon. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.ended;
  }

  private plan(since: number, when: "now" | "rested"): void {
    this.since = Math.min(since, this.since ?? since);
    this.due = Math.min(when === "now" ? 0 : this.rested, this.due ?? Infinity);
    this.schedule();
  }

  private schedule(): void {
    if (this.running || this.due === undefined || this.stopping.signal.aborted) return;
    clearTimeout(this.timer);
    const start = () => {
      this.ended = this.run();
    };
    this.timer = setTimeout(start, Math.max(0, this.due - performance.now()));
  }

  private async run(): Promise<void> {
    const { trouble, done } = this.options;
    const began = Date.now() / 1000;
    const start = performance.now();
    this.running = true;
    this.due = undefined;
    const { everything } = this;
    this.everything = false;
    const failure = await this.search(everything).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const end = performance.now();
    this.running = false;
    this.rested = end + Math.max(REST, RESTS * (end - start));
    if (this.stopping.signal.aborted) return;
    trouble(failure);
    if (failure === undefined) {
      this.count++;
      this.lastSeconds = (end - start) / 1000;
      this.since = this.due === undefined ? undefined : began;
      done(began);
    } else {
      this.everything ||= everything;
      this.due = end + RETRY;
    }
    this.schedule();
  }

  private async search(everything: boolean): Promise<void> {
    const { root, marginSeconds, inodes, wanted, trees, append } = this.options;
    await append([]); // a full disk shows before the long way
    const starts = inodes.begin() ? ["."] : trees().map((tree) => `./${tree}`);
    const since = (this.since ?? 0) - marginSeconds;
    const comparisons = new Comparisons(since);
    for await (const found of findChanged(root, starts, since, this.stopping.signal)) {
      const changes: Change[] = [];
      for (const one of found) {
        inodes.learn(one.inode, one.path);
        const missing = everything || inodes.seeks(one.inode);
        if (!missing || !wanted(one.path) || comparisons.cover(one.path)) continue;
        changes.push({ kind: one.unreadable ? "tree" : "update", path: one.path });
        if (one.directory && !one.unreadable) changes.push(...comparisons.add(one.path));
      }
      if (changes.length > 0) await append(changes);
    }
    await append(comparisons.lists);
  }
}
