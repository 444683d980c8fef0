import {
  chmodSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  type Stats,
} from "node:fs";
import { codeOf } from "../errors";
import { bytesOf, type Attributes } from "../protocol";
import { OWN } from "./checks";

const IMPLICIT_MODE = 0o755;
const MOST_PARENTS = 4096;
const SPECIAL_BITS = 0o6000;

type Owned = Pick<Attributes, "mode" | "uid" | "gid">;

/** What happens to single paths in the root. All paths are checked ones; a symbolic link is never followed. */
export class Tree {
  /** The root's bytes, one character a byte, with a slash at the end. */
  private readonly prefix: string;
  /** Begins the names of what this process has in `tmp`. */
  private readonly stamp = `${process.pid}.${Date.now().toString(36)}.`;
  private count = 0;
  /** Directories that are known to be no symbolic links. */
  private readonly real = new Set<string>();

  /**
   * @param onRoot called once the directory of a tree itself had to be made
   * @param onDiscard called once there is a directory in `tmp` that nobody wants
   */
  constructor(
    root: string,
    private readonly onRoot: (tree: string) => void,
    private readonly onDiscard: () => void,
  ) {
    this.prefix = `${Buffer.from(root).toString("latin1")}/`;
  }

  at(path: string): Buffer {
    return bytesOf(this.prefix + path);
  }

  lstat(path: string): Stats | undefined {
    try {
      return lstatSync(this.at(path), { throwIfNoEntry: false });
    } catch (error) {
      if (codeOf(error) === "ENOTDIR") return undefined;
      throw error;
    }
  }

  /** A new path in `tmp`. */
  temporary(): string {
    return `${OWN}/tmp/${this.stamp}${++this.count}`;
  }

  /** Whether a name in `tmp` may still be in use. */
  isLive(name: string): boolean {
    return name.startsWith(this.stamp);
  }

  /** Somebody else may have been at the tree: look at every directory again. */
  doubt(): void {
    this.real.clear();
  }

  /** Whether `path` lies in a directory that is really there, without a symbolic link in the middle. */
  hasParents(path: string): boolean {
    return this.parents(path, () => false);
  }

  /** Makes the directories above `path`; what is no directory there goes. */
  makeParents(path: string): void {
    this.parents(path, (parent, stat) => {
      if (stat) unlinkSync(this.at(parent));
      this.mkdir(parent, IMPLICIT_MODE);
      return true;
    });
  }

