import type { Duplex } from "node:stream";
import { encode, type Op, type Position, VERSION } from "../protocol";
import type { Crowd } from "./batches";
import { Bell } from "./bell";
import type { Course } from "./course";
import { Delivery } from "./delivery";
import { Progress } from "./progress";
import type { Greeting } from "./wire";

/** How often everything may be compared because too much has failed; milliseconds. */
const RECOMPARE = 600_000;
/** What is repeated because of failures, or a full disk, rests so many times as long as it takes. */
const RARELY = 10;
/** Beacons that wait; of more every other one goes. */
const MOST_WAITING = 1000;

/** One connection to a slave: brings it up to the journal's position and keeps it there. */
export class Follower {
  private readonly bell = new Bell();
  private readonly delivery: Delivery;
  private readonly progress = new Progress((position) => this.reached(position));
  private lastBeacon = 0;
  /** How new what the slave gets may be, as it has been told. */
  private told: number | undefined;
  /** Of beacons that have to wait for what rsync has: all that was before them is on the slave at this position. */
  private waiting: { time: number; position: number }[] = [];
  /** Called once trees that are compared are the slave's, which may be after rsync; undefined: there are none. */
  private adopt: (() => void) | undefined;
  /** When everything may be compared because too much has failed, and failing paths be tried again. */
  private compareAt = -Infinity;
  private retryAt = -Infinity;
  /** Paths whose retry is under way. */
  private readonly retrying = new Set<string>();

  constructor(
    private readonly course: Course,
    connection: Duplex,
  ) {
    this.delivery = new Delivery(course, connection, this.progress, () => this.bell.ring());
  }

  /** Paths that wait for rsync. */
  get specialPending(): number {
    return this.delivery.specialPending;
  }

  /** Follows until the connection ends, and rejects with the reason. */
  async run(): Promise<never> {
    const { wire } = this.delivery;
    const running = this.follow();
    running.catch(() => undefined);
    try {
      return await Promise.race([running, wire.ended.then((reason) => Promise.reject(reason))]);
    } catch (error) {
      await this.delivery.stop(error instanceof Error ? error : new Error(String(error)));
      this.bell.ring();
      await running.catch(() => undefined);
      throw error;
    }
  }

  /** Ends the connection. */
  stop(): void {
    this.delivery.wire.end(new Error("stopped"));
  }

  /** The journal or the beacon has grown. */
  ring(): void {
    this.bell.ring();
  }

  private async follow(): Promise<never> {
    const { course, delivery, progress } = this;
    const { journal, batches, trees } = course;
    await course.ready;
    const greeting = await delivery.wire.greet({
      version: VERSION,
      journal: journal.id,
      term: journal.term,
      trees: [...trees],
    });
    let position = await this.begin(greeting);
    if (course.full) {
      batches.forget();
      await this.makeRoom(position);
    }
    for (;;) {
      delivery.wire.throwIfOver();
      await this.mend();
      if (position < journal.oldest) throw new Error("the journal does not reach back to where the slave is");
      await delivery.tidy();
      const crowd = position < course.streamed ? undefined : await batches.crowd(position);
      if (crowd && (await this.bring(crowd, position < course.sent))) {
        position = crowd.next;
        this.beacon(position);
        continue;
      }
      let batch = await batches.next(position, this.isPlain(position));
      if (batch.next === position) {
        this.beacon(position);
        await this.bell.wait(1000);
        continue;
      }
      if (batch.renames.length > 0) {
        await delivery.settle();
        if (this.isPlain(position)) batch = await batches.next(position, true);
      }
      course.sent = Math.max(course.sent, batch.next);
      const release = progress.begin(batch.next);
      if (batch.renames.length > 0) await delivery.move(batch, batch.renames, batches.ages.of(batch.start));
      else await delivery.send(batch);
      await delivery.compare(batch.jobs);
      release();
      position = batch.next;
      this.beacon(position);
    }
  }

  /**
   * Whether it came. If not it goes in batches, each of which a broken connection leaves behind it.
   *
   * @param again some of it may have been sent before
   */
  private async bring({ paths, next }: Crowd, again: boolean): Promise<boolean> {
    const { course, delivery, progress } = this;
    course.sent = Math.max(course.sent, next);
    course.streamed = next;
    const rest = await delivery.bringCrowd(paths);
    if (!rest) return false;
    const release = progress.begin(next);
    await delivery.endCrowd(rest, again);
    release();
    return true;
  }

