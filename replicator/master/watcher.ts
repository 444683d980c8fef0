import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** Who is told what `watch` prints; times in seconds since 1970. */
export interface Listener {
  /** Before anything else: it goes on with the queue of the daemon before, from where that one stopped. */
  resumed(): void;
  /** `watch` has started, for the first time or again: only changes after this are told for certain. */
  begun(seconds: number): void;
  /** What is at the path has changed. */
  changed(path: string): void;
  /** Something has come to the path or gone from it. */
  moved(path: string): void;
  /** A file that has several names has come to the path; by now another one may be there. */
  linked(path: string, inode: string): void;
  /** A directory has, with all that was in it. */
  movedWhole(path: string): void;
  renamed(from: string, to: string): void;
  /** A directory has been, with all that is in it. */
  renamedWhole(from: string, to: string): void;
  /** A change of a file without a known path. */
  unnamed(inode: string): void;
  /** Every change up to this time has been told. */
  told(seconds: number): void;
  /** Changes since the last `told` may be missing. */
  overflowed(): void;
  /** Why `watch` has ended; it is started again. */
  trouble(message: string): void;
}

/** Milliseconds between an end of `watch` and its next start. */
const SHORTEST = 100;
const LONGEST = 5000;

/** Runs `watch` on a directory, again and again if it ends. */
export class Watcher {
  /** How often it was started again. */
  restarts = 0;
  private child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private delay = SHORTEST;
  private stopped = false;
  private halted: () => void = () => undefined;

  /** @param queue descriptor of the queue that the daemon before has left */
  constructor(
    private readonly program: string,
    private readonly directory: string,
    private readonly listener: Listener,
    private queue: number | undefined,
  ) {}

  start(): void {
    const child = this.spawn();
    this.child = child;
    const started = performance.now();
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-500)));
    child.stdin.on("error", () => undefined);
    child.stdout.setEncoding("latin1").on(
      "data",
      parser(this.listener, () => this.halted()),
    );
    child.on("error", (error) => (said = error.message));
    child.on("close", (code, signal) => {
      this.child = undefined;
      if (this.stopped) return;
      this.listener.trouble(said.trim() || `watch ended with ${signal ?? code}`);
      this.restarts++;
      if (performance.now() - started > LONGEST) this.delay = SHORTEST;
      this.timer = setTimeout(() => this.start(), this.delay);
      this.delay = Math.min(2 * this.delay, LONGEST);
    });
  }

  /** Takes nothing more from `watch`, whose queue then fills, until it is to go on. */
  hold(held: boolean): void {
    if (held) this.child?.stdout.pause();
    else this.child?.stdout.resume();
  }

  /**
   * Has `watch` take nothing more from the kernel's queue, and tell what it has taken.
   *
   * @param limit milliseconds
   * @returns false: that takes longer, or it does not run
   */
  async halt(limit: number): Promise<boolean> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { child } = this;
    if (!child) return false;
    const halted = new Promise<boolean>((done) => {
      this.halted = () => done(true);
      child.once("close", () => done(false));
    });
    child.stdout.resume();
    child.stdin.write("h");
    return Promise.race([halted, sleep(limit, false, { ref: false })]);
  }

  /**
   * Ends `watch` after `halt`, and waits until it has gone: it holds the volume.
   *
   * @param leave to leave the queue to the next daemon; only with all that it has told on the disk
   */
  async stop(leave: boolean): Promise<void> {
    const { child } = this;
    if (!child) return;
    const gone = new Promise((done) => child.once("close", done));
    if (leave) child.stdin.end("l");
    else child.kill("SIGKILL");
    child.stdout.resume();
    await gone;
  }

  private spawn(): ChildProcessByStdio<Writable, Readable, Readable> {
    const { program, directory, queue } = this;
    if (queue === undefined) return spawn(program, [directory], { stdio: ["pipe", "pipe", "pipe"] });
    this.queue = undefined;
    const stdio = ["pipe", "pipe", "pipe", queue] as const;
    const child = spawn(program, [directory, "3"], { stdio: [...stdio] });
    closeSync(queue);
    return child as ChildProcessByStdio<Writable, Readable, Readable>;
  }
}

/** Makes calls of the listener from the text of one run of `watch`, whatever way it is cut. */
function parser(listener: Listener, halted: () => void): (text: string) => void {
  let rest = "";
  /** Takes the second field of a record. */
  let second: ((field: string) => void) | undefined;
  let begun = false;
  return (text) => {
    const fields = (rest + text).split("\0");
    rest = fields.pop() ?? "";
    for (const field of fields) {
      if (second) {
        second(field);
        second = undefined;
        continue;
      }
      const kind = field[0];
      const value = field.slice(2);
      if (kind === "u") listener.changed(value);
      else if (kind === "c") listener.moved(value);
      else if (kind === "t") listener.movedWhole(value);
      else if (kind === "r") second = (to) => listener.renamed(value, to);
      else if (kind === "m") second = (to) => listener.renamedWhole(value, to);
      else if (kind === "l") second = (inode) => listener.linked(value, inode);
      else if (kind === "i") listener.unnamed(value);
      else if (kind === "o") listener.overflowed();
      else if (kind === "k") listener.resumed();
      else if (kind === "e") halted();
      else if (kind === "w") {
        if (!begun) listener.begun(Number(value));
        begun = true;
        listener.told(Number(value));
      }
    }
  };
}
