import type { Stats } from "node:fs";
import { encode, reasonOf } from "../protocol";
import { codeOf } from "../errors";
import { Breath } from "../breath";
import { Marked } from "./marked";
import { parentOf } from "../paths";
import { attributesOf, isSpecial, SHARED_FILE, type Volume } from "./volume";
import type { Xattrs } from "./xattrClient";

/** The content of files in one parcel, beyond which each lane reads files itself; bytes. */
const CONTENT = 4 * 1024 * 1024;
/** Paths of one parcel, when there are many. */
const TOGETHER = 256;

/** What brings some paths on a slave up to date, in this order. */
export interface Parcel {
  frames: Buffer;
  /** Files that the lane reads itself and sends in pieces. */
  streams: string[];
  /** Attributes of directories, whose times everything before has touched. */
  closing: Buffer;
  /** What rsync has to bring, once all that is done. */
  specials: string[];
  /** What could not be read. */
  failed: { path: string; message: string }[];
  files: number;
  bytes: number;
}

const NOTHING = Buffer.alloc(0);

function empty(): Parcel {
  return { frames: NOTHING, streams: [], closing: NOTHING, specials: [], failed: [], files: 0, bytes: 0 };
}

/** Nothing but this frame. */
export function single(frame: Buffer): Parcel {
  return { ...empty(), closing: frame };
}

/** What is at a path. */
export interface Found {
  path: string;
  stats: Stats;
}

/** Reads what is at paths and makes the operations of it. */
export class Packer {
  private readonly breath = new Breath();

  constructor(
    readonly volume: Volume,
    private readonly xattrs: Xattrs,
    private readonly marked = new Marked(),
  ) {}

  /**
   * The state that the paths have now. What is below a directory belongs to it only when it is one of the paths.
   *
   * @param touched directories whose attributes are to be set besides
   * @throws Error when `xattrs` fails
   */
  async pack(paths: Iterable<string>, touched: Iterable<string> = []): Promise<Parcel> {
    const parcel = empty();
    const { gone, found } = await this.look(paths, parcel);
    if (gone.length > 0) this.volume.check();
    const { now, ever } = await this.markedOf(found);
    const parents = new Set(touched);
    for (const path of gone) parents.add(parentOf(path));
    const own = new Map<string, Stats>();
    const deletes = gone.map((path) => encode({ op: "delete", path }));
    const contents: Buffer[] = [];
    const links: Buffer[] = [];
    for (const { path, stats } of found) {
      await this.breathe();
      if (stats.isDirectory()) own.set(path, stats);
      parents.add(parentOf(path));
      if (ever.has(path) || isSpecial(stats)) parcel.specials.push(path);
      try {
        if (stats.isSymbolicLink()) {
          const target = this.volume.target(path);
          // What has taken its place is in a later record.
          if (target !== undefined) links.push(encode({ op: "link", path, target, ...attributesOf(stats) }));
        } else if (stats.isFile() && !isSpecial(stats) && (stats.nlink > 1 || !now.has(path))) {
          this.packFile(path, parcel, contents);
        }
      } catch (error) {
        // An NFS client has it delegated: rsync can wait for the client to give it back, this process cannot.
        if (codeOf(error) === "EAGAIN") parcel.specials.push(path);
        else parcel.failed.push({ path, message: reasonOf(error) });
      }
    }
    const first = [...own].filter(([path]) => parents.has(path)).map(([path, stats]) => dirOp(path, stats));
    parcel.frames = Buffer.concat([...deletes, ...first, ...contents, ...links]);
    parcel.closing = Buffer.concat(this.close(own, parents));
    return parcel;
  }

  /** The same for many paths, in several parcels. */
  async *parcels(paths: readonly string[]): AsyncGenerator<Parcel> {
    for (let at = 0; at < paths.length; at += TOGETHER) yield this.pack(paths.slice(at, at + TOGETHER));
  }

  /** Those of the paths that have extended attributes. */
  withXattrs(paths: readonly string[]): Promise<Set<string>> {
    return this.xattrs.among(paths);
  }

  /** The paths of those that have extended attributes `now`, and besides of those that slaves may `ever` have got them for. */
  async markedOf(found: readonly Found[]): Promise<{ now: Set<string>; ever: Set<string> }> {
    const now = await this.withXattrs(found.map(({ path }) => path));
    const ever = new Set(now);
    for (const { path, stats } of found) {
      if (now.has(path) && (stats.isDirectory() || stats.nlink > 1)) this.marked.add(path, stats.ino);
      else if (this.marked.has(path, stats.ino)) ever.add(path);
    }
    return { now, ever };
  }

  /** Whether there is nothing at a path; false where that cannot be told. */
  isGone(path: string): boolean {
    try {
      return this.volume.lstat(path) === undefined;
    } catch {
      return false;
    }
  }

  /** Lets others in between long work. */
  async breathe(): Promise<void> {
    if (this.breath.due) await this.breath.take();
  }

  /** Parents come before what is in them. */
  private async look(paths: Iterable<string>, parcel: Parcel): Promise<{ gone: string[]; found: Found[] }> {
    const missing = new Set<string>();
    const gone: string[] = [];
    const found: Found[] = [];
    for (const path of [...new Set(paths)].sort()) {
      await this.breathe();
      if (missing.has(parentOf(path))) {
        missing.add(path);
        continue;
      }
      try {
        const stats = this.volume.lstat(path);
        if (stats) found.push({ path, stats });
        else {
          missing.add(path);
          gone.push(path);
        }
      } catch (error) {
        parcel.failed.push({ path, message: reasonOf(error) });
      }
    }
    return { gone, found };
  }

  private packFile(path: string, parcel: Parcel, contents: Buffer[]): void {
    const read = this.volume.read(path, Math.min(SHARED_FILE, CONTENT - parcel.bytes));
    if (!read) contents.push(encode({ op: "delete", path }));
    else if (read.content) {
      parcel.files++;
      parcel.bytes += read.content.length;
      contents.push(encode(putOp(path, read.stats), read.content));
    } else if (read.stats.isFile()) parcel.streams.push(path);
  }

  /** The deepest first: making one touches the one above. */
  private close(own: ReadonlyMap<string, Stats>, parents: ReadonlySet<string>): Buffer[] {
    const operations: Buffer[] = [];
    for (const path of [...new Set([...own.keys(), ...parents])].sort().reverse()) {
      const stats = own.get(path) ?? (path === "" ? undefined : this.volume.status(path));
      if (stats?.isDirectory()) operations.push(dirOp(path, stats));
    }
    return operations;
  }
}

/** The operation that a file begins with. */
export function putOp(path: string, stats: Stats) {
  return {
    op: "put" as const,
    path,
    ...attributesOf(stats),
    ...(stats.nlink > 1 ? { links: stats.ino } : {}),
  };
}

/** A frame that makes a directory and sets its attributes. */
export function dirOp(path: string, stats: Stats): Buffer {
  return encode({ op: "dir", path, ...attributesOf(stats) });
}
