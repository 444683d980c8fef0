/**
 * What master and slave say to each other, over the pipe that SSH makes between them.
 *
 * A frame is two unsigned 32-bit big-endian numbers (bytes of head and of body), the head as JSON, and the body as it
 * is. Paths are relative to the replicated tree's root, without a leading or a trailing `/`. A path is a string with
 * one character a byte ("latin1"), so that names which are not UTF-8 survive.
 */
import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";

/** Raised with every change that an older peer would misunderstand. */
export const VERSION = 5;

/** The most that one frame's body carries, bytes; longer files take several. */
export const CHUNK = 1024 * 1024;

/** What both sides keep of a file's inode. */
export interface Attributes {
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Modification time, whole microseconds since 1970, rounded down. */
  mtime: number;
}

/**
 * What else there is (fifos, sockets, devices) is nothing on another host. `unknown`: the master cannot tell what it is,
 * and the slave keeps what it has.
 */
export type EntryType = "file" | "dir" | "link" | "unknown";

/** One entry of a directory: name, type, attributes, and of a file its size, of a link its target. */
export interface Entry extends Attributes {
  name: string;
  type: EntryType;
  /** Bytes; files only. */
  size?: number;
  /** Links only. */
  target?: string;
  /** Number of the inode on the master; only files that have more than one name. */
  links?: number;
  /** See `digestOf`; only files of which size and time may tell too little. */
  digest?: string;
}

/** SHA-256 of a file's content, in base64. */
export function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("base64");
}

/** A place in the journal. */
export interface Position {
  position: number;
  /** What the master knows it again by; the slave gives it back. */
  stamp?: string | undefined;
}

/** From the master. */
export type Op =
  /** First on a connection. */
  | {
      op: "hello";
      version: number;
      /** The journal that positions belong to. */
      journal: string;
      /** Grows with every start of a master's daemon; a slave refuses one lower than it has seen. */
      term: number;
      /** The first components of all paths: the shares. */
      trees: string[];
    }
  /** A file with its content, whole or the first chunk of it; the slave shows it once the last chunk is there. */
  | ({ op: "put"; path: string; more?: true; links?: number } & Attributes)
  /** The next chunk of the file. */
  | { op: "data"; more?: true }
  /** The file that is being put has gone: forget its chunks. */
  | { op: "cancel" }
  /** Make the directory unless it is there, and set its attributes. */
  | ({ op: "dir"; path: string } & Attributes)
  | ({ op: "link"; path: string; target: string } & Attributes)
  /** Remove whatever is there, a directory with all in it. */
  | { op: "delete"; path: string }
  | { op: "rename"; from: string; to: string }
  /**
   * All that a directory holds. The slave removes what is not in it, mends attributes, makes directories, and answers
   * `listed`. The body is the JSON of Entry[].
   */
  | ({ op: "list"; path: string; id: number } & Attributes)
  /**
   * The names of all that a directory holds, of which the slave gets the states otherwise. It removes what is not among
   * them, and answers `listed`. The body is the JSON of string[].
   */
  | { op: "names"; path: string; id: number }
  /** Answered by `ack` after everything before it is done. */
  | { op: "mark"; id: number }
  /** Everything up to this position of the journal is on the slave: it may start from here the next time. */
  | ({ op: "cursor" } & Position)
  /** What follows may be as new as this position. The slave keeps it before it does any of that. */
  | ({ op: "ahead" } & Position)
  /** The trees that a full comparison has made equal; from now on they are this slave's. */
  | ({ op: "adopt"; trees: string[] } & Position)
  /** `age` milliseconds ago the master wrote `time` into its beacon. The slave sends it back. */
  | { op: "beacon"; time: number; age: number };

/** From the slave. */
export type Reply =
  /** First on a connection, to `hello`. */
  | {
      re: "hello";
      /** Where to go on, and its stamp; undefined: this slave knows nothing of the journal. */
      position?: number;
      stamp?: string | undefined;
      /** As new as this may some of it be, see the operation; undefined: nothing is newer than `position`. */
      ahead?: Position | undefined;
      /** The trees that it holds as they were at `position`; the others want a full comparison. */
      trees: string[];
    }
  /** The master must not go on; the connection ends. */
  | { re: "refused"; reason: string }
  | { re: "ack"; id: number }
  /** Of a `list`: the names whose content it wants, and the directories that it had not. Of `names`: those it lacks. */
  | { re: "listed"; id: number; need: string[]; made: string[] }
  /** A rename could not be done: the slave has no such path, something stands at the new one, or an error tells why. */
  | { re: "stale"; from: string; to: string }
  /** One path could not be brought up to date; the rest goes on. `attributes`: only those of a directory that is there. */
  | { re: "error"; path: string; message: string; attributes?: true }
  /** The slave can take nothing more for now (disk full, read-only, I/O error); the connection ends. */
  | { re: "stuck"; path: string; message: string }
  | { re: "beacon"; time: number };

/** A frame as it was received. */
export interface Frame<Head> {
  head: Head;
  body: Buffer;
}

const PREFIX = 8;
/** A directory's list may be long; anything longer is no frame of ours. */
const LIMIT = 1024 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** The bytes of one frame. */
export function encode(head: Op | Reply, body: Buffer = NOTHING): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.allocUnsafe(PREFIX);
  prefix.writeUInt32BE(text.length, 0);
  prefix.writeUInt32BE(body.length, 4);
  return Buffer.concat([prefix, text, body]);
}

/**
 * The frames that come over a connection, until it ends.
 *
 * @param limit the most bytes that the next one may have
 * @throws Error when the bytes are no frames
 */
export async function* frames<Head extends Op | Reply>(
  connection: Duplex,
  limit = () => LIMIT,
): AsyncGenerator<Frame<Head>> {
  let parts: Buffer[] = [];
  let size = 0;
  let wanted = PREFIX;
  for await (const part of connection as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size < wanted) continue;
    let bytes = parts.length === 1 ? part : Buffer.concat(parts, size);
    for (;;) {
      wanted = PREFIX;
      if (bytes.length < PREFIX) break;
      const headEnd = PREFIX + bytes.readUInt32BE(0);
      wanted = headEnd + bytes.readUInt32BE(4);
      if (wanted > limit())
        throw new Error(`a frame of ${wanted} bytes: this is not the replication protocol`);
      if (bytes.length < wanted) break;
      const head = JSON.parse(bytes.toString("utf8", PREFIX, headEnd)) as Head;
      yield { head, body: bytes.subarray(headEnd, wanted) };
      bytes = bytes.subarray(wanted);
    }
    parts = [bytes];
    size = bytes.length;
  }
}

/** The bytes of a path. */
export function bytesOf(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

/** The most of a path that a person is shown, characters. */
const LEGIBLE = 400;

/** A path as a person reads it: UTF-8 where it is, no control characters, and of a very long one both ends. */
export function shown(path: string): string {
  const text = JSON.stringify(bytesOf(path).toString("utf8")).slice(1, -1);
  return text.length > LEGIBLE ? `${text.slice(0, LEGIBLE / 2)}…${text.slice(-LEGIBLE / 2)}` : text;
}

/** Why a call failed, without the path at its end: that may be very long, or of a temporary file. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ '.*$/s, "") : String(error);
}
