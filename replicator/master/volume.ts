import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  type Dirent,
  type Stats,
} from "node:fs";
import { codeOf } from "../errors";
import { parentOf } from "../paths";
import { bytesOf, type Attributes } from "../protocol";

/** Longer files are not shared between lanes; bytes. */
export const SHARED_FILE = 256 * 1024;
/** Longer files go by rsync, which sends only what is new of them; bytes. */
export const STREAMED_FILE = 4 * 1024 * 1024;
/** Holes of a smaller file are not worth an rsync; bytes. */
export const SPARSE_FILE = 64 * 1024;
/** Permission bits without those that let a file run as its owner: a replica's host has its own ideas of who may. */
const PLAIN = 0o1777;
/** The times that a JavaScript number tells to the microsecond. */
const LATEST = Number.MAX_SAFE_INTEGER - 1;

/** Nonblocking: it may have become a fifo. Only the owner and root may leave the time of access alone. */
const OPEN =
  constants.O_RDONLY |
  constants.O_NOFOLLOW |
  constants.O_NONBLOCK |
  (process.geteuid?.() === 0 ? constants.O_NOATIME : 0);

/**
 * Reads what is in the root. By synchronous calls: a thread's round trip costs more than they do. A path that leads over
 * a symbolic link leads to nothing: the link may stand where a directory with the same names was, or point anywhere.
 */
export class Volume {
  private readonly prefix: string;
  private readonly device: number;
  /** Directories to which no symbolic link leads, in this turn of the event loop. */
  private readonly real = new Set<string>();

  /** @throws Error when there is no such directory */
  constructor(readonly root: string) {
    this.prefix = `${realpathSync.native(root, "latin1")}/`;
    this.device = statSync(root).dev;
  }

  /** @throws Error when the volume is not mounted any more: that nothing is there says nothing about its files then */
  check(): void {
    if (statSync(this.root).dev !== this.device) throw new Error(`${this.root} is not the volume any more`);
  }

  /**
   * What is at a path; undefined: nothing, or nothing on another host, as fifos, sockets and devices are.
   *
   * @throws Error of the file system
   */
  lstat(path: string): Stats | undefined {
    const at = bytesOf(this.prefix + path);
    const stats = unlessGone(() =>
      this.isReal(parentOf(path)) ? lstatSync(at, { throwIfNoEntry: false }) : undefined,
    );
    if (this.real.has(path) && !stats?.isDirectory()) this.real.clear();
    return stats && (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) ? stats : undefined;
  }

  /** The same; undefined also where that cannot be told. */
  status(path: string): Stats | undefined {
    try {
      return this.lstat(path);
    } catch {
      return undefined;
    }
  }

  isDirectory(path: string): boolean {
    return this.status(path)?.isDirectory() ?? false;
  }

  /**
   * What a symbolic link says; undefined: there is none any more.
   *
   * @throws Error of the file system
   */
  target(path: string): string | undefined {
    return unlessGone(() => readlinkSync(bytesOf(this.prefix + path), "latin1"), NO_LINK);
  }

  /**
   * The names in a directory; undefined when there is none.
   *
   * @throws Error of the file system
   */
  names(path: string): string[] | undefined {
    return unlessGone(() =>
      this.isReal(path) ? readdirSync(bytesOf(this.prefix + path), "latin1") : undefined,
    );
  }

  /** How many names there are in a directory, and which of them are directories; none where that cannot be told. */
  count(path: string): { names: number; directories: string[] } {
    const entries = this.entries(path);
    const directories = entries?.filter((entry) => entry.isDirectory()) ?? [];
    return { names: entries?.length ?? 0, directories: directories.map(({ name }) => `${path}/${name}`) };
  }

  private entries(path: string): Dirent[] | undefined {
    try {
      const at = bytesOf(this.prefix + path);
      return this.isReal(path) ? readdirSync(at, { encoding: "latin1", withFileTypes: true }) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether no symbolic link is on the way to a directory, nor is one itself. */
  private isReal(directory: string): boolean {
    if (directory === "" || this.real.has(directory)) return true;
    const at = this.prefix + directory;
    if (realpathSync.native(bytesOf(at), "latin1") !== at) return false;
    if (this.real.size === 0) setImmediate(() => this.real.clear());
    this.real.add(directory);
    return true;
  }

  /** Opens a file; undefined when there is none. Here no later moment counts than that of the opening. */
  open(path: string): number | undefined {
    const at = this.prefix + path;
    return unlessGone(() => {
      const file = openSync(bytesOf(at), OPEN);
      if (readlinkSync(`/proc/self/fd/${file}`, "latin1") === at) return file;
      closeSync(file);
      return undefined;
    });
  }

  /**
   * What is at a path, and its content unless it is no file or longer than `most`; undefined when there is nothing. Both
   * are of one inode: what `lstat` said a moment before may have been of another.
   */
  read(path: string, most: number): { stats: Stats; content?: Buffer } | undefined {
    const file = this.open(path);
    if (file === undefined) return undefined;
    try {
      const stats = fstatSync(file);
      return stats.isFile() && stats.size <= most
        ? { stats, content: readUpTo(file, stats.size) }
        : { stats };
    } finally {
      closeSync(file);
    }
  }
}

/** The next `size` bytes of an open file, fewer at its end. */
export function readUpTo(file: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const count = readSync(file, bytes, length, size - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

export function attributesOf(stats: Stats): Attributes {
  return {
    mode: stats.mode & (stats.isFile() ? PLAIN : 0o7777),
    uid: stats.uid,
    gid: stats.gid,
    // The quarter: whole microseconds come as a fraction that is a little too small.
    mtime: Math.max(-LATEST, Math.min(LATEST, Math.floor(stats.mtimeMs * 1000 + 0.25))),
  };
}

/** Whether rsync has to bring it: it is long, or has holes. Of a file with several names rsync would make several files. */
export function isSpecial(stats: Stats): boolean {
  if (!stats.isFile() || stats.nlink > 1) return false;
  return stats.size > STREAMED_FILE || (stats.size >= SPARSE_FILE && stats.blocks * 512 < stats.size / 2);
}

const GONE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"]);
const NO_LINK = new Set([...GONE, "EINVAL"]);

function unlessGone<T>(action: () => T, gone = GONE): T | undefined {
  try {
    return action();
  } catch (error) {
    if (gone.has(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}
