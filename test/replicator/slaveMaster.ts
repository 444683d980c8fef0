import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  encode,
  frames,
  VERSION,
  type Attributes,
  type Frame,
  type Op,
  type Reply,
} from "../../replicator/protocol";
import { Receiver, type ReceiverOptions } from "../../replicator/slave/receiver";

type Hello = Extract<Op, { op: "hello" }>;

export const HELLO: Hello = { op: "hello", version: VERSION, journal: "a journal", term: 1, trees: ["data"] };

/** Attributes that any user may set. */
export function attributes(mode = 0o644, mtime = 1_700_000_000_123_457): Attributes {
  return { mode, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mtime };
}

/** An empty replica in a temporary directory, and the receiver that keeps it. */
export class Slave {
  readonly directory = mkdtempSync(join(tmpdir(), "ha-nfs-slave-"));
  readonly root = join(this.directory, "root");
  readonly log: string[] = [];
  receiver: Receiver;
  private readonly masters: FakeMaster[] = [];
  private readonly umask = process.umask(0);

  constructor(private readonly options: Partial<ReceiverOptions> = {}) {
    this.receiver = this.start();
  }

  start(): Receiver {
    this.receiver = new Receiver({ root: this.root, log: (line) => this.log.push(line), ...this.options });
    return this.receiver;
  }

  async restart(): Promise<void> {
    await this.receiver.stop();
    this.start();
  }

  /** What stands in the root. */
  file(...path: string[]): string {
    return join(this.root, ...path);
  }

  /** A connection that nothing has been said on. */
  async connect(): Promise<FakeMaster> {
    const socket = join(this.directory, "socket");
    const server = createServer((connection) => {
      server.close();
      void this.receiver.serve(connection);
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const master = new FakeMaster(connect(socket));
    this.masters.push(master);
    return master;
  }

  /** A master that was let in, and what it was told. */
  async master(hello: Partial<Hello> = {}): Promise<FakeMaster> {
    const master = await this.connect();
    master.send({ ...HELLO, ...hello });
    const first = await master.next();
    assert.equal(first?.re, "hello", JSON.stringify(first));
    master.welcome = first;
    return master;
  }

  async remove(): Promise<void> {
    for (const master of this.masters) master.socket.destroy();
    await this.receiver.stop();
    process.umask(this.umask);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class FakeMaster {
  welcome: Extract<Reply, { re: "hello" }> | undefined;
  private readonly replies: AsyncGenerator<Frame<Reply>>;
  private mark = 0;

  constructor(readonly socket: Socket) {
    socket.on("error", () => undefined);
    this.replies = frames<Reply>(socket);
  }

  send(op: Op, body?: Buffer | string): void {
    this.socket.write(encode(op, body === undefined ? undefined : Buffer.from(body)));
  }

  put(path: string, content: Buffer | string, more: Partial<Extract<Op, { op: "put" }>> = {}): void {
    this.send({ op: "put", path, ...attributes(), ...more }, content);
  }

  dir(path: string, mode = 0o755): void {
    this.send({ op: "dir", path, ...attributes(mode) });
  }

  /** The next thing that the slave says; undefined: it has ended the connection. */
  async next(): Promise<Reply | undefined> {
    const result = await this.replies.next();
    return result.done ? undefined : result.value.head;
  }

  /** What the slave says of all that was sent until now. */
  async settle(): Promise<Reply[]> {
    const id = ++this.mark;
    this.send({ op: "mark", id });
    const said: Reply[] = [];
    for (;;) {
      const reply = await this.next();
      if (!reply) throw new Error(`the connection has ended after ${JSON.stringify(said)}`);
      if (reply.re === "ack" && reply.id === id) return said;
      said.push(reply);
    }
  }

  /** Nothing that was sent until now went wrong. */
  async done(): Promise<void> {
    assert.deepEqual(await this.settle(), []);
  }

  async close(): Promise<void> {
    this.socket.end();
    while (await this.next());
  }
}
