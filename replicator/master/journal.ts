import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { type Change, changeOf, lineOf, watermarkLine } from "./change";
import {
  type Segment,
  endOf,
  identify,
  listSegments,
  makeSegment,
  mendSegments,
  segmentFile,
  writeAt,
} from "./segments";

/** A new daemon goes on at the next multiple: no position that a crash has cut off is given a second time. */
const GAP = 2 ** 32;
const MiB = 2 ** 20;
const SEGMENT = 16 * MiB;
const READ = 64 * 1024;

/** The journal cannot be read at a position: who is there wants a full comparison. */
export class Unreadable extends Error {}

/**
 * The changes of the volume in order, on the volume itself, so that they survive a failover. A position is a byte of
 * all that was ever written, with a gap before every daemon's own; files, the segments, are named by their first one.
 */
export class Journal {
  /** Appends follow each other. */
  private last: Promise<unknown> = Promise.resolve();
  /** Behind the end there may be remains of an append that failed. */
  private torn = false;

  private constructor(
    private readonly directory: string,
    private readonly limit: number,
    /** The oldest first; `current` is the last. */
    private readonly segments: Segment[],
    private current: Segment,
    private file: FileHandle,
    /** A UUID; another one means that no position of before is worth anything. */
    readonly id: string,
    /** Where this daemon began. */
    readonly base: number,
    /** Higher than that of any daemon before, also of one whose journal was put back: it grows with the clock. */
    readonly term: number,
    private readonly stamp: string,
    /** Earlier daemons have told every change up to here; seconds since 1970. Undefined: a new journal. */
    readonly watermark: number | undefined,
    private written = watermark,
  ) {}

  /**
   * Opens the journal in `directory`, or makes it. One without a watermark has nothing that counts and is a new one.
   *
   * @param limit bytes that all segments together may have before the oldest go
   */
  static async open(directory: string, limit = 256 * MiB): Promise<Journal> {
    const segments = await listSegments(directory);
    const watermark = await mendSegments(directory, segments);
    const id = await identify(directory, watermark === undefined);
    const last = segments.at(-1);
    const base = (Math.floor((last ? endOf(last) : 0) / GAP) + 1) * GAP;
    const terms = segments.map(({ stamp }) => termOf(stamp));
    const term = Math.max(base, Date.now() * 1000, ...terms.map((before) => before + 1));
    const stamp = `${term}.${randomBytes(8).toString("hex")}`;
    const { segment, file } = await makeSegment(directory, base, watermark, stamp);
    segments.push(segment);
    return new Journal(directory, limit, segments, segment, file, id, base, term, stamp, watermark);
  }

  /** The first position that can be read. Who is further back wants a full comparison. */
  get oldest(): number {
    return (this.segments[0] ?? this.current).base;
  }

  /** The position of what comes next; everything before it is durable. */
  get end(): number {
    return endOf(this.current);
  }

  /** What a position that lies in the journal is kept with. */
  stampOf(position: number): string | undefined {
    return this.segmentOf(position)?.stamp;
  }

  /** Whether a position that was kept with this stamp is one of this journal, and can be read from. */
  knows(position: number, stamp: string | undefined): boolean {
    const segment = this.segmentOf(position);
    return segment !== undefined && segment.stamp === stamp;
  }

  /** Bytes from a position to the end, without the gaps. */
  left(position: number): number {
    return this.segments.reduce(
      (sum, segment) => sum + Math.max(0, endOf(segment) - Math.max(segment.base, position)),
      0,
    );
  }

  /**
   * Writes the changes, and that there are no others up to `watermark`, seconds since 1970. Durable once it resolves.
   *
   * @throws Error of the file system; the journal is then as it was before
   */
  append(changes: readonly Change[], watermark: number): Promise<void> {
    const done = this.last.then(() => this.write(changes, watermark));
    this.last = done.catch(() => undefined);
    return done;
  }

