import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Op, VERSION } from "../../replicator/protocol";
import { attributes, HELLO, Slave, type FakeMaster } from "./slaveMaster";
import { onSmallDisk } from "./volume";

describe("replicator/slave: sessions and safety", function () {
  this.timeout(10_000);
  let slave: Slave;

  beforeEach(() => {
    slave = new Slave();
    mkdirSync(slave.root);
  });
  afterEach(() => slave.remove());

  /** A master that has made `data` equal to its own, up to 100. */
  const adopted = async (): Promise<FakeMaster> => {
    const master = await slave.master();
    master.put("data/file", "x");
    master.send({ op: "adopt", trees: ["data"], position: 100 });
    await master.done();
    return master;
  };
  const refusal = async (master: FakeMaster): Promise<string> => {
    const reply = await master.next();
    assert.equal(reply?.re, "refused", JSON.stringify(reply));
    assert.equal(await master.next(), undefined);
    return reply.reason;
  };
  const greeted = async (hello: object): Promise<string> => {
    const master = await slave.connect();
    master.send({ ...HELLO, ...hello });
    return refusal(master);
  };

  const hostile = [
    "", "/", "/data/x", "data/", "data//x", "data/../x", "data/..", "..", ".", "data/.", "data/./x", "../data/x",
    "data/x\0", "data/\u012e\u012e/x", "data\u012fx", ".ha-nfs", ".ha-nfs/state.json", "other/x", "datax", "lost+found", 7, null,
  ]; // prettier-ignore
  for (const path of hostile) {
    it(`refuses the path ${JSON.stringify(path)} in every operation`, async () => {
      writeFileSync(join(slave.directory, "x"), "safe");
      const bad = path as string;
      const ops: Op[] = [
        { op: "put", path: bad, ...attributes() },
        { op: "dir", path: bad, ...attributes() },
        { op: "link", path: bad, target: "x", ...attributes() },
        { op: "list", path: bad, id: 1, ...attributes() },
        { op: "delete", path: bad },
        { op: "rename", from: bad, to: "data/y" },
        { op: "rename", from: "data/file", to: bad },
      ];
      for (const op of ops) {
        const master = await slave.master();
        master.put("data/file", "x");
        await master.done();
        master.send(op, "[]");
        master.put("data/after", "must not come");
        assert.match(await refusal(master), /^(not a path|outside the trees): /, op.op);
        assert.deepEqual(readdirSync(slave.file("data")), ["file"], op.op);
      }
      assert.deepEqual(readdirSync(slave.root).sort(), [".ha-nfs", "data"]);
      assert.deepEqual(readdirSync(slave.directory).sort(), ["root", "x"]);
    });
  }

  it("refuses what is malformed otherwise, and names in lists that lead elsewhere", async () => {
    const entry = { type: "file", size: 1, ...attributes() };
    const bad: [op: object, body?: string][] = [
      [{ op: "put", path: "data/x", ...attributes(), mode: 0o10000 }],
      [{ op: "put", path: "data/x", ...attributes(), uid: -1 }],
      [{ op: "put", path: "data/x", ...attributes(), mtime: 0.5 }],
      [{ op: "put", path: "data/x", ...attributes(), links: "../../x" }],
      [{ op: "link", path: "data/x", ...attributes() }],
      [{ op: "link", path: "data/x", ...attributes(), target: "a\0b" }],
      [{ op: "data" }, "bytes of no file"],
      [{ op: "adopt", trees: ["other"], position: 1 }],
      [{ op: "cursor", position: -1 }],
      [{ op: "beacon", time: 1, age: "0" }],
      [{ op: "format" }],
      [{ ...HELLO }],
      [{ op: "list", path: "data", id: 1, ...attributes() }, "{}"],
      [{ op: "list", path: "data", id: 1, ...attributes() }, "no JSON"],
      ...["..", ".", "", "a/b", "a\0", "\u012e\u012e", 7].map((name): [object, string] => [
        { op: "list", path: "data", id: 1, ...attributes() },
        JSON.stringify([{ ...entry, name }]),
      ]),
      ...["", "../x", 7].map((digest): [object, string] => [
        { op: "list", path: "data", id: 1, ...attributes() },
        JSON.stringify([{ ...entry, name: "a", digest }]),
      ]),
      ...["..", "a/b", { name: "a" }].map((name): [object, string] => [
        { op: "names", path: "data", id: 1 },
        JSON.stringify([name]),
      ]),
      [
        { op: "list", path: "data", id: 1, ...attributes() },
        JSON.stringify([
          { ...entry, name: "a" },
          { ...entry, name: "a" },
        ]),
      ],
    ];
    for (const [op, body] of bad) {
      const master = await adopted();
      master.send(op as Op, body);
      assert.match(await refusal(master), /./, JSON.stringify(op));
      assert.deepEqual(readdirSync(slave.file("data")), ["file"]);
    }
  });

  it("ends a connection of bytes that are no frames", async () => {
    const master = await adopted();
    master.socket.write("GET / HTTP/1.1\r\n\r\n");
    await assert.rejects(async () => assert.equal(await master.next(), "an end, but"));
    assert.equal(slave.receiver.connected, false);
  });

  it("lets nobody in without a good hello", async () => {
    const first = await slave.connect();
    first.put("data/x", "x");
    assert.match(await refusal(first), /^no hello$/);
    assert.match(await greeted({ version: 99 }), new RegExp(`version ${VERSION} of the protocol, not 99`));
    assert.match(await greeted({ trees: [".ha-nfs"] }), /not a tree/);
    assert.match(await greeted({ trees: ["a/b"] }), /not a tree/);
    assert.match(await greeted({ term: "1" }), /term/);
    assert.deepEqual(readdirSync(slave.root), []);
    await slave.remove();
    slave = new Slave({ trees: ["data"] });
    mkdirSync(slave.root);
    assert.match(await greeted({ trees: ["data", "more"] }), /not a tree of this slave: "more"/);
  });

  it("touches nothing in a root that is not its own, until somebody allows it", async () => {
    mkdirSync(slave.file("data"));
    mkdirSync(slave.file("lost+found"));
    writeFileSync(slave.file("data/precious"), "x");
    assert.match(
      await greeted({}),
      /is not empty and not a replica of ha-nfs: it holds data; empty it, or create .*adopt/,
    );
    assert.deepEqual(readdirSync(slave.root).sort(), ["data", "lost+found"]);
    mkdirSync(slave.file(".ha-nfs"));
    assert.match(await greeted({}), /is not empty/);
    writeFileSync(slave.file(".ha-nfs/adopt"), "");
    const master = await slave.master();
    assert.deepEqual(master.welcome, { re: "hello", trees: [] });
    assert.equal(existsSync(slave.file(".ha-nfs/adopt")), false);
    await master.close();
    await slave.restart();
    await slave.master();
    assert.equal(readFileSync(slave.file("data/precious"), "utf8"), "x");
  });

  it("refuses a root that is not there", async () => {
    rmSync(slave.root, { recursive: true });
    assert.match(await greeted({}), /cannot be read: .*ENOENT/);
    assert.equal(existsSync(slave.root), false);
  });

  it("goes on where it was after a restart, and clears what was left", async () => {
    let master = await adopted();
    master.send({ op: "cursor", position: 200 });
    await master.done();
    await slave.restart();
    mkdirSync(slave.file(".ha-nfs/tmp/gone.1/a/b"), { recursive: true });
    writeFileSync(slave.file(".ha-nfs/tmp/gone.1/a/file"), "");
    writeFileSync(slave.file(".ha-nfs/tmp/left"), "");
    master = await slave.master();
    assert.deepEqual(master.welcome, { re: "hello", position: 200, trees: ["data"] });
    while (readdirSync(slave.file(".ha-nfs/tmp")).length > 0) await setTimeout(5);
  });

  it("writes its state within seconds, not at every cursor", async () => {
    const master = await adopted();
    const position = () => {
      const state = JSON.parse(readFileSync(slave.file(".ha-nfs/state.json"), "utf8")) as {
        position?: number;
      };
      return state.position;
    };
    master.send({ op: "cursor", position: 300 });
    await master.done();
    assert.equal(position(), undefined);
    while (position() === undefined) await setTimeout(50);
    assert.equal(position(), 300);
  });

  it("knows nothing of the position in another volume's journal", async () => {
    await (await adopted()).close();
    const other = await slave.master({ journal: "another", term: 0 });
    assert.deepEqual(other.welcome, { re: "hello", trees: [] });
    await other.close();
    assert.deepEqual((await slave.master()).welcome, { re: "hello", trees: [] });
  });

  it("keeps the master of another volume out while one is heard", async () => {
    await adopted();
    assert.match(await greeted({ journal: "another" }), /another volume/);
  });

  it("compares a tree again that was wiped, put in its place, or is new", async () => {
    let master = await adopted();
    await slave.restart();
    rmSync(slave.file("data"), { recursive: true });
    mkdirSync(slave.file("data"));
    master = await slave.master();
    assert.deepEqual(master.welcome, { re: "hello", trees: [] });
    master = await adopted();
    assert.deepEqual((await slave.master({ trees: ["data", "more"] })).welcome?.trees, ["data"]);
    const without = await slave.master({ trees: ["more"] });
    assert.deepEqual(without.welcome, { re: "hello", trees: [] });
    without.send({ op: "cursor", position: 500 });
    await without.done();
    assert.deepEqual((await slave.master()).welcome?.trees, []);
  });

  it("ends the connection when a tree goes while it is followed", async () => {
    const master = await adopted();
    rmSync(slave.file("data"), { recursive: true });
    master.put("data/next", "x");
    const reply = await master.next();
    assert.equal(reply?.re, "error");
    assert.match(reply.message, /full comparison/);
    assert.equal(await master.next(), undefined);
    assert.deepEqual((await slave.master()).welcome, { re: "hello", trees: [] });
  });

  it("does not take other trees for newer than they are when one is adopted", async () => {
    const master = await slave.master({ trees: ["data", "more"] });
    master.put("data/x", "x");
    master.put("more/x", "x");
    master.send({ op: "adopt", trees: ["data"], position: 100 });
    master.send({ op: "adopt", trees: ["more"], position: 150 });
    await master.done();
    const trees = ["data", "more"];
    assert.deepEqual((await slave.master({ trees })).welcome, {
      re: "hello",
      position: 150,
      trees: ["more"],
    });
  });

  it("lets a newer master take over, and an older one not", async () => {
    const old = await slave.master({ term: 5 });
    const newer = await slave.master({ term: 6 });
    assert.equal(await old.next().catch(() => undefined), undefined);
    assert.equal(await greeted({ term: 5 }), "a newer master has term 6");
    newer.put("data/x", "x");
    await newer.done();
    await slave.restart();
    assert.equal(await greeted({ term: 5 }), "a newer master has term 6");
    await slave.master({ term: 6 });
  });

  it("drops what an ended master had under way", async () => {
    const old = await slave.master();
    old.put("data/x", "half", { more: true });
    await old.done();
    const next = await slave.master();
    next.put("data/y", "whole");
    await next.done();
    assert.deepEqual(readdirSync(slave.file("data")), ["y"]);
    assert.deepEqual(readdirSync(slave.file(".ha-nfs/tmp")), []);
  });

  it("is stuck on a full disk, and says so until there is progress", async function () {
    await onSmallDisk(this, slave.root, async () => {
      const master = await adopted();
      master.put("data/big", Buffer.alloc(1024 * 1024));
      master.put("data/small", "ignored");
      const reply = await master.next();
      assert.deepEqual(reply, {
        re: "stuck",
        path: "data/big",
        message: "ENOSPC: no space left on device, write",
      });
      assert.equal(await master.next(), undefined);
      assert.deepEqual(readdirSync(slave.file("data")), ["file"]);
      assert.match(slave.receiver.stuck ?? "", /ENOSPC/);
      const again = await adopted();
      assert.equal(slave.receiver.stuck, undefined);
      await again.close();
      await slave.receiver.stop();
    });
  });
});