  /** Looks at the directories above `path` from the top; `mend` is asked about each that is none. */
  private parents(path: string, mend: (parent: string, stat: Stats | undefined) => boolean): boolean {
    const last = path.lastIndexOf("/");
    if (last < 0 || this.real.has(path.slice(0, last))) return true;
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (this.real.has(parent)) continue;
      const stat = this.lstat(parent);
      if (!stat?.isDirectory() && !mend(parent, stat)) return false;
      if (this.real.size >= MOST_PARENTS) this.real.clear();
      this.real.add(parent);
    }
    return true;
  }

  /** Made in `tmp`, where no default access control list of a parent comes upon it. */
  private mkdir(path: string, mode: number): void {
    const temporary = this.at(this.temporary());
    mkdirSync(temporary, mode);
    try {
      this.move(temporary, path);
    } catch (error) {
      rmdirSync(temporary);
      if (!this.lstat(path)?.isDirectory()) throw error; // else rsync has made one meanwhile
    }
    if (!path.includes("/")) this.onRoot(path);
  }

  /** A directory with these attributes, but for its times. Returns whether it had to be made. */
  makeDirectory(path: string, attributes: Attributes, stat = this.lstat(path)): boolean {
    const there = stat?.isDirectory() ? stat : undefined;
    if (!there) {
      if (stat) this.remove(path);
      this.mkdir(path, attributes.mode);
    }
    const at = this.at(path);
    mend(at, there ?? lstatSync(at), attributes);
    return !there;
  }

  /** The directory that is there has these times. */
  setTimes(path: string, mtime: number): void {
    const time = fsTime(mtime);
    utimesSync(this.at(path), time, time);
  }

  makeLink(path: string, target: string, attributes: Attributes): void {
    const temporary = this.temporary();
    const at = this.at(temporary);
    symlinkSync(bytesOf(target), at);
    try {
      if (attributes.uid !== SELF.uid || attributes.gid !== SELF.gid) {
        lchownSync(at, attributes.uid, attributes.gid);
      }
      const time = fsTime(attributes.mtime);
      lutimesSync(at, time, time);
      this.place(temporary, path);
    } catch (error) {
      unlinked(at);
      throw error;
    }
  }

  /** Moves what is in `tmp` to `path`, in the place of what is there; parents are made. */
  place(temporary: string, path: string): void {
    this.makeParents(path);
    this.move(this.at(temporary), path);
  }

  /** Rsync may have been at `path`, and above it, since these were looked at. */
  private move(from: Buffer, path: string): void {
    const to = this.at(path);
    try {
      renameSync(from, to);
    } catch (error) {
      const code = codeOf(error);
      if (code !== "EISDIR" && code !== "ENOENT" && code !== "ENOTDIR") throw error;
      this.doubt();
      this.makeParents(path);
      if (code !== "ENOENT") this.remove(path);
      renameSync(from, to);
    }
  }

  /** Removes what is at `path`, if anything. A directory goes as one, and is taken to pieces later. */
  remove(path: string): void {
    const at = this.at(path);
    if (unlinked(at)) return;
    this.doubt();
    try {
      rmdirSync(at);
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOTEMPTY") this.discard(at);
      else if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      else unlinked(at); // rsync was quicker
    }
  }

  /** Moves a directory that nobody wants to where it is taken to pieces. */
  discard(at: Buffer): void {
    renameSync(at, this.at(`${OWN}/tmp/gone.${this.stamp}${++this.count}`));
    this.onDiscard();
  }

  /** Returns false, and has done nothing, when `from` is not there or `to` holds something that cannot give way. */
  rename(from: string, to: string): boolean {
    if (!this.hasParents(from)) return false;
    const stat = this.lstat(from);
    if (!stat) return false;
    this.makeParents(to);
    if (stat.isDirectory()) this.doubt();
    try {
      renameSync(this.at(from), this.at(to));
    } catch (error) {
      if (STALE.has(codeOf(error) ?? "")) return false;
      throw error;
    }
    // Two names of one inode: rename(2) leaves both.
    if (stat.nlink > 1 && !stat.isDirectory() && from !== to) unlinked(this.at(from));
    return true;
  }
}

const STALE = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ENOTEMPTY", "EEXIST", "EINVAL"]);

/** Who owns what this process makes. */
export const SELF = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };

/** Mode and owner of a path, which is no symbolic link, or of an open file, where they are not as wanted. */
export function mend(target: Buffer | number, have: Owned, want: Owned): void {
  const chown = have.uid !== want.uid || have.gid !== want.gid;
  if (chown) {
    if (typeof target === "number") fchownSync(target, want.uid, want.gid);
    else lchownSync(target, want.uid, want.gid);
  }
  // chown(2) takes the set-id bits away.
  if ((have.mode & 0o7777) === want.mode && !(chown && want.mode & SPECIAL_BITS)) return;
  if (typeof target === "number") fchmodSync(target, want.mode);
  else chmodSync(target, want.mode);
}

/**
 * The microseconds of `Attributes.mtime` for node:fs, which truncates: hence the half. It takes a time before 1970 as
 * a Date only, so of these the microseconds are lost.
 */
export function fsTime(mtime: number): number | Date {
  return mtime < 0 ? new Date(Math.floor(mtime / 1000)) : (mtime + 0.5) / 1e6;
}

/** Removes what is no directory. False: it is one. */
export function unlinked(at: Buffer): boolean {
  try {
    unlinkSync(at);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EISDIR") return false;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  }
  return true;
}
