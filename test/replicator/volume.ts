import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { Batches } from "../../replicator/master/batches";
import type { Change } from "../../replicator/master/change";
import { Journal } from "../../replicator/master/journal";
import { Lane, type LaneOptions } from "../../replicator/master/lane";
import { Packer } from "../../replicator/master/packer";
import { Ages } from "../../replicator/master/reads";
import { Volume } from "../../replicator/master/volume";
import { Xattrs } from "../../replicator/master/xattrClient";
import { Receiver } from "../../replicator/slave/receiver";
import { until } from "../until";
import { syscalls } from "./equal";

export const XATTRS = join(__dirname, "../../replicator/master/xattrs");

/** A master's volume in a temporary directory, with a journal and what makes batches of it. */
export class TestVolume {
  readonly directory: string;
  readonly root: string;
  readonly log: string[] = [];
  readonly lanes: Lane[] = [];
  journal!: Journal;
  packer!: Packer;
  batches!: Batches;
  ages!: Ages;
  feed: { beacon: { time: number; position: number } | undefined } = { beacon: undefined };
  private xattrs!: Xattrs;

  /** @param parent on the file system that is wanted */
  constructor(
    readonly trees: readonly string[] = ["data"],
    parent = tmpdir(),
  ) {
    this.directory = mkdtempSync(join(parent, "ha-nfs-master-"));
    this.root = join(this.directory, "volume");
    for (const tree of trees) mkdirSync(join(this.root, tree), { recursive: true });
  }

  /** As a daemon begins. */
  async start(): Promise<this> {
    this.journal = await Journal.open(join(this.root, ".ha-nfs/replicator/journal"));
    this.xattrs = new Xattrs(XATTRS, this.root);
    this.packer = new Packer(new Volume(this.root), this.xattrs);
    this.ages = new Ages();
    this.batches = new Batches(this.journal, this.packer, this.ages, new Set(this.trees));
    this.feed = { beacon: undefined };
    return this;
  }

  /** As a daemon ends. */
  async stop(): Promise<void> {
    await Promise.all(this.lanes.splice(0).map((lane) => lane.stop()));
    await this.xattrs.stop();
    await this.journal.close();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  file(...path: string[]): string {
    return join(this.root, ...path);
  }

  /** As the feed writes changes: all that happened until now are among them. */
  async record(...changes: Change[]): Promise<void> {
    const time = Date.now();
    await this.journal.append(changes, time / 1000);
    this.feed.beacon = { time, position: this.journal.end };
    this.ages.note(this.feed.beacon);
    for (const lane of this.lanes) lane.ring();
  }

  /** So that what happens from now on is known to come after all that was read before. */
  async calm(): Promise<void> {
    for (let beacon = 0; beacon < 2; beacon++) {
      const since = Date.now();
      await until("the clock goes on", () => Date.now() > since + 2);
      await this.record();
    }
  }

  lane(slave: TestSlave, options: Partial<LaneOptions> = {}): Lane {
    const { trees, journal, feed, packer, batches } = this;
    const lane = new Lane({
      ...{ name: slave.name, trees, bandwidthKiB: 0, journal, feed, packer, batches },
      ready: Promise.resolve(),
      ssh: slave.shell,
      connect: () => slave.connect(),
      log: (line) => this.log.push(line),
      ...options,
    });
    this.lanes.push(lane);
    lane.start();
    return lane;
  }
}

export const update = (path: string): Change => ({ kind: "update", path });
export const rename = (from: string, to: string): Change => ({ kind: "rename", from, to });

/** A remote shell for rsync, which runs the command in the replica of that name in a directory. */
export function shellFor(directory: string): string[] {
  return [join(__dirname, "remoteShell"), directory];
}

/** A slave's service on a socket. */
export class TestSlave {
  readonly root: string;
  readonly log: string[] = [];
  receiver: Receiver;
  private readonly connections = new Set<Socket>();
  private readonly server: Server;

  /** @param directory holds the replica, under the slave's name, and its socket */
  constructor(
    readonly name = "s1",
    private readonly directory = mkdtempSync(join(tmpdir(), "ha-nfs-slave-")),
  ) {
    this.root = join(directory, name);
    mkdirSync(join(this.root, ".ha-nfs/rsync"), { recursive: true });
    this.receiver = this.start();
    this.server = createServer((connection) => {
      this.connections.add(connection);
      connection.on("close", () => this.connections.delete(connection));
      void this.receiver.serve(connection);
    }).listen(this.socket);
  }

  /** A remote shell for rsync, which runs the command in the replica. */
  get shell(): string[] {
    return shellFor(this.directory);
  }

  private get socket(): string {
    return join(this.directory, `${this.name}.socket`);
  }

  start(): Receiver {
    this.receiver = new Receiver({ root: this.root, log: (line) => this.log.push(line) });
    return this.receiver;
  }

  /** The service ends, orderly, and begins again. */
  async restart(): Promise<void> {
    await this.receiver.stop();
    this.cut();
    this.start();
  }

  connect(): Socket {
    return connect(this.socket);
  }

  /** A connection whose bytes to the slave `see` gets first. */
  tapped(see: (bytes: Buffer) => void): Socket {
    const connection = this.connect();
    const write = connection.write.bind(connection);
    connection.write = (bytes: Buffer) => {
      see(bytes);
      return write(bytes);
    };
    return connection;
  }

  /** A connection that nobody serves. */
  silent(): Duplex {
    return new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() });
  }

  /** Breaks all connections. */
  cut(): void {
    for (const connection of this.connections) connection.destroy();
  }

  file(...path: string[]): string {
    return join(this.root, ...path);
  }

  /** Resolves once the slave knows that it has all of the journal. */
  async follows({ journal, log }: TestVolume, seconds = 20): Promise<void> {
    const lines = () => [...log, ...this.log].slice(-10).join("\n");
    await until("the slave is up to date", () => this.receiver.state.position === journal.end, seconds).catch(
      (error: unknown) => assert.fail(`${String(error)}\n${lines()}`),
    );
  }

  async remove(): Promise<void> {
    await this.receiver.stop();
    this.cut();
    this.server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What each test of a suite has of its own. */
export interface Pair {
  master: TestVolume;
  slave: TestSlave;
}

/** Makes a pair before each test of the suite that calls this, and removes it afterwards. */
export function pairForEach(): Pair {
  const pair = {} as Pair;
  beforeEach(async () => {
    pair.master = await new TestVolume().start();
    pair.slave = new TestSlave();
  });
  afterEach(async () => {
    await pair.master.remove();
    await pair.slave.remove();
  });
  return pair;
}

/** Skips the suite that calls this where there is no rsync: the nodes have it, this machine need not. */
export function needsRsync(): void {
  before(function () {
    if (spawnSync("rsync", ["--version"]).error) this.skip();
  });
}

/** Mounts a file system of 1 MiB on a directory and runs `action`; skips the test where nothing can be mounted. */
export async function onSmallDisk(
  test: Mocha.Context,
  directory: string,
  action: () => Promise<void>,
): Promise<void> {
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory]);
  if (mount.status !== 0) test.skip();
  try {
    await action();
  } finally {
    spawnSync("umount", ["--lazy", directory]); // a test that failed may hold it
  }
}

const hex = (value: string) => Buffer.from(value).toString("hex");

/** Gives it an extended attribute. */
export function mark(path: string, value: string): void {
  syscalls("/", "set", path, "user.test", hex(value));
}

export function isMarked(path: string): string {
  const value = /user\.test=([0-9a-f]*)/.exec(syscalls("/", "list", path))?.[1] ?? "";
  return Buffer.from(value, "hex").toString();
}