  /** Compares what the slave does not have of this journal. Returns the position to go on at. */
  private async begin({ position, stamp, ahead, trees }: Greeting): Promise<number> {
    const { course } = this;
    const { journal, failures } = course;
    const { wire } = this.delivery;
    const here = journal.end;
    const known =
      position !== undefined &&
      journal.knows(position, stamp) &&
      (!ahead || journal.knows(ahead.position, ahead.stamp));
    const partly = known && !failures.overflowed && !course.lost;
    const missing = partly ? course.trees.filter((tree) => !trees.includes(tree)) : course.trees;
    const start = partly && missing.length < course.trees.length ? position : here;
    course.begun(start);
    const first = () => this.ahead();
    // What the slave has of another past it may forget only once it has been compared.
    if (known) wire.first = first;
    if (missing.length > 0) {
      const { overflows } = failures;
      this.adopt = () => {
        course.lost = false;
        if (failures.overflows === overflows) failures.overflowed = false;
        const adopt: Op = { op: "adopt", trees: [...missing], ...this.placeOf(start) };
        const adopted = this.tell(adopt).then(() => (wire.first = first));
        void adopted.then(() => this.tell());
      };
      // What rsync has of it may take for ever, when it does not fit: until then the position is held, but nothing else.
      const release = this.progress.begin(start);
      await this.compare(missing);
      release();
    }
    course.comparing(undefined);
    return start;
  }

  private async compare(trees: readonly string[]): Promise<void> {
    const { course, delivery } = this;
    const since = performance.now();
    let directories = 0;
    course.comparing(directories);
    if (course.full) {
      await delivery.compare(trees.map((path) => ({ path, deep: true, names: true, tidy: true })));
    }
    await delivery.compare(
      trees.map((path) => ({ path, deep: true })),
      () => course.comparing(++directories),
    );
    await delivery.settle();
    this.compareAt = restAfter(since, RECOMPARE);
    course.sent = Math.max(course.sent, course.journal.end);
  }

  private async makeRoom(position: number): Promise<void> {
    const since = performance.now();
    if (since < this.course.roomAt) return;
    await this.delivery.makeRoom(position);
    this.course.roomAt = restAfter(since, 0);
  }

  /** Whether the slave may be past the renames of a batch that begins here. */
  private isPlain(position: number): boolean {
    const { sent, horizon, batches } = this.course;
    return position < sent || batches.ages.of(position) <= horizon;
  }

  private reached(position: number): void {
    this.course.reached(position);
    const due = this.waiting.filter((beacon) => beacon.position <= position);
    this.waiting = this.waiting.slice(due.length);
    this.sendBeacon(due.at(-1)?.time ?? 0);
    this.adopt?.();
    this.adopt = undefined;
    void this.tell({ op: "cursor", ...this.placeOf(position) });
  }

  private tell(...ops: Op[]): Promise<void> {
    return this.delivery.wire.write(Buffer.concat(ops.map((op) => encode(op)))).catch(() => undefined);
  }

  /** What has been read by now may be as new as the journal; undefined: that has been told. */
  private ahead(): Buffer | undefined {
    const { end } = this.course.journal;
    if (end === this.told) return undefined;
    this.told = end;
    return encode({ op: "ahead", ...this.placeOf(end) });
  }

  private placeOf(position: number): Position {
    return { position, stamp: this.course.journal.stampOf(position) };
  }

  /** Everything up to `position` has been sent, or rsync has it. */
  private beacon(position: number): void {
    const { beacon } = this.course.feed;
    if (!beacon || position < beacon.position) return;
    if (!this.delivery.mended) return;
    if (this.specialPending === 0) this.sendBeacon(beacon.time);
    else this.await({ time: beacon.time, position });
  }

  private await(beacon: { time: number; position: number }): void {
    if (this.waiting.at(-1)?.position === beacon.position) this.waiting.pop();
    this.waiting.push(beacon);
    if (this.waiting.length > MOST_WAITING) this.waiting = this.waiting.filter((_, index) => index % 2 === 1);
  }

  private sendBeacon(time: number): void {
    if (time <= this.lastBeacon) return;
    this.lastBeacon = time;
    this.delivery.wire.beacon(time);
  }

  /**
   * Looks at what is in doubt, and at what has failed when that is due.
   *
   * @throws Error when only comparing everything helps
   */
  private async mend(): Promise<void> {
    const since = performance.now();
    const due = since >= this.retryAt;
    if (due) this.retry(since);
    await this.delivery.mend();
    if (due) this.retryAt = restAfter(since, this.course.retryMs);
  }

  private retry(now: number): void {
    const { failures } = this.course;
    if (failures.overflowed && !this.adopt && now >= this.compareAt) {
      throw new Error("too many paths have failed: everything is compared");
    }
    for (const { path, whole, release } of failures.retry()) {
      if (this.retrying.has(path)) continue;
      this.retrying.add(path);
      const tried = () => {
        this.retrying.delete(path);
        release();
      };
      this.delivery.doubt({ path, whole, release: tried, late: true });
    }
  }
}

/** When what began at `since` may be done again; milliseconds of `performance.now()`. */
function restAfter(since: number, least: number): number {
  const now = performance.now();
  return now + Math.max(least, RARELY * (now - since));
}
