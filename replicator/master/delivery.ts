import type { Duplex } from "node:stream";
import { encode, reasonOf } from "../protocol";
import { bring, bringFiles } from "./bulk";
import { compare } from "./compare";
import type { Course } from "./course";
import type { Parcel } from "./packer";
import { parentOf } from "../paths";
import { type Job, type Rename, whereabouts } from "./plan";
import type { Progress, Release } from "./progress";
import { unasked } from "./replies";
import { Rsync } from "./rsync";
import { Specials } from "./special";
import { stream } from "./stream";
import { Wire } from "./wire";

/** Marks that may be unanswered. */
const WINDOW = 3;
/** Paths that are looked at again at once. */
const TOGETHER = 256;

/** A path to look at again. */
export interface Doubt {
  path: string;
  /** With all below it; otherwise only the attributes of the directories, the path's own included. */
  whole: boolean;
  /** Called once it is right on the slave, but for what rsync has of it, which comes later. */
  release: Release;
  /** The release waits for rsync as well. */
  late?: true;
}

/** Brings parcels to a slave over one connection, and whatever they turn out to need besides. */
export class Delivery {
  readonly wire: Wire;
  readonly specials: Specials;
  private readonly rsync: Rsync;
  /** Resolves once no directories are brought as a whole any more. */
  private brought: Promise<unknown> = Promise.resolve();
  private doubts: Doubt[] = [];
  private readonly marks = new Set<Promise<void>>();
  /** Paths for rsync of which the slave has not yet answered that it has all before them. */
  private coming = 0;
  /** Those that are on their way, and which of them the slave has said it cannot do. */
  private renames: readonly Rename[] = [];
  private readonly refused = new Set<Rename>();

  /** @param wake called when there is something to mend */
  constructor(
    private readonly course: Course,
    connection: Duplex,
    readonly progress: Progress,
    private readonly wake: () => void,
  ) {
    const { bucket, patience, failures, packer, rsync } = course;
    this.wire = new Wire(
      connection,
      new Set(course.trees),
      {
        stale: (from, to) => this.stale({ from, to }),
        error: (path, message, attributes) =>
          path === "" ? course.trouble(message) : failures.add(path, message, attributes),
        beacon: (time) => course.beacon(time),
      },
      bucket,
      patience,
    );
    const { volume } = packer;
    this.rsync = new Rsync({ ...rsync, volume, transferred: course.transferred.bind(course) });
    this.specials = new Specials({
      volume,
      rsync: this.rsync,
      finished: (path, changed, release) => this.doubt({ path, whole: changed, release }),
      refused: (path, message) => failures.add(path, message),
      failed: (message) => course.trouble(message),
    });
  }

  /** Paths that wait for rsync. */
  get specialPending(): number {
    return this.coming + this.specials.pending;
  }

  /** Whether everything that was sent is all that there is to do, but for what rsync has. */
  get mended(): boolean {
    return this.doubts.length === 0;
  }

  async stop(reason: Error): Promise<void> {
    this.wire.end(reason);
    this.rsync.stop();
    await this.specials.stop();
    await this.brought;
    // What was under way, and what rsync had read when, is forgotten with this connection.
    this.course.horizon = Date.now();
  }

  doubt(doubt: Doubt): void {
    this.doubts.push(doubt);
    this.wake();
  }

  /** Sends a parcel; up to three are on their way. */
  async send(parcel: Parcel): Promise<void> {
    const { course, wire, progress, specials } = this;
    for (const { path, message } of parcel.failed) course.failures.add(path, message);
    if (parcel.frames.length + parcel.closing.length + parcel.streams.length + parcel.specials.length === 0) {
      return;
    }
    await specials.room();
    while (this.marks.size >= WINDOW) await Promise.race(this.marks);
    const release = progress.holdLatest();
    this.coming += parcel.specials.length;
    const held = parcel.specials.map((path) => ({ path, release: progress.holdLatest() }));
    if (parcel.streams.length > 0) {
      await wire.write(parcel.frames);
      for (const path of parcel.streams) await this.stream(path);
    }
    const rest = parcel.streams.length > 0 ? [parcel.closing] : [parcel.frames, parcel.closing];
    const { written, done } = wire.send(...rest);
    const mark: Promise<void> = done.then(() => {
      this.marks.delete(mark);
      this.coming -= held.length;
      for (const special of held) specials.add(special.path, special.release);
      release();
    });
    mark.catch(() => undefined);
    this.marks.add(mark);
    await written;
    course.transferred(parcel.files, parcel.bytes);
  }

  /** Sends a batch whose renames `send` has put on their way, until all that they need is done. */
  async move(parcel: Parcel, renames: readonly Rename[], since: number): Promise<void> {
    this.renames = renames;
    this.refused.clear();
    await this.send(parcel);
    renames.forEach((rename, index) => {
      this.course.failures.move(rename);
      const paths = whereabouts(this.specials.movedBy(rename, since), renames.slice(index + 1));
      for (const path of paths) this.doubt({ path, whole: true, release: this.progress.hold() });
    });
    await this.settle();
    this.renames = [];
  }

