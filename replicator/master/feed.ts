import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { BEACON, Beacon } from "./beacon";
import type { Change } from "./change";
import { Exchanges } from "./exchanges";
import { Inodes } from "./inodes";
import type { Journal } from "./journal";
import type { FeedMetrics } from "./metrics";
import { Overtaken } from "./overtaken";
import { parentOf, treeOf } from "../paths";
import { Pending } from "./pending";
import { Rescans } from "./rescan";
import { Volume } from "./volume";
import { type Listener, Watcher } from "./watcher";

/** Seconds without a change until the journal is told so. */
const IDLE = 60;
/** The longest that `stop` takes until `watch` is ended, milliseconds. */
const STOP = 800;

export interface FeedOptions {
  /** Where the volume is mounted. */
  root: string;
  /** The directories of `root` that are replicated. */
  trees: readonly string[];
  journal: Journal;
  /** How long changes gather before they are written; milliseconds, 200. */
  coalesceMs?: number;
  /** Whether all slaves have earlier changes to take: then changes gather for up to a second; false. */
  busy?: () => boolean;
  /** How much further back a rescan looks, for clocks that differ; seconds, 2. */
  marginSeconds?: number;
  /** Path of `watch`. */
  watchProgram: string;
  /** Descriptor of the kernel's queue that the daemon before has left. */
  queue?: number | undefined;
  /** Milliseconds between beacons, 500. */
  beaconMs?: number;
}

/** Brings all that changes in the trees into the journal. It emits `grown` for new records or a newer beacon. */
export class Feed extends EventEmitter<{ grown: [] }> {
  private trees: ReadonlySet<string>;
  private latest: { time: number; position: number } | undefined;
  private events = 0;
  private overflows = 0;
  private readonly troubles = new Map<string, string>();
  private readonly journal: Journal;
  private readonly volume: Volume;
  private readonly pending: Pending;
  private readonly inodes: Inodes;
  private readonly rescans: Rescans;
  private readonly watcher: Watcher;
  private readonly beacons: Beacon;
  /** The watcher has told all up to here, and the journal has it up to there; seconds since 1970. */
  private told = 0;
  private durable: number | undefined;
  private resumed = false;
  /** The time of a beacon that came after the changes that wait. */
  private seen: number | undefined;
  private flushing: Promise<void> | undefined;
  private readonly exchanges = new Exchanges();
  private readonly overtaken = new Overtaken();
  private started: () => void = () => undefined;

  constructor(private readonly options: FeedOptions) {
    super();
    const { root, journal, marginSeconds = 2, watchProgram, coalesceMs = 200 } = options;
    this.journal = journal;
    this.volume = new Volume(root);
    this.trees = new Set(options.trees);
    const busy = options.busy ?? (() => false);
    this.pending = new Pending({ coalesceMs, busy, ripe: () => void this.flush() });
    const wanted = (path: string) => this.wanted(path);
    this.inodes = new Inodes(this.volume, wanted);
    this.rescans = new Rescans({
      root,
      marginSeconds,
      inodes: this.inodes,
      wanted,
      trees: () => [...this.trees],
      append: (changes) => this.append(changes),
      done: (began) => this.rescanned(began),
      trouble: (message) => this.trouble("rescan", message),
    });
    this.watcher = new Watcher(watchProgram, root, this.listener(), options.queue);
    this.beacons = new Beacon(root, (message) => this.trouble("beacon", message));
  }

  /** The latest beacon (milliseconds since 1970): all changes before its time are in the journal before `position`. */
  get beacon(): { time: number; position: number } | undefined {
    return this.latest;
  }

  get metrics(): FeedMetrics {
    const error = [...this.troubles].map(([what, message]) => `${what}: ${message}`).join("; ");
    return {
      events: this.events,
      overflows: this.overflows,
      rescans: this.rescans.count,
      rescanning: this.rescans.running,
      ...(this.rescans.lastSeconds !== undefined && { lastRescanSeconds: this.rescans.lastSeconds }),
      watcherRestarts: this.watcher.restarts,
      resumed: this.resumed,
      ...(error && { error }),
    };
  }

  /** Resolves once every change is seen from now on; those since the journal's end come by a rescan after it. */
  async start(): Promise<void> {
    const begun = new Promise<void>((done) => (this.started = done));
    this.watcher.start();
    await begun;
    this.beacons.start(this.options.beaconMs ?? 500);
  }

  /** Writes what is known and lets the volume go. If nothing is missing then, the next daemon gets the queue. */
  async stop(): Promise<void> {
    const { watcher, rescans, beacons } = this;
    const written = async () => {
      const [halted] = await Promise.all([watcher.halt(STOP / 2), rescans.stop(), beacons.stop()]);
      await this.flushing;
      await this.flush();
      return halted && rescans.since === undefined && this.durable === this.told;
    };
    await watcher.stop(await Promise.race([written(), sleep(STOP, false, { ref: false })]));
  }

  /** The content of a tree that is new here is not in the journal: who follows it compares it first. */
  setTrees(trees: readonly string[]): void {
    this.trees = new Set(trees);
  }

