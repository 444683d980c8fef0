import type { Batches } from "./batches";
import type { Bucket } from "./bucket";
import type { Failures } from "./failures";
import type { Packer } from "./packer";
import type { RsyncOptions } from "./rsync";

/** What a lane has of the journal; `Journal` is one. */
export interface Positions {
  readonly id: string;
  readonly term: number;
  readonly oldest: number;
  readonly end: number;
  stampOf(position: number): string | undefined;
  knows(position: number, stamp: string | undefined): boolean;
  /** Bytes from a position to the end. */
  left(position: number): number;
}

/** What a lane has of the feed; `Feed` is one. */
export interface Beacons {
  readonly beacon: { time: number; position: number } | undefined;
}

/** What outlives a connection to a slave. */
export interface Course {
  /** Resolves once changes are seen: nothing may be read before. */
  ready: Promise<void>;
  trees: readonly string[];
  journal: Positions;
  feed: Beacons;
  packer: Packer;
  batches: Batches;
  bucket: Bucket;
  rsync: Pick<RsyncOptions, "name" | "ssh" | "bandwidthKiB">;
  failures: Failures;
  /** Records before it may have been sent already, also by an earlier lane or daemon. */
  sent: number;
  /** Records before it go by the stream: an rsync for them has begun once and has not ended well. */
  streamed: number;
  /** Directories in which such an rsync may have left files of its own. */
  littered: readonly string[];
  /** The journal could not be read where the slave was: everything is to be compared. */
  lost: boolean;
  /** The slave's disk took nothing more: first goes what has gone here, however late in the journal that stands. */
  full: boolean;
  /** When that may be looked for again; of `performance.now()`. */
  roomAt: number;
  /** When the state of paths was last read for this slave alone, other than in batches; milliseconds since 1970. */
  horizon: number;
  /** Milliseconds without an answer before a connection is given up. */
  patience?: number;
  /** How often what could not be read or written is tried again; milliseconds. */
  retryMs: number;
  /** A connection goes on at this position. */
  begun(position: number): void;
  /** The slave has taken everything up to this position. */
  reached(position: number): void;
  /** Directories that have been compared so far; undefined: it follows the journal. */
  comparing(directories: number | undefined): void;
  transferred(files: number, bytes: number): void;
  /** A beacon has come back. */
  beacon(time: number): void;
  /** Something went wrong that does not end the connection. */
  trouble(message: string): void;
}
