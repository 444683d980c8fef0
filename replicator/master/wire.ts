import type { Duplex } from "node:stream";
import { type Attributes, encode, frames, type Op, type Reply, shown } from "../protocol";
import type { Bucket } from "./bucket";
import { checkReply, unasked } from "./replies";

/** What is written at once; bytes. The least when there is a limit. */
const PIECE = 256 * 1024;
const SMALLEST = 4096;
/** The most that a slave says at once, but for what is in the lists that it is asked about; bytes. */
const SAYING = 64 * 1024;
/** And of its reasons, characters. */
const REASON = 300;
/** So many bytes a second a slave that is alive takes at least. */
const SLOWEST = 64 * 1024;

export type Greeting = Extract<Reply, { re: "hello" }>;
export type Listed = Extract<Reply, { re: "listed" }>;

/** What a slave says unasked. */
export interface Listener {
  stale(from: string, to: string): void;
  /** @param attributes only those of a directory */
  error(path: string, message: string, attributes: boolean): void;
  beacon(time: number): void;
}

interface Question<T> {
  done: (answer: T) => void;
  fail: (error: Error) => void;
}

interface Mark extends Question<Listed | undefined> {
  /** Bytes of the connection up to it. */
  end: number;
  /** Those of the list that it is about; undefined: of none. */
  list: number | undefined;
  listed?: Listed;
}

/** The slave can take nothing more, or wants nothing from this master; what it says is the message. */
export class Declined extends Error {}

/** The slave's disk takes nothing more. */
export class Stuck extends Declined {}

/** The master's end of a connection. When the connection ends, all that waits for it fails with the reason. */
export class Wire {
  private ids = 0;
  private greeting: Question<Greeting> | undefined;
  /** Waits for the connection to take more. */
  private full: Question<void> | undefined;
  private readonly marks = new Map<number, Mark>();
  private beacons = 0;
  private last: Promise<unknown> = Promise.resolve();
  private broken: Error | undefined;
  /** When something last came or could be written; of `performance.now()`. */
  private alive = performance.now();
  /** Bytes so far, and those up to the latest mark that was answered. */
  private written = 0;
  private answered = 0;
  private readonly timer: NodeJS.Timeout;
  private checked = performance.now();
  private over: (reason: Error) => void = () => undefined;
  /** Resolves with the reason when the connection is over. */
  readonly ended = new Promise<Error>((done) => (this.over = done));

  /**
   * @param trees all that the slave may ask for
   * @param patience milliseconds without an answer before the connection is given up
   */
  constructor(
    private readonly connection: Duplex,
    private readonly trees: ReadonlySet<string>,
    private readonly listener: Listener,
    private readonly bucket: Bucket,
    private readonly patience = 60_000,
  ) {
    connection.on("drain", () => this.full?.done());
    connection.on("error", (error) => this.end(error));
    connection.on("close", () => this.end(new Error("the connection has ended")));
    const often = Math.min(1000, patience / 4);
    this.timer = setInterval(() => this.check(often), often);
    void this.listen();
  }

  /** @throws Declined when the slave does not want this master */
  async greet(hello: Omit<Extract<Op, { op: "hello" }>, "op">): Promise<Greeting> {
    const answer = this.ask<Greeting>((question) => (this.greeting = question));
    await this.write(encode({ op: "hello", ...hello }));
    return answer;
  }

  /** Writes frames; nothing of another call gets in between. */
  write(bytes: Buffer): Promise<void> {
    return this.exclusive(() => this.put(bytes));
  }

  /** A frame that has to go before whatever is written next; undefined: none. */
  first: () => Buffer | undefined = () => undefined;

  /** Runs `action`, whose calls of `put` follow each other on the wire. */
  exclusive<T>(action: () => Promise<T>): Promise<T> {
    const done = this.last.then(async () => {
      const first = this.first();
      if (first) await this.put(first);
      return action();
    });
    this.last = done.catch(() => undefined);
    return done;
  }

