import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { CHUNK, type Attributes, type Op } from "../protocol";
import { OWN, Refused } from "./checks";
import { fsTime, mend, SELF, unlinked, type Tree } from "./tree";

type Put = Extract<Op, { op: "put" }>;

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** All bits but those that a write takes away. */
const PLAIN = 0o1777;
const REWRITE = constants.O_RDWR | constants.O_NOFOLLOW;

/** The file that is being received. It is written in `tmp` and moved into place once it is whole. */
export class Incoming {
  /** The path of the latest file. */
  path = "";
  private file: { put: Put; temporary: string; fd: number } | undefined;
  /** The file could not be taken, and more of it is to come. */
  private failed = false;

  constructor(private readonly tree: Tree) {}

  /** Starts a file; returns whether that was all of it and it is in place. */
  put(put: Put, body: Buffer): boolean {
    if (this.file ?? this.failed) throw new Refused("put: the file before it is not complete");
    this.path = put.path;
    const temporary = this.tree.temporary();
    this.failed = put.more === true;
    const fd = openSync(this.tree.at(temporary), CREATE, put.mode & PLAIN);
    this.failed = false;
    this.file = { put, temporary, fd };
    return this.take(body, put.more);
  }

  /** Goes on with the file; returns whether it is in place now. */
  data(body: Buffer, more: true | undefined): boolean {
    if (this.file) return this.take(body, more);
    if (!this.failed) throw new Refused("data without put");
    this.failed = more === true;
    return false;
  }

  /** Forgets the file. */
  cancel(): void {
    const file = this.file;
    this.file = undefined;
    this.failed = false;
    if (!file) return;
    closeSync(file.fd);
    unlinked(this.tree.at(file.temporary));
  }

  private take(body: Buffer, more: true | undefined): boolean {
    try {
      if (this.file && body.length > 0) writeAll(this.file.fd, body);
      if (!more) this.finish();
    } catch (error) {
      this.cancel();
      this.failed = more === true;
      throw error;
    }
    return !more;
  }

  private finish(): void {
    const file = this.file;
    if (!file) return;
    const { put, temporary, fd } = file;
    mend(fd, { ...SELF, mode: put.mode & PLAIN }, put);
    const time = fsTime(put.mtime);
    futimesSync(fd, time, time);
    if (put.links === undefined) this.tree.place(temporary, put.path);
    else this.placeLinked(temporary, put, put.links);
    this.file = undefined;
    closeSync(fd);
  }

  /**
   * A file with several names. `links/<inode on the master>` is one more name of it here: as long as that has others,
   * its inode gets the new content, and `put.path` becomes that inode.
   */
  private placeLinked(temporary: string, put: Put, inode: number): void {
    const { tree } = this;
    const hook = linkName(inode);
    const stat = tree.lstat(hook);
    if (stat && stat.nlink > 1) {
      rewrite(tree.at(temporary), tree.at(hook), put);
      unlinked(tree.at(temporary));
      tree.makeParents(put.path);
      if (tree.lstat(put.path)?.ino === stat.ino) return;
      linkSync(tree.at(hook), tree.at(temporary));
    } else {
      if (stat) unlinked(tree.at(hook));
      linkSync(tree.at(temporary), tree.at(hook));
    }
    tree.place(temporary, put.path);
  }
}

/** The further name of the inode that is `inode` on the master. */
export function linkName(inode: number): string {
  return `${OWN}/links/${inode}`;
}

/** Makes `to`, in place, what `from` is; only blocks that differ are written. */
function rewrite(from: Buffer, to: Buffer, attributes: Attributes): void {
  const target = openSync(to, REWRITE);
  let source: number | undefined;
  try {
    source = openSync(from, constants.O_RDONLY);
    const wanted = Buffer.allocUnsafe(CHUNK);
    const present = Buffer.allocUnsafe(CHUNK);
    let position = 0;
    for (;;) {
      const bytes = wanted.subarray(0, readSync(source, wanted, 0, CHUNK, position));
      if (bytes.length === 0) break;
      const old = present.subarray(0, readSync(target, present, 0, bytes.length, position));
      if (!old.equals(bytes)) writeAll(target, bytes, position);
      position += bytes.length;
    }
    ftruncateSync(target, position);
    mend(target, fstatSync(target), attributes);
    const time = fsTime(attributes.mtime);
    futimesSync(target, time, time);
  } finally {
    if (source !== undefined) closeSync(source);
    closeSync(target);
  }
}

/** `position` undefined: where the file stands. */
function writeAll(fd: number, bytes: Buffer, position?: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === undefined ? null : position + done);
  }
}
