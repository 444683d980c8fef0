import type { Duplex } from "node:stream";
import { shown } from "../protocol";
import { Refused, type Hello } from "./checks";
import { Janitor } from "./janitor";
import { Session, TreeGone, type Host } from "./session";
import { State } from "./state";
import { Tree } from "./tree";

/** How long a master of one volume keeps that of another out after it was last heard, milliseconds. */
const SILENT_MS = 10_000;

export interface ReceiverOptions {
  /** The directory that holds the replica. */
  root: string;
  /** The only trees that a master may send; all when absent. */
  trees?: readonly string[];
  /** Takes one line; stderr when absent. */
  log?: (line: string) => void;
}

/** The replica in one directory, which one master at a time keeps up to date. */
export class Receiver implements Host {
  readonly tree: Tree;
  readonly state: State;
  readonly trees: readonly string[] | undefined;
  readonly log: (line: string) => void;
  /** Since the start; bytes of content. */
  files = 0;
  bytes = 0;
  errors = 0;
  lastError: { time: string; path: string; message: string } | undefined;
  /** Why nothing more can be taken; undefined once the master has got any further. */
  stuck: string | undefined;
  private session: Session | undefined;
  private readonly janitor: Janitor;
  /** Of `performance.now()`: when the master wrote the latest beacon that came. */
  private beaconTime: number | undefined;

  constructor(options: ReceiverOptions) {
    const { root, trees, log = (line) => console.error(line) } = options;
    this.trees = trees;
    this.log = log;
    this.tree = new Tree(
      root,
      (tree) => this.onRoot(tree),
      () => this.janitor.wake(),
    );
    this.state = new State(root, this.tree, log);
    this.janitor = new Janitor(this.tree, log);
  }

  /** Serves one master until its connection ends. Never rejects. */
  serve(connection: Duplex): Promise<void> {
    return new Session(this, connection).finished;
  }

  /** Ends the master's connection and writes the state down. */
  async stop(): Promise<void> {
    this.session?.end();
    await this.session?.finished;
    await Promise.all([this.state.persist(), this.janitor.stop()]);
  }

  /** Seconds that the replica is behind the master; undefined before the first beacon since the start. */
  lag(): number | undefined {
    return this.beaconTime === undefined ? undefined : (performance.now() - this.beaconTime) / 1000;
  }

  /** Whether a master is there. */
  get connected(): boolean {
    return this.session?.open === true;
  }

  async begin(session: Session, hello: Hello): Promise<void> {
    const before = this.session;
    if (
      before?.open &&
      before.hello?.journal !== hello.journal &&
      performance.now() - before.heard < SILENT_MS
    ) {
      throw new Refused("the master of another volume is connected");
    }
    this.state.admit(hello);
    this.session = session;
    before?.end();
    await before?.finished;
    this.tree.doubt();
    this.janitor.start();
    await this.state.saveMaster();
    this.log(`a master with term ${hello.term} is connected`);
  }

  received(files: number, bytes: number): void {
    this.files += files;
    this.bytes += bytes;
  }

  beacon(age: number): void {
    this.beaconTime = performance.now() - age;
  }

  progressed(): void {
    this.stuck = undefined;
  }

  failed(path: string, message: string, stuck: boolean): void {
    this.errors++;
    this.lastError = { time: new Date().toISOString(), path: shown(path), message };
    if (!stuck) return;
    this.stuck = message;
    this.log(`stuck at ${shown(path)}: ${message}`);
  }

  private onRoot(tree: string): void {
    if (this.state.lose(tree))
      throw new TreeGone("the tree was not there any more: it needs a full comparison");
  }
}
