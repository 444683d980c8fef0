import { moved } from "../paths";

const MOST = 8192;

/**
 * When the state of which paths was read, of the last few thousand. A rename may be carried out on a slave only while
 * what it moves is there as it was when the master moved it. What was read after that moment and has been sent already
 * is of later: of another file with the old name, or that there is none.
 */
export class Reads {
  /** The oldest first. */
  private readonly notes: { time: number; paths: readonly string[] }[] = [];
  private count = 0;
  /** Of times up to here, paths have been dropped. */
  private dropped = -Infinity;
  private latest = 0;

  /** They have just been read. Returns the time that they got, milliseconds since 1970; no two calls get the same. */
  note(paths: readonly string[]): number {
    this.latest = Math.max(this.latest + 1, Date.now());
    this.notes.push({ time: this.latest, paths });
    this.count += paths.length;
    while (this.count > MOST) {
      const oldest = this.notes.shift();
      if (!oldest) break;
      this.count -= oldest.paths.length;
      this.dropped = oldest.time;
    }
    return this.latest;
  }

  /** What of `path`, and below it, was read after `time`; undefined: that is not known any more. */
  of(path: string, time: number): string[] | undefined {
    if (time < this.dropped) return undefined;
    const found: string[] = [];
    const nowhere = { from: path, to: "" };
    for (let index = this.notes.length - 1; index >= 0; index--) {
      const note = this.notes[index];
      if (!note || note.time <= time) break;
      for (const read of note.paths) if (moved(read, nowhere) !== undefined) found.push(read);
    }
    return found;
  }
}

const SAMPLES = 512;

/** From beacons: what stands in the journal from a position on has happened after a time. */
export class Ages {
  private samples: { position: number; time: number }[] = [];
  private last: number | undefined;

  /**
   * A beacon has been seen. Its time may be newer than the place of its event in the kernel's queue, which merges them;
   * the time of the one before it is not.
   */
  note({ time, position }: { time: number; position: number }): void {
    if (this.last === time) return;
    // Less one: what happened after that beacon, and was read then, may all be in its millisecond.
    if (this.last !== undefined) this.samples.push({ position, time: this.last - 1 });
    this.last = time;
    if (this.samples.length > SAMPLES) this.samples = this.samples.filter((_, index) => index % 2 === 1);
  }

  /** A time after which everything from `position` on has happened, milliseconds since 1970. */
  of(position: number): number {
    return this.samples.findLast((sample) => sample.position <= position)?.time ?? -Infinity;
  }
}
