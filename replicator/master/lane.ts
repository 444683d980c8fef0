import type { Duplex } from "node:stream";
import type { Batches } from "./batches";
import { Bell } from "./bell";
import { Bucket } from "./bucket";
import type { Beacons, Course, Positions } from "./course";
import { type Failing, Failures, type KeptFailures } from "./failures";
import { Follower } from "./follower";
import { Unreadable } from "./journal";
import type { Packer } from "./packer";
import { Declined, Stuck } from "./wire";

const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 5000;
const RETRY = 30_000;
/** A connection that lasted so long begins with the shortest pause again; milliseconds. */
const STABLE = 10_000;

export interface LaneOptions {
  /** Of the slave, as ssh_config has it. */
  name: string;
  trees: readonly string[];
  /** 0: no limit. */
  bandwidthKiB: number;
  journal: Positions;
  feed: Beacons;
  /** Resolves once changes are seen; until then the lane does no more than connect. */
  ready: Promise<void>;
  packer: Packer;
  batches: Batches;
  /** The remote shell of rsync, with its arguments. */
  ssh: readonly string[];
  connect: () => Duplex;
  /** What was kept of an earlier lane. */
  kept?: KeptLane | undefined;
  /** Takes one line. */
  log: (line: string) => void;
  /** Milliseconds without an answer before a connection is given up; 60 s when absent. */
  patience?: number;
  /** How often what could not be read or written is tried again; milliseconds, 30 000 when absent. */
  retryMs?: number;
}

/** What a lane leaves to the next one of the same slave. */
export interface KeptLane {
  /** The slave needs the journal from here on; absent: nothing of it. */
  position?: number;
  failures: KeptFailures;
}

type Phase = "connecting" | "comparing" | "following";

export interface LaneStatus {
  /** Stuck from when the slave has declined something until it takes something again, also while that is tried. */
  state: Phase | "stuck";
  connected: boolean;
  /** Now less the time of the last beacon that came back, or of the daemon's start. */
  lagSeconds: number;
  position?: number;
  /** Of the journal, still to be sent. */
  backlogBytes?: number;
  files: number;
  bytes: number;
  errors: number;
  /** How many paths are not up to date because they cannot be read here or written there, and the first of them; absent: none. */
  failing?: number;
  failures?: Failing[];
  /** Paths that wait for rsync. */
  specialPending: number;
  /** Directories compared so far. */
  comparing?: number;
  lastError?: { time: string; message: string };
}

/** Keeps one slave equal: connects, follows, and connects again. */
export class Lane {
  private phase: Phase = "connecting";
  private declined = false;
  private position: number | undefined;
  private directories: number | undefined;
  private files = 0;
  private bytes = 0;
  private lastBeacon = Date.now();
  private lastError: LaneStatus["lastError"];
  private follower: Follower | undefined;
  private stopping = false;
  private readonly failures: Failures;
  private readonly bucket: Bucket;
  private readonly pause = new Bell();
  private readonly course: Course;
  private done: Promise<void> | undefined;

  constructor(private readonly options: LaneOptions) {
    const { kept, journal, feed, ready, packer, batches, trees, name, ssh, patience } = options;
    this.position = kept?.position;
    this.failures = new Failures((message) => this.trouble(message), new Set(trees), kept?.failures);
    this.bucket = new Bucket(options.bandwidthKiB * 1024);
    this.course = {
      ...{ trees, journal, feed, ready, packer, batches, bucket: this.bucket, failures: this.failures },
      rsync: { name, ssh, bandwidthKiB: () => this.bucket.rate / 1024 },
      sent: journal.end,
      streamed: -Infinity,
      littered: [],
      lost: false,
      full: false,
      roomAt: -Infinity,
      horizon: -Infinity,
      retryMs: options.retryMs ?? RETRY,
      ...(patience === undefined ? {} : { patience }),
      begun: (position) => (this.position = position),
      reached: (position) => {
        this.position = position;
        this.course.full = false;
        this.enter(this.phase, false);
      },
      comparing: (directories) => this.comparing(directories),
      transferred: (files, bytes) => {
        this.files += files;
        this.bytes += bytes;
      },
      beacon: (time) => {
        this.lastBeacon = Math.max(this.lastBeacon, time);
        this.enter(this.phase, false);
      },
      trouble: (message) => this.trouble(message),
    };
  }

  get trees(): readonly string[] {
    return this.options.trees;
  }

  get kept(): KeptLane {
    const { position } = this;
    return { ...(position === undefined ? {} : { position }), failures: this.failures.kept };
  }

  get status(): LaneStatus {
    const { phase, position, directories, lastError, options } = this;
    return {
      state: this.state,
      connected: phase !== "connecting",
      lagSeconds: Math.max(0, Date.now() - this.lastBeacon) / 1000,
      ...(position === undefined ? {} : { position, backlogBytes: options.journal.left(position) }),
      files: this.files,
      bytes: this.bytes,
      errors: this.failures.count,
      ...(this.failures.size > 0 ? { failing: this.failures.size, failures: this.failures.listed } : {}),
      specialPending: this.follower?.specialPending ?? 0,
      ...(directories === undefined ? {} : { comparing: directories }),
      ...(lastError ? { lastError } : {}),
    };
  }

  start(): void {
    this.done ??= this.run();
  }

  /** Ends the connection and resolves once nothing is done for it any more. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.follower?.stop();
    this.pause.ring();
    await this.done;
  }

  /** @param bandwidthKiB 0: no limit */
  limit(bandwidthKiB: number): void {
    this.bucket.rate = bandwidthKiB * 1024;
  }

  /** The journal or the beacon has grown. */
  ring(): void {
    this.follower?.ring();
  }

  private async run(): Promise<void> {
    let pause = SHORTEST_PAUSE;
    while (!this.stopping) {
      const since = performance.now();
      try {
        this.follower = new Follower(this.course, this.options.connect());
        await this.follower.run();
      } catch (error) {
        if (this.stopping) return;
        this.course.lost ||= error instanceof Unreadable;
        this.course.full ||= error instanceof Stuck;
        this.trouble(error instanceof Error ? error.message : String(error));
        this.enter("connecting", error instanceof Declined);
      } finally {
        this.follower = undefined;
        this.directories = undefined;
      }
      if (performance.now() - since > STABLE) pause = SHORTEST_PAUSE;
      await this.pause.wait(pause * (0.75 + Math.random() / 2));
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    }
  }

  private comparing(directories: number | undefined): void {
    this.directories = directories;
    const taken = (directories ?? 0) > 0;
    this.enter(directories === undefined ? "following" : "comparing", this.declined && !taken);
  }

  private get state(): LaneStatus["state"] {
    return this.declined ? "stuck" : this.phase;
  }

  private enter(phase: Phase, declined: boolean): void {
    const before = this.state;
    this.phase = phase;
    this.declined = declined;
    if (this.state !== before && phase !== "connecting")
      this.options.log(`${this.options.name}: ${this.state}`);
  }

  private trouble(message: string): void {
    if (this.lastError?.message !== message) this.options.log(`${this.options.name}: ${message}`);
    this.lastError = { time: new Date().toISOString(), message };
  }
}
