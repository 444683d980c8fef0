import { spawn, type ChildProcess } from "node:child_process";
import { bytesOf } from "../protocol";
import type { Volume } from "./volume";

/** Its exit status: some paths could not be transferred; some had gone. */
export const PARTIAL = 23;
export const VANISHED = 24;

/**
 * What is listed has changed, whatever its time says: two changes within a second are usual. ssh finds within seconds
 * that a slave has gone; the timeout is for one that hangs, and longer than a busy master lets rsync wait.
 */
const OPTIONS = ["-lptgoAX", "--numeric-ids", "--relative", "--force", "--ignore-times", "--timeout=300"];
/** As `attributesOf` has the modes of files. */
const MODES = "--chmod=Fug-s";
const LISTED = ["--from0", "--files-from=-"];
/** Told once, at the end: a line for each file would wake this process for each. */
const STATS = ["--stats", "--no-human-readable"];
const FILES = /^Number of regular files transferred: (\d+)$/m;
const BYTES = /^Total bytes sent: (\d+)$/m;

export interface RsyncOptions {
  volume: Volume;
  /** Of the slave, as ssh_config has it. */
  name: string;
  /** The remote shell, with its arguments. */
  ssh: readonly string[];
  /** Kilobytes (1024) a second; 0: no limit. */
  bandwidthKiB: () => number;
  /** Files and bytes that have been brought. */
  transferred: (files: number, bytes: number) => void;
}

/** How a run has ended. */
export interface Ending {
  /** Exit status, name of the signal, or why there was no start. */
  code: number | string;
  /** The first line that it complained. */
  said: string;
}

/** Runs of rsync from the volume to the replica of a slave, one at a time: rrsync lets no other in. */
export class Rsync {
  private last: Promise<unknown> = Promise.resolve();
  private child: ChildProcess | undefined;
  private stopped = false;

  constructor(private readonly options: RsyncOptions) {}

  /** Brings paths; `flags` say how. */
  run(paths: readonly string[], ...flags: string[]): Promise<Ending> {
    const done = this.last.then(() => this.start(paths, flags)).catch(noStart);
    this.last = done;
    return done;
  }

  /** Ends the one under way, and those that wait. */
  stop(): void {
    this.stopped = true;
    this.child?.kill("SIGKILL");
  }

  private start(paths: readonly string[], flags: readonly string[]): Promise<Ending> {
    if (this.stopped) return Promise.resolve(noStart("stopped"));
    const { ssh, name, volume, bandwidthKiB } = this.options;
    const places = ["-e", ssh.join(" "), "--", `${volume.root}/`, `${name}:`];
    const limit = `--bwlimit=${bandwidthKiB()}`;
    const child = spawn("rsync", [...OPTIONS, MODES, ...LISTED, ...STATS, limit, ...flags, ...places]);
    this.child = child;
    let said = "";
    child.stderr.on("data", (text: Buffer) => (said = (said + text.toString()).slice(-2000)));
    let told = "";
    child.stdout.on("data", (text: Buffer) => (told = (told + text.toString()).slice(-4000)));
    child.stdin.on("error", () => undefined);
    child.stdin.end(bytesOf(paths.map((path) => `${path}\0`).join("")));
    return new Promise((done) => {
      const end = (code: number | string, why: string) => {
        this.options.transferred(numberIn(told, FILES), numberIn(told, BYTES));
        done({ code, said: why.trim().split("\n").at(0) ?? "" });
      };
      child.on("error", ({ message }) => end("no start", message));
      child.on("close", (code, signal) => end(signal ?? code ?? "", said));
    });
  }
}

/** spawn(2) may fail at once, for want of memory. */
const noStart = (why: unknown): Ending => ({ code: "no start", said: String(why) });

const numberIn = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
