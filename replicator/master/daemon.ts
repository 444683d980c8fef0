import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { Batches } from "./batches";
import type { MasterConfig } from "./config";
import { connectBy } from "./connection";
import { readCursors, writeJson } from "./cursors";
import { Feed } from "./feed";
import { Journal } from "./journal";
import { type KeptLane, Lane } from "./lane";
import { Marked } from "./marked";
import { MetricsServer, type Status } from "./metrics";
import { Packer } from "./packer";
import { Ages } from "./reads";
import { Volume } from "./volume";
import { Xattrs } from "./xattrClient";

const OWN = ".ha-nfs/replicator";
/** What the slave asks for runs there, whatever the command says; see its authorized_keys. */
const RECEIVE = "ha-nfs-receive";
const STATUS_EVERY = 1000;
const CURSORS_EVERY = 2000;
/** Longer than a slave keeps its position back. */
const TRIM_EVERY = 30_000;
const MiB = 2 ** 20;

export interface DaemonOptions {
  log: (line: string) => void;
  /** Reaches the receiver of a slave; by SSH when absent. */
  connect?: (slave: string) => Duplex;
  /** The remote shell, with its arguments; ssh when absent. */
  ssh?: readonly string[];
  /** Descriptor of the queue of changes that the daemon before has left with systemd. */
  queue?: number | undefined;
  /** Milliseconds between beacons; see `FeedOptions`. */
  beaconMs?: number;
}

/** Feeds the slaves from the volume, from its start to its stop. */
export class Daemon {
  private readonly lanes = new Map<string, Lane>();
  /** By trees. */
  private readonly batches = new Map<string, Batches>();
  private readonly ages = new Ages();
  private readonly marked: Marked;
  private readonly packer: Packer;
  private readonly xattrs: Xattrs;
  private readonly feed: Feed;
  /** Resolves once changes are seen. */
  private ready = Promise.resolve();
  private readonly metrics: MetricsServer;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly ssh: readonly string[];
  private readonly cursorsFile: string;
  /** Of slaves that have no lane yet. */
  private readonly kept: Record<string, KeptLane>;
  /** The journal as slaves may still ask for it after a crash of theirs: their positions of a while ago. */
  private trimmable = 0;

  private constructor(
    private config: MasterConfig,
    private readonly journal: Journal,
    private readonly options: DaemonOptions,
  ) {
    const { root, trees, watch, sshConfig, metricsPort, metricsAddress } = config;
    this.ssh = options.ssh ?? ["ssh", "-F", sshConfig, "-o", "BatchMode=yes"];
    this.xattrs = new Xattrs(join(dirname(watch), "xattrs"), root);
    this.marked = new Marked(join(root, OWN, "marked.json"));
    this.packer = new Packer(new Volume(root), this.xattrs, this.marked);
    this.feed = new Feed({
      ...{ root, trees, journal, watchProgram: watch, queue: options.queue },
      ...(options.beaconMs === undefined ? {} : { beaconMs: options.beaconMs }),
      ...(config.coalesceMs === undefined ? {} : { coalesceMs: config.coalesceMs }),
      busy: () => this.busy,
    });
    this.cursorsFile = join(root, OWN, "cursors.json");
    this.kept = readCursors(this.cursorsFile);
    this.metrics = new MetricsServer(() => this.status, metricsPort, metricsAddress);
  }

  /**
   * Resolves once every change from now on is seen.
   *
   * @throws Error when the journal cannot be opened
   */
  static async start(config: MasterConfig, options: DaemonOptions): Promise<Daemon> {
    const limit = (config.journalLimitMiB ?? 256) * MiB;
    const journal = await Journal.open(join(config.root, OWN, "journal"), limit);
    const daemon = new Daemon(config, journal, options);
    await daemon.begin();
    return daemon;
  }

  get status(): Status {
    const { journal, feed, lanes, metrics } = this;
    return {
      journal: { id: journal.id, term: journal.term, oldest: journal.oldest, end: journal.end },
      feed: feed.metrics,
      slaves: Object.fromEntries([...lanes].map(([name, lane]) => [name, lane.status])),
      maxLagSeconds: this.config.maxLagSeconds ?? 5,
      memoryBytes: process.memoryUsage.rss(),
      ...(metrics.error === undefined ? {} : { metricsError: metrics.error }),
    };
  }

