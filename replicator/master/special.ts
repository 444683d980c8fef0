import { setTimeout } from "node:timers/promises";
import { moved } from "../paths";
import type { Rename } from "./plan";
import type { Release } from "./progress";
import { Reads } from "./reads";
import { PARTIAL, type Rsync, VANISHED } from "./rsync";
import type { Volume } from "./volume";
import { Stuck } from "./wire";

/** Paths of one run. */
const MOST = 1000;
/** Paths that may wait before the lane does. */
const CROWD = 4000;
/** How long a run waits for company, milliseconds. */
const GATHER = 200;
const LONGEST_PAUSE = 30_000;
/** After the fourth failure in succession the pause is longer: what an rsync of before has locked is free by then. */
const HOPELESS = 10_000;

/** Names of one file stay such, and holes. */
const FLAGS = ["-HOS"];
/** Files are written in a directory of their own and moved into place once they are whole. */
const ASIDE = "--temp-dir=.ha-nfs/rsync";

export interface SpecialsOptions {
  volume: Volume;
  rsync: Rsync;
  /** A path has been brought. `changed`: it may have changed meanwhile; look at it again. */
  finished: (path: string, changed: boolean, release: Release) => void;
  /** A path could not be brought. */
  refused: (path: string, message: string) => void;
  /** rsync did not come through; it is tried again. */
  failed: (message: string) => void;
}

/** What only rsync can bring to a slave: long and sparse files, extended attributes. One run at a time. */
export class Specials {
  private readonly waiting = new Map<string, Release[]>();
  private running = new Map<string, Release[]>();
  /** When rsync has read which paths. */
  private readonly reads = new Reads();
  private size = MOST;
  private pause = 0;
  /** Why it failed the last time. */
  private trouble = "";
  private working: Promise<void> | undefined;
  private readonly stopping = new AbortController();
  private readonly signal = this.stopping.signal;
  private readonly onLess: (() => void)[] = [];

  constructor(private readonly options: SpecialsOptions) {}

  get pending(): number {
    return this.waiting.size + this.running.size;
  }

  add(path: string, release: Release): void {
    const releases = this.waiting.get(path);
    if (releases) releases.push(release);
    else this.waiting.set(path, [release]);
    this.working ??= this.work()
      .catch(() => undefined)
      .finally(() => (this.working = undefined));
  }

  /**
   * Where the paths are after a rename that rsync had not yet brought, or has brought as they were after `since`: the
   * slave has something else there.
   */
  movedBy(rename: Rename, since: number): string[] {
    const brought = this.reads.of(rename.from, since);
    if (!brought) return [rename.to];
    return [...this.waiting.keys(), ...this.running.keys(), ...brought].flatMap(
      (path) => moved(path, rename) ?? [],
    );
  }

  /** Calls `release` once all has been brought that is pending at `path` and below it, if anything. */
  after(path: string, release: Release): void {
    const nowhere = { from: path, to: "" };
    const pending = [...this.waiting, ...this.running].filter(([one]) => moved(one, nowhere) !== undefined);
    let left = pending.length;
    if (left === 0) release();
    for (const [, releases] of pending) releases.push(() => --left === 0 && release());
  }

  /**
   * Resolves once there are not too many.
   *
   * @throws Stuck when rsync does not come through: nothing else would either
   */
  async room(): Promise<void> {
    while (this.pending > CROWD && !this.signal.aborted) {
      if (this.pause > HOPELESS) throw new Stuck(this.trouble);
      await new Promise<void>((done) => this.onLess.push(done));
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.working;
    this.tellLess();
  }

  /** @throws Error once it is to stop */
  private async work(): Promise<void> {
    while (this.waiting.size > 0) {
      await setTimeout(GATHER + this.pause, undefined, { signal: this.signal });
      const linked = this.take();
      const before = new Map([...this.running.keys()].map((path) => [path, this.identity(path)]));
      const paths = [...before].filter(([, identity]) => identity !== undefined).map(([path]) => path);
      const place = linked ? "--inplace" : ASIDE;
      const { code, said } =
        paths.length > 0 ? await this.options.rsync.run(paths, ...FLAGS, place) : { code: 0, said: "" };
      this.signal.throwIfAborted();
      const whole = code === 0 || code === VANISHED;
      this.reads.note(paths);
      const alone = paths.length === 1 && code === PARTIAL;
      const done = [...this.running];
      this.running = new Map();
      for (const [path, releases] of done) {
        const identity = this.identity(path);
        if (!whole && !alone && identity !== undefined) {
          for (const release of releases) this.add(path, release);
          continue;
        }
        const changed = identity === undefined || identity !== before.get(path);
        if (alone && !changed) this.options.refused(path, said);
        this.options.finished(path, changed, () => releases.forEach((release) => release()));
      }
      this.judge(whole, code, said);
      this.tellLess();
    }
  }

  /** The next run. A file with several names is not replaced, so that they stay; such files have runs of their own. */
  private take(): boolean {
    let kind: boolean | undefined;
    for (const [path, releases] of this.waiting) {
      if (this.running.size >= this.size) break;
      const stats = this.options.volume.status(path);
      const linked = stats?.isFile() === true && stats.nlink > 1;
      kind ??= linked;
      if (kind !== linked) continue;
      this.waiting.delete(path);
      this.running.set(path, releases);
    }
    return kind ?? false;
  }

  /** After a failure fewer at a time, so that one bad path holds nothing up but itself. */
  private judge(whole: boolean, code: number | string, said: string): void {
    if (whole) {
      this.size = Math.min(MOST, this.size * 2);
      this.pause = 0;
      return;
    }
    this.size = Math.max(1, this.size >> 1);
    if (code !== PARTIAL) {
      this.pause = Math.min(LONGEST_PAUSE, this.pause * 2 + 1000);
      this.trouble = `rsync ended with ${code}: ${said}`;
      this.options.failed(this.trouble);
    }
  }

  /** Changes with what is at the path; undefined: nothing, or it cannot be told. */
  private identity(path: string): string | undefined {
    const stats = this.options.volume.status(path);
    return stats && `${stats.ino} ${stats.ctimeMs}`;
  }

  private tellLess(): void {
    for (const tell of this.onLess.splice(0)) tell();
  }
}
