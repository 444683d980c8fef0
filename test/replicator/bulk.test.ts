import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type { KeptLane } from "../../replicator/master/lane";
import { assertEqual } from "./equal";
import { isMarked, mark, needsRsync, pairForEach, update } from "./volume";
import { until } from "../until";

/** More than the stream is asked to bring. */
const FILES = 2100;

describe("replicator: a great deal that the slave has not", function () {
  const pair = pairForEach();

  needsRsync();

  beforeEach(() => {
    const { master } = pair;
    mkdirSync(master.file("data/\u00e4/deep"), { recursive: true, mode: 0o750 });
    for (let index = 0; index < FILES; index++) {
      const name = Buffer.from(`data/\u00c3\u00a4/${index % 3 ? "" : "deep/"}${index} \xfc\n`, "latin1");
      writeFileSync(Buffer.concat([Buffer.from(`${master.root}/`), name]), String(index));
    }
    symlinkSync("../outside", master.file("data/\u00e4/link"));
    execFileSync("mkfifo", [master.file("data/\u00e4/fifo")]);
    writeFileSync(master.file("data/\u00e4/deep/one"), "of two names");
    linkSync(master.file("data/\u00e4/deep/one"), master.file("data/\u00e4/two"));
    writeFileSync(master.file("data/\u00e4/deep/holes"), "");
    truncateSync(master.file("data/\u00e4/deep/holes"), 2 ** 20);
    mark(master.file("data/\u00e4/deep"), "yes");
    utimesSync(master.file("data/\u00e4/deep"), 1_600_000_000, 1_600_000_000);
  });

  /** Equal, once what is not replicated has gone. */
  async function assertBrought(): Promise<void> {
    const { master, slave } = pair;
    rmSync(master.file("data/\u00e4/fifo"));
    await master.record(update("data/\u00c3\u00a4"));
    await slave.follows(master);
    assertEqual(master, slave);
    assert.ok(statSync(slave.file("data/\u00e4/deep/holes")).blocks < 100);
    assert.equal(isMarked(slave.file("data/\u00e4/deep")), "yes");
  }

  /** As a lane leaves it whose rsync for very many changes was broken off. Returns what the lane has kept. */
  async function breakOff(): Promise<KeptLane> {
    const { master, slave } = pair;
    const lane = master.lane(slave);
    await slave.follows(master);
    await lane.stop();
    mkdirSync(master.file("data/new"));
    const paths = Array.from({ length: FILES }, (_, index) => `data/new/${index}`);
    for (const path of paths) writeFileSync(master.file(path), path);
    mkdirSync(slave.file("data/new"));
    writeFileSync(slave.file("data/new/.0.Xy1zZ9"), "begun");
    await master.record(...[...paths, "data/new", "data"].map(update));
    return lane.kept;
  }

  it("is brought by one rsync, whatever it is", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave);
    await slave.follows(master);
    assert.ok(slave.receiver.files < 10, `${slave.receiver.files} files came by the stream`);
    assert.ok(lane.status.files >= FILES);
    assert.ok(lane.status.bytes > FILES);
    assert.equal(lane.status.lastError, undefined);
    writeFileSync(master.file("data/\u00e4/two"), "changed under one of its names");
    await master.record(update("data/\u00c3\u00a4/two"));
    await assertBrought();
  });

  it("comes by the stream when rsync fails", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave, { ssh: ["false"] });
    await until("it has failed", () => lane.status.lastError?.message.startsWith("rsync ended") === true);
    await until("all has come", () => slave.receiver.files >= FILES);
    await lane.stop();
    master.lane(slave);
    await assertBrought();
  });

  it("is found by a rescan, and its files are sent once", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave);
    await slave.follows(master);
    const { files } = lane.status;
    mkdirSync(master.file("data/new/sub"), { recursive: true });
    for (let index = 0; index < FILES; index++) writeFileSync(master.file(`data/new/sub/${index}`), "new");
    await master.record(update("data/new"), { kind: "tree", path: "data/new", since: 1 });
    await slave.follows(master);
    assert.equal(lane.status.files, files + FILES);
    writeFileSync(master.file("data/new/sub/0"), "old");
    utimesSync(master.file("data/new/sub/0"), 1, lstatSync(slave.file("data/new/sub/0")).mtimeMs / 1000);
    await master.record({ kind: "tree", path: "data/new/sub", since: 1 });
    await slave.follows(master);
    assert.equal(lane.status.files, files + FILES + 1);
    await assertBrought();
  });

  it("comes by one rsync when it is so much that has changed", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave);
    await slave.follows(master);
    const { files } = slave.receiver;
    mkdirSync(master.file("data/new"));
    const paths = Array.from({ length: FILES }, (_, index) => `data/new/-${index}\n`);
    for (const path of paths) writeFileSync(master.file(path), path);
    linkSync(master.file("data/new/-0\n"), master.file("data/new/second"));
    writeFileSync(master.file("data/new/longer"), Buffer.alloc(100_000, "x"));
    rmSync(master.file("data/\u00e4/link"));
    const others = ["data/\u00c3\u00a4/link", "data/new", "data/new/second", "data/new/longer"];
    const { files: sent } = lane.status;
    await master.record(...[...others, ...paths].map(update));
    await slave.follows(master);
    assert.ok(slave.receiver.files - files < 10, `${slave.receiver.files - files} files came by the stream`);
    assert.equal(lane.status.files - sent, FILES + 2);
    await assertBrought();
  });

  it("is made good after a broken rsync when it is so much that has changed", async () => {
    const { master, slave } = pair;
    const kept = await breakOff();
    master.lane(slave, { kept });
    await slave.follows(master);
    await assertBrought();
  });

  it("goes in batches, of which each counts, when rsync fails", async () => {
    const { master, slave } = pair;
    const kept = await breakOff();
    const { files } = slave.receiver;
    const cursors = new Set<string>();
    const connect = () =>
      slave.tapped((bytes) => {
        for (const [, position = ""] of bytes.toString("latin1").matchAll(/"cursor","position":(\d+)/g))
          cursors.add(position);
      });
    const failing = master.lane(slave, { kept, ssh: ["false"], connect });
    await slave.follows(master);
    assert.match(failing.status.lastError?.message ?? "", /^rsync ended/);
    assert.equal(slave.receiver.files - files, FILES);
    assert.ok(cursors.size > 4, `${cursors.size} cursors`);
    await failing.stop();
    master.lane(slave, { kept: failing.kept });
    await assertBrought();
  });
});
