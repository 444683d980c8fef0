import { encode } from "../protocol";
import type { Change } from "./change";
import { MUCH } from "./bulk";
import type { Packer, Parcel } from "./packer";
import { parentOf, treeOf } from "../paths";
import { type Job, Plan, type Rename } from "./plan";
import { type Ages, Reads } from "./reads";

const MOST_RECORDS = 500;
const FEWEST_RECORDS = 32;
/** Fewer records a batch above, more below; bytes. */
const FULL = 3 * 1024 * 1024;
const SMALL = 1024 * 1024;
const KEPT = 16 * 1024 * 1024;
/** Paths of a crowd, and its records that are read at once. */
const CROWD = 10_000;
const TOGETHER = 1000;
/** Paths that are remembered of those that have been told, or renamed. */
const REMEMBERED = 50_000;
/** The least that a record and its path take in the journal, bytes. */
const RECORD = 12;

/** What a stretch of the journal comes to. */
export interface Batch extends Parcel {
  start: number;
  /** The position behind it; `start` itself: there is nothing yet. */
  next: number;
  /** They are in `frames`, first. */
  renames: Rename[];
  jobs: Job[];
  /** When it was made, see `Reads`. */
  read: number;
  /** Whether a rename is among its records, and whether all of them have become states. */
  moves: boolean;
  plain: boolean;
}

/** Very many paths whose present state is all that a stretch of the journal comes to. */
export interface Crowd {
  paths: string[];
  /** The position behind it. */
  next: number;
}

/** What `Batches` reads of the journal. */
export interface Records {
  /** Bytes from a position to the end. */
  left(position: number): number;
  read(position: number, limit: number): Promise<{ changes: Change[]; next: number }>;
}

/** The journal in batches, each made once for all the lanes that come by soon. */
export class Batches {
  /** Of all these batches, and of the files that lanes read for them. */
  readonly reads = new Reads();
  private kept: Batch[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private limit = MOST_RECORDS;

  constructor(
    private readonly journal: Records,
    private readonly packer: Packer,
    readonly ages: Ages,
    private readonly trees: ReadonlySet<string>,
  ) {}

  /**
   * The batch that begins at `position`, or one that begins before it and says the same once more.
   *
   * @param plain with states in the place of all renames
   * @throws Error when the journal or `xattrs` cannot be read
   */
  next(position: number, plain: boolean): Promise<Batch> {
    const batch = this.last.then(
      async () => this.find(position, plain) ?? (await this.make(position, plain)),
    );
    this.last = batch.catch(() => undefined);
    return batch;
  }

  /**
   * The crowd that begins at `position`; undefined: there are not so many changes, or others come before.
   *
   * @throws Error when the journal cannot be read
   */
  async crowd(position: number): Promise<Crowd | undefined> {
    const { journal, trees } = this;
    if (journal.left(position) < MUCH * RECORD) return undefined;
    const paths = new Set<string>();
    let end = position;
    while (paths.size < CROWD) {
      const { changes, next } = await journal.read(end, TOGETHER);
      if (next === end || changes.some(({ kind }) => kind !== "update")) break;
      for (const change of changes) {
        if (change.kind === "update" && trees.has(treeOf(change.path))) paths.add(change.path);
      }
      end = next;
    }
    return paths.size < MUCH ? undefined : { paths: [...paths], next: end };
  }

  /** Makes all batches anew: what those that are kept say may be of long ago. */
  forget(): void {
    this.kept = [];
  }

  /**
   * What has gone of all that changed from `position` on, but for what has got another name: some at a time, or none, and
   * of some it may tell more than once.
   *
   * @param crowded called first when there are more renames than can be remembered: of these it tells too, so that none
   * of before may be sent as such any more
   * @throws Error when the journal cannot be read
   */
  async *gone(position: number, crowded: () => void): AsyncGenerator<string[]> {
    const { packer, trees } = this;
    const renamed = new Set<string>();
    let left = 0;
    for await (const changes of this.changes(position)) {
      left += changes.length;
      for (const { from } of changes.filter((change) => change.kind === "rename")) {
        if (renamed.size < REMEMBERED) renamed.add(from);
      }
      await packer.breathe();
      yield [];
    }
    if (renamed.size === REMEMBERED) crowded();
    const told = new Set<string>();
    let gone: string[] = [];
    for await (const changes of this.changes(position)) {
      // Of those that have come since, the renames are not known.
      for (const change of changes.slice(0, left)) {
        await packer.breathe();
        if (change.kind === "rename" || told.has(change.path) || !trees.has(treeOf(change.path))) continue;
        if (told.size === REMEMBERED) told.clear();
        told.add(change.path);
        if (!isWithin(change.path, renamed) && packer.isGone(change.path)) gone.push(change.path);
      }
      yield gone.length < TOGETHER ? [] : gone;
      if (gone.length >= TOGETHER) gone = [];
      left -= changes.length;
      if (left <= 0) break;
    }
    yield gone;
  }

  private async *changes(position: number): AsyncGenerator<Change[]> {
    for (let at = position; ;) {
      const { changes, next } = await this.journal.read(at, TOGETHER);
      if (next === at) return;
      yield changes;
      at = next;
    }
  }

  private find(position: number, plain: boolean): Batch | undefined {
    return this.kept.find((batch) => {
      if (batch.moves && batch.plain !== plain) return false;
      if (batch.renames.length === 0) return batch.start <= position && position < batch.next;
      if (batch.start !== position) return false;
      return batch.renames.every(({ from }) => this.reads.of(from, batch.read)?.length === 0);
    });
  }

  private async make(start: number, plain: boolean): Promise<Batch> {
    const { changes, next } = await this.journal.read(start, this.limit);
    const plan = new Plan(this.packer.volume, this.reads, this.trees, this.ages.of(start), plain);
    for (const change of changes) plan.add(change);
    const { renames, updates, jobs } = plan;
    const touched = renames.flatMap(({ from, to }) => [parentOf(from), parentOf(to)]);
    const parcel = await this.packer.pack(updates, touched);
    const read = this.reads.note([...updates]);
    const moves = changes.some(({ kind }) => kind === "rename");
    const frames =
      renames.length === 0
        ? parcel.frames
        : Buffer.concat([...renames.map((rename) => encode({ op: "rename", ...rename })), parcel.frames]);
    const batch: Batch = { ...parcel, frames, start, next, renames, jobs, read, moves, plain };
    if (next > start) this.keep(batch);
    return batch;
  }

  private keep(batch: Batch): void {
    const { length } = batch.frames;
    if (length > FULL) this.limit = Math.max(FEWEST_RECORDS, this.limit >> 1);
    else if (length < SMALL) this.limit = Math.min(MOST_RECORDS, this.limit * 2);
    let left = KEPT;
    this.kept = [batch, ...this.kept]
      .filter(({ frames }) => (left -= frames.length + 4096) >= 0)
      .slice(0, 32);
  }
}

function isWithin(path: string, paths: ReadonlySet<string>): boolean {
  for (let at = path; at !== ""; at = parentOf(at)) if (paths.has(at)) return true;
  return false;
}
