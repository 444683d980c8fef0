import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Rsync } from "../../replicator/master/rsync";
import { Specials } from "../../replicator/master/special";
import type { Volume } from "../../replicator/master/volume";
import { Stuck } from "../../replicator/master/wire";
import { assertEqual } from "./equal";
import { isMarked, mark, needsRsync, pairForEach, rename, update } from "./volume";
import { until } from "../until";

const MiB = 2 ** 20;

describe("replicator: what rsync brings", function () {
  const pair = pairForEach();

  needsRsync();

  it("is long, has holes or has attributes; and it holds nothing else up", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave);
    await slave.follows(master);
    mkdirSync(master.file("data/sub"));
    writeFileSync(master.file("data/sub/long \u00e4"), Buffer.alloc(5 * MiB, "long"));
    const sparse = openSync(master.file("data/sparse"), "w");
    ftruncateSync(sparse, 64 * MiB);
    closeSync(sparse);
    writeFileSync(master.file("data/marked"), "marked");
    mark(master.file("data/marked"), "yes");
    mark(master.file("data/sub"), "too");
    writeFileSync(master.file("data/small"), "small");
    const paths = ["data/sub/long \u00c3\u00a4", "data/sub", "data/sparse", "data/marked"];
    await master.record(...paths.map(update), update("data/small"), update("data"));
    await until("the small file is there", () =>
      Boolean(statSync(slave.file("data/small"), { throwIfNoEntry: false })),
    );
    await slave.follows(master);
    assertEqual(master, slave);
    assert.ok(statSync(slave.file("data/sparse")).blocks < 1000);
    assert.equal(isMarked(slave.file("data/marked")), "yes");
    assert.equal(isMarked(slave.file("data/sub")), "too");
    assert.equal(lane.status.specialPending, 0);
  });

  it("is nothing when it is a fifo, which takes the place of what was there", async () => {
    const { master, slave } = pair;
    master.lane(slave);
    writeFileSync(master.file("data/pipe"), "a file");
    await master.record(update("data/pipe"), update("data"));
    await slave.follows(master);
    rmSync(master.file("data/pipe"));
    execFileSync("mkfifo", [master.file("data/pipe")]);
    await master.record(update("data/pipe"), update("data"));
    await slave.follows(master);
    assert.equal(lstatSync(slave.file("data/pipe"), { throwIfNoEntry: false }), undefined);
  });

  it("is found by a full comparison", async () => {
    const { master, slave } = pair;
    mkdirSync(master.file("data/sub"));
    writeFileSync(master.file("data/sub/long"), Buffer.alloc(5 * MiB, "long"));
    writeFileSync(master.file("data/marked"), "marked");
    mark(master.file("data/marked"), "yes");
    master.lane(slave);
    await slave.follows(master);
    assertEqual(master, slave);
    assert.equal(isMarked(slave.file("data/marked")), "yes");
  });

  it("ends where it was renamed to meanwhile", async () => {
    const { master, slave } = pair;
    master.lane(slave);
    await slave.follows(master);
    writeFileSync(master.file("data/long"), Buffer.alloc(5 * MiB, "1"));
    await master.record(update("data/long"), update("data"));
    renameSync(master.file("data/long"), master.file("data/longer"));
    writeFileSync(master.file("data/long"), "short now");
    await master.record(rename("data/long", "data/longer"), update("data/long"), update("data"));
    await slave.follows(master);
    assertEqual(master, slave);
    appendFileSync(master.file("data/longer"), "more");
    await master.record(update("data/longer"));
    rmSync(master.file("data/longer"));
    await master.record(update("data/longer"), update("data"));
    await slave.follows(master);
    assertEqual(master, slave);
  });

  it("goes by the stream when it has several names", async () => {
    const { master, slave } = pair;
    master.lane(slave);
    await slave.follows(master);
    writeFileSync(master.file("data/long"), Buffer.alloc(5 * MiB, "1"));
    linkSync(master.file("data/long"), master.file("data/other"));
    mark(master.file("data/long"), "yes");
    await master.record(update("data/long"), update("data/other"), update("data"));
    await slave.follows(master);
    assertEqual(master, slave);
    assert.equal(isMarked(slave.file("data/other")), "yes");
  });

  for (const [what, parent] of [
    ["is", "data"],
    ["is in a directory that is", "data/sub"],
  ] as const) {
    it(`${what} still told to fail while rsync tries it again`, async () => {
      const { master, slave } = pair;
      const path = `${parent}/long`;
      mkdirSync(master.file("data/sub"));
      writeFileSync(master.file(path), Buffer.alloc(5 * MiB, "1"));
      const gate = join(slave.root, "..", "gate");
      writeFileSync(gate, "");
      const paths = [{ path: parent === "data" ? path : parent, message: "no", since: "" }];
      const ssh = [join(__dirname, "gatedShell"), gate, ...slave.shell];
      const first = master.lane(slave);
      await slave.follows(master);
      await first.stop();
      rmSync(slave.file(path));
      const kept = { ...first.kept, failures: { paths, overflowed: false } };
      const lane = master.lane(slave, { kept, ssh, retryMs: 60_000 });
      await until("rsync has it", () => lane.status.specialPending === 1);
      await master.record();
      await until("the journal is read", () => slave.receiver.state.position === master.journal.end);
      assert.equal(lane.status.failing, 1);
      slave.cut();
      await until("it has ended", () => !lane.status.connected);
      await until("rsync has it again", () => lane.status.specialPending === 1);
      assert.equal(lane.status.failing, 1);
      rmSync(gate);
      await until("nothing fails", () => lane.status.failing === undefined);
      assertEqual(master, slave);
    });
  }

  it("is tried again when rsync fails, and one bad path keeps no other", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave, { ssh: ["false"] });
    await slave.follows(master);
    writeFileSync(master.file("data/long"), Buffer.alloc(5 * MiB, "1"));
    await master.record(update("data/long"), update("data"));
    await until("it has failed", () => lane.status.lastError?.message.startsWith("rsync ended") === true);
    assert.equal(lane.status.specialPending, 1);
    assert.ok((lane.status.position ?? 0) < master.journal.end);
    await lane.stop();
    master.lane(slave);
    await slave.follows(master);
    assertEqual(master, slave);
  });

  it("keeps the rest waiting when there is very much of it, but not for an rsync that always fails", async () => {
    const { volume } = pair.master.packer;
    const specials = new Specials({
      volume: Object.assign(Object.create(volume) as Volume, { status: () => statSync(volume.root) }),
      rsync: { run: () => Promise.resolve({ code: 11, said: "no space" }) } as unknown as Rsync,
      ...{ finished: assert.fail, refused: assert.fail, failed: () => undefined },
    });
    for (let path = 0; path < 4001; path++) specials.add(`data/${path}`, () => undefined);
    await assert.rejects(specials.room(), new Stuck("rsync ended with 11: no space"));
    await specials.stop();
  });
});