  /** Only from within `exclusive`. */
  async put(bytes: Buffer): Promise<void> {
    const { rate } = this.bucket;
    const size = rate === 0 ? PIECE : Math.max(SMALLEST, Math.min(PIECE, Math.round(rate / 10)));
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      await this.bucket.take(piece.length);
      this.throwIfOver();
      this.written += piece.length;
      if (!this.connection.write(piece)) await this.drained();
      this.alive = performance.now();
    }
  }

  /** Writes frames and a mark. `done` resolves once the slave has done them. */
  send(...bytes: Buffer[]): { written: Promise<void>; done: Promise<Listed | undefined> } {
    return this.mark(bytes, ++this.ids);
  }

  private mark(
    bytes: Buffer[],
    id: number,
    list?: number,
  ): { written: Promise<void>; done: Promise<Listed | undefined> } {
    const mark = encode({ op: "mark", id });
    const done = this.ask<Listed | undefined>((question) =>
      this.marks.set(id, { ...question, end: 0, list }),
    );
    const written = this.exclusive(async () => {
      for (const part of [...bytes, mark]) await this.put(part);
      const sent = this.marks.get(id);
      if (sent) sent.end = this.written;
    });
    written.catch(() => undefined);
    return { written, done };
  }

  /** What the slave wants of a directory; undefined when it could not look: it has told the error. */
  list(path: string, attributes: Attributes, entries: Buffer): Promise<Listed | undefined> {
    const id = ++this.ids;
    return this.mark([encode({ op: "list", path, id, ...attributes }, entries)], id, entries.length).done;
  }

  /** What the slave has not of the names in a directory; undefined as of `list`. */
  names(path: string, names: Buffer): Promise<Listed | undefined> {
    const id = ++this.ids;
    return this.mark([encode({ op: "names", path, id }, names)], id, names.length).done;
  }

  beacon(time: number): void {
    this.beacons++;
    // The age is that of when it is its turn: the slave knows its own lag by it.
    const put = () => this.put(encode({ op: "beacon", time, age: Math.max(0, Date.now() - time) }));
    this.exclusive(put).catch(() => undefined);
  }

  /** @throws Error, the reason, when the connection is over */
  throwIfOver(): void {
    if (this.broken) throw this.broken;
  }

  /** Ends the connection; all that waits fails with `reason`. */
  end(reason: Error): void {
    if (this.broken) return;
    this.broken = reason;
    clearInterval(this.timer);
    this.connection.destroy();
    for (const question of this.marks.values()) question.fail(reason);
    this.greeting?.fail(reason);
    this.full?.fail(reason);
    this.over(reason);
  }

  /** Who asks may have given up by then: an answer that fails ends nothing but the one who waits for it. */
  private ask<T>(put: (question: Question<T>) => void): Promise<T> {
    const answer = new Promise<T>((done, fail) => {
      if (this.broken) fail(this.broken);
      else put({ done, fail });
    });
    answer.catch(() => undefined);
    return answer;
  }

  private drained(): Promise<void> {
    return this.ask((question) => (this.full = question));
  }

  private async listen(): Promise<void> {
    try {
      for await (const { head } of frames<Reply>(this.connection, () => this.limit)) {
        this.alive = performance.now();
        checkReply(head, this.trees);
        this.take(head);
      }
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private take(reply: Reply): void {
    switch (reply.re) {
      case "hello":
        this.greeting?.done(reply);
        this.greeting = undefined;
        return;
      case "refused":
        return this.end(new Declined(reply.reason.slice(0, REASON)));
      case "stuck":
        return this.end(new Stuck(`${shown(reply.path)}: ${reply.message.slice(0, REASON)}`));
      case "ack":
        return this.acknowledged(reply.id);
      case "listed":
        return this.listed(reply);
      case "stale":
        return this.listener.stale(reply.from, reply.to);
      case "error":
        return this.listener.error(reply.path, reply.message.slice(0, REASON), reply.attributes === true);
      case "beacon":
        this.beacons--;
        return this.listener.beacon(reply.time);
    }
  }

  /** The names that it says are among those that it was told. */
  private get limit(): number {
    return [...this.marks.values()].reduce((sum, { list = 0 }) => sum + list, SAYING);
  }

  private listed(reply: Listed): void {
    const mark = this.marks.get(reply.id);
    if (mark?.list === undefined || mark.listed) throw unasked(reply);
    mark.listed = reply;
  }

  private acknowledged(id: number): void {
    const mark = this.marks.get(id);
    if (!mark) return;
    this.answered = mark.end;
    mark.done(mark.listed);
    this.marks.delete(id);
  }

  /** @param often how often this is called; milliseconds */
  private check(often: number): void {
    const now = performance.now();
    // What came while this process was held up is not read yet.
    this.alive += Math.max(0, now - this.checked - 2 * often);
    this.checked = now;
    const waiting = this.marks.size > 0 || this.beacons > 0 || this.greeting;
    const patience = this.patience + ((this.written - this.answered) / SLOWEST) * 1000;
    if (waiting && now - this.alive > patience) {
      this.end(new Error(`no answer for ${Math.round(patience / 1000)} s`));
    }
  }
}