  /** Whether each slave that is there has yet to take what the journal has. */
  private get busy(): boolean {
    const there = [...this.lanes.values()].map(({ status }) => status).filter(({ connected }) => connected);
    return there.length > 0 && there.every(({ backlogBytes = 0 }) => backlogBytes > 0);
  }

  /** Where metrics are served; undefined: nowhere. */
  get metricsPort(): number | undefined {
    return this.metrics.port;
  }

  /** Slaves come and go, their limits and trees change; the other lanes notice nothing. */
  async reconfigure(config: MasterConfig): Promise<void> {
    this.config = config;
    this.feed.setTrees(config.trees);
    const gone = [...this.lanes].filter(([name, lane]) => {
      return !sameTrees(this.treesOf(name), lane.trees);
    });
    await Promise.all(
      gone.map(async ([name, lane]) => {
        await lane.stop();
        this.lanes.delete(name);
        delete this.kept[name];
        if (name in config.slaves) this.kept[name] = lane.kept;
      }),
    );
    this.open();
  }

  /** Ends all that it has started; the volume is free then. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.metrics.stop();
    await Promise.all([this.feed.stop(), ...[...this.lanes.values()].map((lane) => lane.stop())]);
    await this.xattrs.stop();
    this.writeCursors();
    await this.journal.close();
  }

  private async begin(): Promise<void> {
    this.feed.on("grown", () => {
      if (this.feed.beacon) this.ages.note(this.feed.beacon);
      for (const lane of this.lanes.values()) lane.ring();
    });
    this.every(STATUS_EVERY, () => writeJson(this.config.statusFile, this.status));
    this.ready = this.feed.start();
    this.open();
    await this.ready;
    this.every(CURSORS_EVERY, () => this.writeCursors());
    this.every(TRIM_EVERY, () => this.trim());
  }

  /** Lanes for the slaves that have none. */
  private open(): void {
    for (const [name, { bandwidthKiB = 0 }] of Object.entries(this.config.slaves)) {
      const lane = this.lanes.get(name);
      if (lane) lane.limit(bandwidthKiB);
      else this.openLane(name, bandwidthKiB);
    }
  }

  private openLane(name: string, bandwidthKiB: number): void {
    const { journal, feed, ready, packer, ssh, options } = this;
    const trees = this.treesOf(name) ?? [];
    const connect = options.connect ?? ((slave) => connectBy([...ssh, slave, RECEIVE]));
    const lane = new Lane({
      ...{ name, trees, bandwidthKiB, journal, feed, ready, packer, ssh, log: options.log },
      batches: this.batchesOf(trees),
      connect: () => connect(name),
      kept: this.kept[name],
    });
    this.lanes.set(name, lane);
    lane.start();
  }

  /** Undefined: there is no such slave. */
  private treesOf(name: string): readonly string[] | undefined {
    const slave = this.config.slaves[name];
    return slave && (slave.trees ?? this.config.trees);
  }

  private batchesOf(trees: readonly string[]): Batches {
    const key = [...trees].sort().join("/");
    const batches =
      this.batches.get(key) ?? new Batches(this.journal, this.packer, this.ages, new Set(trees));
    this.batches.set(key, batches);
    return batches;
  }

  private writeCursors(): void {
    const lanes = [...this.lanes].map(([name, lane]) => [name, lane.kept]);
    writeJson(this.cursorsFile, Object.fromEntries(lanes));
    this.marked.save();
  }

  private async trim(): Promise<void> {
    const before = this.trimmable;
    const positions = [...this.lanes.values()].flatMap(({ kept }) => kept.position ?? []);
    this.trimmable = Math.min(this.journal.end, ...positions);
    await this.journal.trim(before);
  }

  /** What fails is said once, and tried again. */
  private every(milliseconds: number, action: () => void | Promise<void>): void {
    let said: string | undefined;
    const act = async () => {
      try {
        await action();
        said = undefined;
      } catch (error) {
        const message = String(error);
        if (message !== said) this.options.log(message);
        said = message;
      }
    };
    this.timers.push(setInterval(() => void act(), milliseconds));
  }
}

function sameTrees(some: readonly string[] | undefined, others: readonly string[]): boolean {
  return some !== undefined && [...some].sort().join("/") === [...others].sort().join("/");
}
