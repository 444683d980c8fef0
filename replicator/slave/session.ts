import type { Duplex } from "node:stream";
import { encode, frames, reasonOf, type Op, type Reply } from "../protocol";
import { codeOf } from "../errors";
import { Breath, Interrupted } from "../breath";
import { checkHello, checkOp, entriesOf, namesOf, Refused, type Hello } from "./checks";
import { Incoming } from "./incoming";
import { compare, compareNames } from "./list";
import type { State } from "./state";
import type { Tree } from "./tree";

/** After these nothing more can be taken until somebody has mended the disk. */
const STUCK = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO"]);
/** How long a peer may take to read why its connection ends, milliseconds. */
const FAREWELL_MS = 2000;

/** A tree's directory was not there any more: what the slave holds is less than the master believes. */
export class TreeGone extends Error {}

/** What a session tells the receiver. */
export interface Host {
  readonly tree: Tree;
  readonly state: State;
  readonly trees: readonly string[] | undefined;
  /** Makes it the only session; what it throws ends it. */
  begin(session: Session, hello: Hello): Promise<void>;
  received(files: number, bytes: number): void;
  beacon(age: number): void;
  /** The master has seen everything up to a position through. */
  progressed(): void;
  failed(path: string, message: string, stuck: boolean): void;
  log(line: string): void;
}

/** One connection of a master. */
export class Session {
  /** What the master said of itself; undefined before. */
  hello: Hello | undefined;
  /** Of `performance.now()`: when the master was last heard. */
  heard = performance.now();
  /** Resolves once the connection is over and nothing is done for it any more; never rejects. */
  readonly finished: Promise<void>;
  private active = true;
  private trees: ReadonlySet<string> = new Set();
  private readonly breath = new Breath();
  private readonly incoming: Incoming;

  constructor(
    private readonly host: Host,
    private readonly connection: Duplex,
  ) {
    this.incoming = new Incoming(host.tree);
    connection.on("error", () => this.end());
    this.finished = this.run();
  }

  /** Whether operations are still taken. */
  get open(): boolean {
    return this.active;
  }

  /** Takes no more operations, and says `last`. */
  end(last?: Reply): void {
    if (!this.active) return;
    this.active = false;
    this.breath.end();
    if (!last) this.connection.destroy();
    else {
      this.connection.end(encode(last));
      setTimeout(() => this.connection.destroy(), FAREWELL_MS).unref();
    }
  }

  private async run(): Promise<void> {
    try {
      for await (const { head, body } of frames<Op>(this.connection)) {
        if (this.active) await this.take(head, body);
      }
    } catch (error) {
      // A connection that broke has a code; what are no frames has none.
      if (codeOf(error) === undefined) this.fail("", new Refused(String(error)));
    }
    this.active = false;
    try {
      this.incoming.cancel();
    } catch (error) {
      this.host.log(`cannot clean up: ${String(error)}`);
    }
    this.connection.end();
  }

  private async take(op: Op, body: Buffer): Promise<void> {
    this.heard = performance.now();
    try {
      if (this.hello) {
        checkOp(op, this.trees);
        const slow = this.apply(op, body);
        if (slow) await slow;
      } else await this.greet(op);
      if (this.breath.due) await this.breath.take();
    } catch (error) {
      this.fail("path" in op ? op.path : "from" in op ? op.from : this.incoming.path, error, op);
      // The error tells of the old name alone, and there is a new one.
      if (op.op === "rename") this.reply({ re: "stale", from: op.from, to: op.to });
    }
  }

  private async greet(op: Op): Promise<void> {
    const { host } = this;
    checkHello(op, host.trees);
    this.trees = new Set(op.trees);
    this.hello = op;
    await host.begin(this, op);
    this.reply({ re: "hello", ...host.state.place, trees: host.state.held });
  }

  private apply(op: Op, body: Buffer): Promise<void> | undefined {
    const { host, incoming } = this;
    const { tree, state } = host;
    switch (op.op) {
      case "put":
        host.received(incoming.put(op, body) ? 1 : 0, body.length);
        return;
      case "data":
        host.received(incoming.data(body, op.more) ? 1 : 0, body.length);
        return;
      case "cancel":
        incoming.cancel();
        return;
      case "dir":
        tree.makeParents(op.path);
        tree.makeDirectory(op.path, op);
        tree.setTimes(op.path, op.mtime);
        return;
      case "link":
        tree.makeLink(op.path, op.target, op);
        return;
      case "delete":
        if (tree.hasParents(op.path)) tree.remove(op.path);
        return;
      case "rename":
        if (!tree.rename(op.from, op.to)) this.reply({ re: "stale", from: op.from, to: op.to });
        return;
      case "list":
      case "names":
        return this.list(op, body);
      case "mark":
        tree.doubt();
        this.reply({ re: "ack", id: op.id });
        return;
      case "cursor":
        state.moveTo(op);
        host.progressed();
        return;
      case "ahead":
        state.goAhead(op);
        return;
      case "adopt":
        state.adopt(op.trees, op);
        host.progressed();
        return;
      case "beacon":
        host.beacon(op.age);
        this.reply({ re: "beacon", time: op.time });
        return;
      case "hello":
        throw new Refused("a second hello");
    }
  }

  private async list(op: Extract<Op, { op: "list" | "names" }>, body: Buffer): Promise<void> {
    const { tree } = this.host;
    const failed = (path: string, error: unknown) => {
      this.fail(path, error);
      if (!this.active) throw new Interrupted();
    };
    const { need, made } =
      op.op === "list"
        ? await compare(tree, op.path, op, entriesOf(body), this.breath, failed)
        : await compareNames(tree, op.path, namesOf(body), this.breath, failed);
    this.reply({ re: "listed", id: op.id, need, made });
  }

  private reply(reply: Reply): void {
    if (this.active) this.connection.write(encode(reply));
  }

  private isDirectory(path: string): boolean {
    const { tree } = this.host;
    try {
      return tree.hasParents(path) && tree.lstat(path)?.isDirectory() === true;
    } catch {
      return false;
    }
  }

  /** Tells the master what went wrong with a path, and ends the connection when it must not go on. */
  private fail(path: string, error: unknown, op?: Op): void {
    if (!this.active || error instanceof Interrupted) return;
    if (error instanceof Refused) {
      this.host.log(`refused a master: ${error.message}`);
      return this.end({ re: "refused", reason: error.message });
    }
    const message = reasonOf(error);
    const stuck = STUCK.has(codeOf(error) ?? "");
    this.host.failed(path, message, stuck);
    if (stuck) this.end({ re: "stuck", path, message });
    else if (error instanceof TreeGone) this.end({ re: "error", path, message });
    else {
      const attributes = op?.op === "dir" && this.isDirectory(path);
      this.reply({ re: "error", path, message, ...(attributes ? { attributes } : {}) });
    }
  }
}