  /**
   * Up to `limit` changes from `position` on, and the position after them, which is `position` itself only when nothing
   * is there yet.
   *
   * @throws Unreadable when the position is not, or no longer, in the journal, or the journal is damaged
   */
  read(position: number, limit: number): Promise<{ changes: Change[]; next: number }> {
    return this.readFrom(position, limit).catch((error: unknown) => {
      throw new Unreadable(`the journal cannot be read: ${String(error)}`);
    });
  }

  /** Deletes the segments that nobody at `before` or later reads, and the oldest ones beyond the limit. */
  async trim(before: number): Promise<void> {
    let total = this.segments.reduce((sum, { size }) => sum + size, 0);
    for (;;) {
      const [oldest, second] = this.segments;
      if (!oldest || !second || (second.base > before && total <= this.limit)) return;
      this.segments.shift();
      total -= oldest.size;
      await unlink(segmentFile(this.directory, oldest));
    }
  }

  /** Waits for what is being appended. */
  async close(): Promise<void> {
    await this.last;
    await this.file.close();
  }

  private async readFrom(position: number, limit: number): Promise<{ changes: Change[]; next: number }> {
    const changes: Change[] = [];
    let next = position;
    let size = READ;
    do {
      const index = this.segments.findLastIndex(({ base }) => base <= next);
      const segment = this.segments[index];
      if (!segment || next > this.end) {
        throw new RangeError(`position ${next} is not in the journal: it has ${this.oldest} to ${this.end}`);
      }
      const left = endOf(segment) - next;
      if (left <= 0) {
        next = this.segments[index + 1]?.base ?? next;
        continue;
      }
      const text = await this.text(segment, next, Math.min(left, size));
      let at = 0;
      for (let stop; changes.length < limit && (stop = text.indexOf("\n", at)) >= 0; at = stop + 1) {
        const change = changeOf(text.slice(at, stop));
        if (change) changes.push(change);
      }
      if (at === 0 && size >= left) throw new SyntaxError(`no end of a line after position ${next}`);
      if (at === 0) size *= 2;
      next += at;
    } while (next < this.end && changes.length < limit);
    return { changes, next };
  }

  private async write(changes: readonly Change[], watermark: number): Promise<void> {
    if (this.torn) {
      await this.file.truncate(this.current.size);
      this.torn = false;
    }
    if (this.current.size >= Math.min(SEGMENT, this.limit / 16)) await this.rotate();
    const bytes = Buffer.from(changes.map(lineOf).join("") + watermarkLine(watermark), "latin1");
    this.torn = true;
    await writeAt(this.file, bytes, this.current.size);
    await this.file.datasync();
    this.torn = false;
    this.current.size += bytes.length;
    this.written = watermark;
  }

  private async rotate(): Promise<void> {
    const { segment, file } = await makeSegment(this.directory, this.end, this.written, this.stamp);
    await this.file.close();
    this.file = file;
    this.current = segment;
    this.segments.push(segment);
    await this.trim(0);
  }

  /** Undefined: it lies in a gap, or outside. */
  private segmentOf(position: number): Segment | undefined {
    const segment = this.segments.findLast(({ base }) => base <= position);
    return segment && position <= endOf(segment) ? segment : undefined;
  }

  private async text(segment: Segment, from: number, size: number): Promise<string> {
    const bytes = Buffer.allocUnsafe(size);
    const own = segment === this.current ? this.file : undefined;
    const file = own ?? (await open(segmentFile(this.directory, segment)));
    try {
      const { bytesRead } = await file.read(bytes, 0, size, from - segment.base);
      return bytes.toString("latin1", 0, bytesRead);
    } finally {
      if (!own) await file.close();
    }
  }
}

/** 0 of a daemon of before that had none. */
function termOf(stamp: string | undefined): number {
  return Number(stamp?.split(".", 1)[0] ?? 0) || 0;
}