  private listener(): Listener {
    return {
      resumed: () => {
        this.resumed = true;
        this.durable = this.journal.watermark;
        this.told = this.durable ?? 0;
      },
      begun: (seconds) => this.begun(seconds),
      changed: (path) => (path === BEACON ? this.beaconSeen() : this.changed("update", path)),
      moved: (path) => this.moved("update", path),
      linked: (path, inode) => this.linked(path, inode),
      // There may be another one at the path when a slave gets to know this.
      movedWhole: (path) => this.moved("tree", path),
      renamed: (from, to) => this.renamed("update", from, to),
      renamedWhole: (from, to) => this.renamed("tree", from, to),
      unnamed: (inode) => this.unnamed(inode, this.safe),
      told: (seconds) => this.upTo(seconds),
      overflowed: () => {
        this.overflows++;
        this.rescans.need(this.safe);
      },
      trouble: (message) => this.trouble("watch", message),
    };
  }

  private begun(seconds: number): void {
    this.trouble("watch", undefined);
    this.told = seconds;
    const left = this.durable ?? this.journal.watermark;
    this.durable = left ?? seconds;
    if (left !== undefined && !(this.resumed && this.watcher.restarts === 0)) this.rescans.need(this.safe);
    void this.flush().then(this.started);
  }

  private changed(kind: "update" | "tree", path: string): void {
    if (!this.wanted(path)) return;
    this.events++;
    this.pending.add({ kind, path });
    this.gather();
  }

  private moved(kind: "update" | "tree", path: string): void {
    this.changed(kind, path);
    this.parent(path);
  }

  /** The slave has to join the new name and all others: what it has of them may be one no more, or not yet. */
  private linked(path: string, inode: string): void {
    this.moved("update", path);
    if (this.wanted(path)) this.rescans.seek(inode, this.safe);
  }

  /** @param kind what tells all of it: by now another one may be there */
  private renamed(kind: "update" | "tree", from: string, to: string): void {
    const leaves = this.wanted(from);
    const comes = this.wanted(to);
    if (!leaves && !comes) return;
    this.events++;
    const inside = leaves && comes;
    if (inside) this.pending.add({ kind: "rename", from, to });
    // A directory from elsewhere comes with all that is in it; one that moves now may have moved past a rescan.
    if (!inside || this.rescans.since !== undefined) {
      this.pending.add({ kind, path: comes ? to : from });
    }
    for (const one of inside ? [this.exchanges, this.overtaken] : []) {
      for (const path of one.paths({ from, to })) this.pending.add({ kind: "tree", path });
    }
    if (leaves) this.parent(from);
    if (comes) this.parent(to);
    this.gather();
  }

  /** @param since the earliest time of the change, in case it has to be looked for */
  private unnamed(inode: string, since: number): void {
    const path = this.inodes.path(inode);
    if (path !== undefined) this.changed("update", path);
    else this.rescans.seek(inode, since);
  }

  private upTo(seconds: number): void {
    this.told = seconds;
    this.overtaken.told();
    this.beacons.told(seconds);
    const idle = Math.abs(seconds - (this.durable ?? seconds)) >= IDLE;
    if (idle && this.rescans.since === undefined && !this.flushing) void this.flush();
  }

  private rescanned(began: number): void {
    for (const inode of this.inodes.finish()) this.rescans.seek(inode, began);
    void this.flush();
  }

  private beaconSeen(): void {
    this.seen = this.beacons.seen() ?? this.seen;
    if (this.pending.size === 0 && !this.flushing) this.publish(this.seen);
  }

  /** While something may be missing in the journal no beacon is worth anything. */
  private publish(time: number | undefined): void {
    if (time === undefined || this.rescans.since !== undefined) return;
    if (time === this.seen) this.seen = undefined;
    this.latest = { time, position: this.journal.end };
    this.emit("grown");
  }

  /** An entry that comes or goes changes the time of its directory. */
  private parent(path: string): void {
    const directory = parentOf(path);
    if (directory && this.wanted(directory)) this.pending.add({ kind: "update", path: directory });
  }

  private gather(): void {
    if (this.pending.full) this.watcher.hold(true);
    if (!this.flushing) this.pending.gather();
  }

  /** Writes all that waits, one at a time. */
  private flush(): Promise<void> {
    this.flushing ??= this.write().finally(() => {
      this.flushing = undefined;
      this.watcher.hold(false);
      if (this.pending.size > 0) this.gather();
      else this.publish(this.seen);
    });
    return this.flushing;
  }

  private async write(): Promise<void> {
    const changes = this.pending.take();
    const beacon = this.seen;
    this.seen = undefined;
    try {
      await this.append(changes);
      this.publish(beacon);
    } catch {
      this.rescans.need(this.safe, "rested"); // finds them again
    }
  }

  private async append(changes: Change[]): Promise<void> {
    const watermark = Math.min(this.told, this.rescans.since ?? Infinity);
    try {
      await this.journal.append(changes, watermark);
    } catch (error) {
      this.trouble("journal", (error as Error).message);
      throw error;
    }
    this.trouble("journal", undefined);
    this.durable = watermark;
    if (changes.length > 0) this.emit("grown");
  }

  private wanted(path: string): boolean {
    return this.trees.has(treeOf(path));
  }

  /** Everything up to here is in the journal, also if the clock was set back; seconds since 1970. */
  private get safe(): number {
    return Math.min(this.durable ?? this.told, this.told);
  }

  private trouble(what: string, message: string | undefined): void {
    if (message === undefined) this.troubles.delete(what);
    else this.troubles.set(what, message);
  }
}
