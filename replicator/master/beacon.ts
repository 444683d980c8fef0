import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The beacon's file, relative to the volume's root. */
export const BEACON = ".ha-nfs/replicator/beacon";

/**
 * A file into which the time is written again and again: once the watcher reports that write, it has reported all that
 * was before. One write at a time is under way, as the kernel makes one event of several.
 */
export class Beacon {
  private file: FileHandle | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  /** `time` is what was written, `end` when the write was over; milliseconds since 1970. */
  private waiting: { time: number; end: number } | undefined;

  constructor(
    private readonly root: string,
    /** What is wrong; undefined: nothing. */
    private readonly trouble: (message: string | undefined) => void,
  ) {}

  start(milliseconds: number): void {
    this.timer = setInterval(() => {
      if (!this.waiting) this.writing = this.write();
    }, milliseconds);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.file?.close();
  }

  /** The watcher has reported a write of the file: the time of it, milliseconds; undefined when none was expected. */
  seen(): number | undefined {
    const time = this.waiting?.time;
    this.waiting = undefined;
    return time;
  }

  /** The watcher has reported all up to this time, seconds: a write that it has not reported by then is lost. */
  told(seconds: number): void {
    if (this.waiting && 1000 * seconds > this.waiting.end + 1) this.waiting = undefined;
  }

  private async write(): Promise<void> {
    const waiting = { time: Date.now(), end: Infinity };
    this.waiting = waiting;
    try {
      this.file ??= await this.make();
      await this.file.write(`${waiting.time}\n`, 0);
      waiting.end = Date.now();
      this.trouble(undefined);
    } catch (error) {
      this.waiting = undefined;
      this.trouble((error as Error).message);
    }
  }

  private async make(): Promise<FileHandle> {
    const path = join(this.root, BEACON);
    await mkdir(dirname(path), { recursive: true });
    return open(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  }
}