  /** Brings the state that very many paths have now by rsync. Returns what it leaves to the stream; undefined: all. */
  async bringCrowd(paths: readonly string[]): Promise<readonly string[] | undefined> {
    const { course, rsync } = this;
    course.littered = [...new Set(paths.map(parentOf))].filter((path) => path !== "");
    const rest = await bringFiles(course.packer, rsync, paths, course.trouble.bind(course));
    course.horizon = Date.now();
    return rest;
  }

  /**
   * Sends what is left of a crowd.
   *
   * @param again it may have been begun before, by an rsync that was broken off
   */
  async endCrowd(rest: readonly string[], again: boolean): Promise<void> {
    const { course } = this;
    const { packer } = course;
    for await (const parcel of packer.parcels(rest)) await this.send(parcel);
    if (again) return this.tidy();
    await this.send(await packer.pack([], course.littered));
    course.littered = [];
    course.horizon = Date.now();
  }

  /** Takes away what an rsync has left that was broken off. */
  async tidy(): Promise<void> {
    const { course } = this;
    await this.compare(course.littered.map((path) => ({ path, deep: false, names: true, tidy: true })));
    course.littered = [];
  }

  /** Removes what has gone of all that changed from `position` on. */
  async makeRoom(position: number): Promise<void> {
    const { course, wire } = this;
    const { batches, packer, journal } = course;
    packer.volume.check();
    const crowded = () => (course.sent = Math.max(course.sent, journal.end));
    for await (const paths of batches.gone(position, crowded)) {
      wire.throwIfOver();
      if (paths.length > 0) await wire.send(...paths.map((path) => encode({ op: "delete", path }))).done;
    }
  }

  /** Makes directories on the slave equal to those here. */
  async compare(jobs: readonly Job[], counted: () => void = () => undefined): Promise<void> {
    if (jobs.length === 0) return;
    const { course, wire, progress, specials } = this;
    const comparer = {
      packer: course.packer,
      list: wire.list.bind(wire),
      names: wire.names.bind(wire),
      send: (parcel: Parcel) => this.send(parcel),
      bring: (paths: readonly string[]) => this.bring(paths),
      special: (path: string) => specials.add(path, progress.holdLatest()),
      lost: (path: string) => this.doubt({ path, whole: true, release: progress.hold() }),
      failed: course.failures.add.bind(course.failures),
    };
    await compare(comparer, jobs, counted);
    await this.send(
      await course.packer.pack(
        [],
        jobs.flatMap(({ path }) => above(path)),
      ),
    );
    this.course.horizon = Date.now();
  }

  /** Looks at what is in doubt until nothing is. */
  async mend(): Promise<void> {
    const { specials } = this;
    const { packer } = this.course;
    while (this.doubts.length > 0) {
      const doubts = this.doubts.splice(0, TOGETHER);
      const whole = doubts.filter((doubt) => doubt.whole).map(({ path }) => path);
      const directories = new Set(doubts.flatMap(({ path }) => [path, ...above(path)]));
      const jobs = whole.filter((path) => packer.volume.isDirectory(path));
      const updates = whole.filter((path) => !jobs.includes(path));
      await this.send(await packer.pack(updates, directories));
      await this.compare(jobs.map((path) => ({ path, deep: true })));
      this.course.horizon = Date.now();
      await Promise.all(this.marks);
      for (const { path, late, release } of doubts) {
        if (late) specials.after(path, release);
        else release();
      }
    }
  }

  /** Waits until the slave has done everything but what rsync has. */
  async settle(): Promise<void> {
    do {
      await Promise.all(this.marks);
      await this.mend();
    } while (this.marks.size > 0 || !this.mended);
  }

  /** Brings paths that the slave has not, directories with all below them. False: not all of it came. */
  private bring(paths: readonly string[]): Promise<boolean> {
    const { course, rsync, wire } = this;
    const done = this.brought.then(() => {
      wire.throwIfOver();
      return bring(course.packer, rsync, paths, (parcel) => this.send(parcel), course.trouble.bind(course));
    });
    this.brought = done.catch(() => undefined);
    return done;
  }

  private stale(rename: Rename): void {
    const isIt = (one: Rename) => one.from === rename.from && one.to === rename.to && !this.refused.has(one);
    const index = this.renames.findIndex(isIt);
    const [refused] = this.renames.slice(index, index + 1);
    if (!refused) return this.wire.end(unasked({ re: "stale", ...rename }));
    this.refused.add(refused);
    for (const path of whereabouts([rename.from, rename.to], this.renames.slice(index + 1))) {
      this.doubt({ path, whole: true, release: this.progress.hold() });
    }
  }

  private async stream(path: string): Promise<void> {
    const { course, wire } = this;
    try {
      const bytes = await stream(wire, course.packer.volume, path);
      course.transferred(1, bytes);
    } catch (error) {
      wire.throwIfOver();
      course.failures.add(path, reasonOf(error));
    }
    course.batches.reads.note([path]);
  }
}

/** The directories that a path is in. */
function above(path: string): string[] {
  const directories: string[] = [];
  for (let at = parentOf(path); at !== ""; at = parentOf(at)) directories.push(at);
  return directories;
}
