import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** Who is told what `watch` prints; times in seconds since 1970. */
export interface Listener {
  /** `watch` has started, for the first time or again: only changes after this are told for certain. */
  begun(seconds: number): void;
  /** What is at the path has changed. */
  changed(path: string): void;
  /** Something has come to the path or gone from it. */
  moved(path: string): void;
  /** A directory has, with all that was in it. */
  movedWhole(path: string): void;
  renamed(from: string, to: string): void;
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

  constructor(
    private readonly program: string,
    private readonly directory: string,
    private readonly listener: Listener,
  ) {}

  start(): void {
    const child = spawn(this.program, [this.directory], { stdio: ["pipe", "pipe", "pipe"] });
    this.child = child;
    const started = performance.now();
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-500)));
    child.stdin.on("error", () => undefined);
    child.stdout.setEncoding("latin1").on("data", parser(this.listener));
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

  /** Ends `watch` and waits until it has gone: it holds the volume. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const child = this.child;
    if (!child) return;
    const gone = new Promise((done) => child.once("close", done));
    child.kill("SIGKILL");
    child.stdout.resume();
    await gone;
  }
}

/** Makes calls of the listener from the text of one run of `watch`, whatever way it is cut. */
function parser(listener: Listener): (text: string) => void {
  let rest = "";
  let from: string | undefined;
  let begun = false;
  return (text) => {
    const fields = (rest + text).split("\0");
    rest = fields.pop() ?? "";
    for (const field of fields) {
      if (from !== undefined) {
        listener.renamed(from, field);
        from = undefined;
        continue;
      }
      const kind = field[0];
      const value = field.slice(2);
      if (kind === "u") listener.changed(value);
      else if (kind === "c") listener.moved(value);
      else if (kind === "t") listener.movedWhole(value);
      else if (kind === "r") from = value;
      else if (kind === "i") listener.unnamed(value);
      else if (kind === "o") listener.overflowed();
      else if (kind === "w") {
        if (!begun) listener.begun(Number(value));
        begun = true;
        listener.told(Number(value));
      }
    }
  };
}
