import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { Duplex, PassThrough } from "node:stream";
import { Batches } from "../../replicator/master/batches";
import { encode, type Frame, frames, type Op, type Reply } from "../../replicator/protocol";
import { TestSlave, TestVolume, update } from "./volume";
import { until } from "../until";

type Listed = Extract<Reply, { re: "listed" }>;

/** A slave that asks for what is not its own: `says` after the first mark, `listed` of each directory. */
class BadSlave {
  /** Heads and bodies of all that it was sent. */
  readonly got: string[] = [];
  private said = false;

  constructor(
    private readonly says: readonly unknown[],
    private readonly listed: Partial<Listed> = {},
  ) {}

  connect(): Duplex {
    const toSlave = new PassThrough();
    const end = new Duplex({
      read: () => undefined,
      write: (bytes, _encoding, done) => {
        toSlave.write(bytes);
        done();
      },
    });
    const say = (reply: unknown) => end.push(encode(reply as Reply));
    const listen = async () => {
      for await (const frame of frames<Op>(toSlave)) this.answer(frame, say);
    };
    void listen();
    return end;
  }

  private answer({ head, body }: Frame<Op>, say: (reply: unknown) => void): void {
    this.got.push(`${JSON.stringify(head)} ${body.toString("latin1")}`);
    if (head.op === "hello") say({ re: "hello", trees: [] });
    if (head.op === "list") say({ re: "listed", id: head.id, need: [], made: [], ...this.listed });
    if (head.op !== "mark") return;
    say({ re: "ack", id: head.id });
    if (this.said) return;
    this.said = true;
    for (const reply of this.says) say(reply);
  }
}

describe("replicator: a slave that asks for more than its trees", () => {
  let master: TestVolume;
  let slave: TestSlave;

  beforeEach(async () => {
    master = await new TestVolume(["data", "secret"]).start();
    slave = new TestSlave();
    mkdirSync(master.file("secret/dir"));
    writeFileSync(master.file("secret/payroll"), "SECRET");
    writeFileSync(master.file("secret/dir/deep"), "SECRET");
    writeFileSync(master.file("data/open"), "public");
  });
  afterEach(async () => {
    await master.remove();
    await slave.remove();
  });

  const lane = (connect: () => Duplex) => {
    const { journal, packer, ages } = master;
    const trees = ["data"];
    return master.lane(slave, {
      trees,
      batches: new Batches(journal, packer, ages, new Set(trees)),
      connect,
    });
  };

  for (const [what, says, listed] of [
    ["the old name of a rename", [{ re: "stale", from: "secret", to: "data/x" }]],
    ["the new name of a rename", [{ re: "stale", from: "data/x", to: "secret/payroll" }]],
    ["a way up in a rename", [{ re: "stale", from: "data/../secret/payroll", to: "data/x" }]],
    ["the daemon's own files", [{ re: "stale", from: ".ha-nfs/replicator/journal/id", to: "data/x" }]],
    ["a path that is refused", [{ re: "error", path: "secret/payroll", message: "" }]],
    ["all that is refused", [{ re: "error", path: "data/..", message: "" }]],
    ["a name in a directory", [], { need: ["../secret/payroll"] }],
    ["a directory in a directory", [], { made: ["../secret"] }],
    ["a name that is none", [], { need: [7] as unknown as string[] }],
    ["a rename that was not told", [{ re: "stale", from: "data/x", to: "data/y" }]],
    ["a list that was not told", [{ re: "listed", id: 7, need: [], made: [] }]],
    ["nothing that is known", [{ re: "more", path: "secret" }]],
  ] as const) {
    it(`by ${what} gets nothing, and its connection ends`, async () => {
      const bad = new BadSlave(says, listed as Partial<Listed>);
      const refusing = lane(() => bad.connect());
      const told = () => refusing.status.lastError?.message.startsWith("the slave must not say: ") === true;
      await until("its connection ends", told);
      await master.record(update("data/open"));
      assert.deepEqual(
        bad.got.filter((one) => /SECRET|payroll|"secret|journal\/id/.test(one)),
        [],
      );
    });
  }

  it("by very much at once is not listened to", async () => {
    const bad = new BadSlave([{ re: "error", path: "data/x", message: "m".repeat(70_000) }]);
    const refusing = lane(() => bad.connect());
    const told = () => refusing.status.lastError?.message.includes("not the replication protocol") === true;
    await until("its connection ends", told);
  });

  it("by all the names of a long list, and by a long reason of which no more is kept than a person reads", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `${index}${"n".repeat(100)}`);
    for (const name of names) writeFileSync(master.file("data", name), "");
    const isPut = (one: string) => one.startsWith('{"op":"put"');
    const error = { re: "error", path: "data/x", message: "m".repeat(60_000) };
    const bad = new BadSlave([error], { need: names });
    const asked = lane(() => bad.connect());
    await until("it is told", () => asked.kept.failures.paths.length === 1);
    assert.equal(asked.kept.failures.paths[0]?.message.length, 300);
    await until("all that it needs is there", () => bad.got.filter(isPut).length === names.length);
  });

  it("by an error without a path gets nothing more", async () => {
    const bad = new BadSlave([{ re: "error", path: "", message: "something" }]);
    const told = lane(() => bad.connect());
    await until("it is told", () => master.log.includes("s1: something"));
    assert.deepEqual(told.kept.failures.paths, []);
  });

  it("that it had before is not tried again", () => {
    const since = new Date().toISOString();
    const paths = ["secret/payroll", "data/open"].map((path) => ({ path, message: "no", since }));
    const kept = { failures: { paths, overflowed: false } };
    const { failures } = master.lane(slave, { trees: ["data"], kept }).kept;
    assert.deepEqual(
      failures.paths.map(({ path }) => path),
      ["data/open"],
    );
  });
});
