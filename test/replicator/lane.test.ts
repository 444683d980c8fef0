import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertEqual } from "./equal";
import { needsRsync, onSmallDisk, pairForEach, rename, update } from "./volume";
import { until } from "../until";

describe("replicator: a lane", () => {
  const pair = pairForEach();

  it("compares everything first, and follows then", async () => {
    const { master, slave } = pair;
    mkdirSync(master.file("data/sub/deep"), { recursive: true, mode: 0o750 });
    writeFileSync(master.file("data/sub/file"), "content");
    symlinkSync("sub", master.file("data/link"));
    const lane = master.lane(slave);
    await slave.follows(master);
    assertEqual(master, slave);
    writeFileSync(master.file("data/sub/deep/new\n\u00e4"), "more");
    const name = Buffer.from("data/sub/deep/new\n\u00e4").toString("latin1");
    await master.record(update(name), update("data/sub/deep"));
    await slave.follows(master);
    assertEqual(master, slave);
    await until("a beacon is back", () => lane.status.lagSeconds < 1);
    assert.equal(lane.status.state, "following");
  });

  it("sends long files in pieces", async () => {
    const { master, slave } = pair;
    master.lane(slave);
    await slave.follows(master);
    writeFileSync(master.file("data/long"), Buffer.alloc(2_500_000, "0123456789"));
    writeFileSync(master.file("data/longer"), Buffer.alloc(300_000, "x"));
    await master.record(update("data/long"), update("data/gone"), update("data/longer"), update("data"));
    await slave.follows(master);
    assertEqual(master, slave);
  });

  it("renames a directory without sending it again", async () => {
    const { master, slave } = pair;
    mkdirSync(master.file("data/a/b"), { recursive: true });
    writeFileSync(master.file("data/a/b/file"), "content");
    const lane = master.lane(slave);
    await slave.follows(master);
    await master.calm();
    renameSync(master.file("data/a"), master.file("data/z"));
    const { files } = lane.status;
    await master.record(rename("data/a", "data/z"), update("data"));
    await slave.follows(master);
    assertEqual(master, slave);
    assert.equal(lane.status.files, files);
  });

  it("sends a new directory once, whose parent is compared as well", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave);
    await slave.follows(master);
    mkdirSync(master.file("data/new/below"), { recursive: true });
    for (const path of ["data/new/a", "data/new/b", "data/new/below/c"])
      writeFileSync(master.file(path), path);
    await master.record(
      { kind: "list", path: "data" },
      { kind: "tree", path: "data/new" },
      { kind: "tree", path: "data/new/below" },
    );
    await slave.follows(master);
    assertEqual(master, slave);
    assert.equal(lane.status.files, 3);
  });

  it("keeps the time of a directory in which another one is made by a later batch", async () => {
    const { master, slave } = pair;
    master.lane(slave);
    await slave.follows(master);
    mkdirSync(master.file("data/new/below"), { recursive: true });
    utimesSync(master.file("data/new"), 1_600_000_000, 1_600_000_000);
    await master.record(update("data/new"));
    await slave.follows(master);
    await master.record(update("data/new/below"));
    await slave.follows(master);
    assertEqual(master, slave);
  });

  it("goes on where it was after the connection breaks and the service restarts", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave);
    await slave.follows(master);
    writeFileSync(master.file("data/a"), "a");
    await master.record(update("data/a"), update("data"));
    await slave.follows(master);
    await slave.restart();
    writeFileSync(master.file("data/b"), "b");
    await master.record(update("data/b"), update("data"));
    await slave.follows(master);
    assertEqual(master, slave);
    assert.equal(lane.status.files, 2);
  });

  it("gives up a slave that does not answer", async () => {
    const { master, slave } = pair;
    const lane = master.lane(slave, { connect: () => slave.silent(), patience: 100 });
    await until("it is given up", () => lane.status.lastError?.message.startsWith("no answer") === true);
  });

  it("is stuck while the slave's disk is full, also while it tries again", async function () {
    const { master, slave } = pair;
    await onSmallDisk(this, slave.root, async () => {
      mkdirSync(slave.file(".ha-nfs"));
      slave.start();
      let connections = 0;
      const connect = () => {
        connections++;
        return slave.connect();
      };
      const lane = master.lane(slave, { connect });
      await slave.follows(master);
      writeFileSync(master.file("data/big"), Buffer.alloc(1024 * 1024));
      await master.record(update("data/big"));
      await until("it is stuck", () => lane.status.state === "stuck");
      await until("it has tried again", () => {
        assert.equal(lane.status.state, "stuck");
        return connections > 2;
      });
      spawnSync("mount", ["-o", "remount,size=4m", slave.root]);
      await slave.follows(master);
      await until("it says so", () => lane.status.state === "following");
      assertEqual(master, slave);
      await lane.stop();
      await slave.receiver.stop();
    });
  });

  describe("to a slave whose disk is full", () => {
    /** Fills most of it with a file of the master's. */
    async function filled(test: Mocha.Context, action: () => Promise<void>): Promise<void> {
      const { master, slave } = pair;
      await onSmallDisk(test, slave.root, async () => {
        mkdirSync(slave.file(".ha-nfs"));
        slave.start();
        mkdirSync(master.file("data/z"));
        writeFileSync(master.file("data/z/filler"), Buffer.alloc(700_000));
        writeFileSync(master.file("data/z/other"), "");
        await action();
        await slave.receiver.stop();
      });
    }

    for (const [what, between] of [
      ["just behind", 0],
      ["far behind", 2000],
    ] as const) {
      it(`makes room by what is removed ${what} what does not fit`, async function () {
        const { master, slave } = pair;
        await filled(this, async () => {
          const lane = master.lane(slave);
          await slave.follows(master);
          writeFileSync(master.file("data/big"), Buffer.alloc(600_000));
          await master.record(update("data/big"), update("data"));
          await until("it is stuck", () => lane.status.state === "stuck");
          for (let file = 0; file < between; file++) await master.record(update("data/z/other"));
          rmSync(master.file("data/z/filler"));
          await master.record(update("data/z/filler"), update("data/z"));
          await slave.follows(master);
          assertEqual(master, slave);
          await until("it says so", () => lane.status.state === "following");
          await lane.stop();
        });
      });
    }

    it("looks for what has gone in a small part of the time only", async function () {
      const { master, slave } = pair;
      await filled(this, async () => {
        let [connections, looks] = [0, 0];
        const connect = () => {
          connections++;
          return slave.connect();
        };
        const lane = master.lane(slave, { connect });
        await slave.follows(master);
        master.batches.gone = async function* () {
          looks++;
          await sleep(1000);
          yield [];
        };
        writeFileSync(master.file("data/big"), Buffer.alloc(600_000));
        await master.record(update("data/big"));
        await until(
          "it has tried three times again",
          () => connections === 4 && lane.status.state === "stuck",
        );
        assert.equal(looks, 1);
        await lane.stop();
      });
    });

    it("makes room before it compares", async function () {
      const { master, slave } = pair;
      await filled(this, async () => {
        const first = master.lane(slave);
        await slave.follows(master);
        await first.stop();
        await slave.receiver.stop();
        rmSync(slave.file(".ha-nfs/state.json"));
        writeFileSync(slave.file(".ha-nfs/adopt"), "");
        slave.cut();
        slave.start();
        rmSync(master.file("data/z/filler"));
        writeFileSync(master.file("data/big"), Buffer.alloc(600_000));
        const lane = master.lane(slave);
        await slave.follows(master);
        assertEqual(master, slave);
        await lane.stop();
      });
    });
  });

  describe("to a slave that has no room for what rsync brings", () => {
    needsRsync();

    it("removes what has gone on the master", async function () {
      const { master, slave } = pair;
      await onSmallDisk(this, slave.root, async () => {
        mkdirSync(slave.file(".ha-nfs/rsync"), { recursive: true });
        slave.start();
        writeFileSync(master.file("data/long"), Buffer.alloc(5 * 2 ** 20, "x"));
        writeFileSync(master.file("data/old"), "old");
        const lane = master.lane(slave);
        const said = () => lane.status.lastError?.message ?? "";
        await until("rsync has failed", () => said().startsWith("rsync ended with"));
        assert.ok(existsSync(slave.file("data/old")));
        rmSync(master.file("data/old"));
        await master.record(update("data/old"), update("data"));
        await until("it has gone", () => !existsSync(slave.file("data/old")));
        assert.deepEqual(slave.receiver.state.held, []);
        rmSync(master.file("data/long"));
        await master.record(update("data/long"), update("data"));
        await slave.follows(master);
        assert.deepEqual(slave.receiver.state.held, ["data"]);
        assertEqual(master, slave);
        await lane.stop();
        await slave.receiver.stop();
      });
    });
  });

  it("compares everything again when too much has failed, until that has come through", async () => {
    const { master, slave } = pair;
    const first = master.lane(slave);
    await slave.follows(master);
    await first.stop();
    writeFileSync(master.file("data/failed"), "");
    const kept = { ...first.kept, failures: { paths: [], overflowed: true } };
    let connections = 0;
    const connect = () => {
      const connection = slave.connect();
      if (++connections === 1) setImmediate(() => connection.on("data", () => connection.destroy()));
      return connection;
    };
    const lane = master.lane(slave, { kept, connect });
    await until("the first connection has ended", () => lane.status.lastError !== undefined);
    assert.equal(lane.kept.failures.overflowed, true);
    await until("the second one has brought it", () => existsSync(slave.file("data/failed")));
    await until("that is known", () => !lane.kept.failures.overflowed);
  });

  it("does not take its own delay for the slave's", async () => {
    const { master, slave } = pair;
    const busy = () => {
      const end = performance.now() + 600;
      while (performance.now() < end);
    };
    let held = 0;
    const connect = () =>
      slave.tapped((bytes) => {
        if (bytes.includes('"op":"put"') && held++ < 3) setImmediate(busy);
      });
    const lane = master.lane(slave, { connect, patience: 300 });
    await slave.follows(master);
    for (let round = 0; round < 3; round++) {
      writeFileSync(master.file(`data/${round}`), "");
      await master.record(update(`data/${round}`));
      await slave.follows(master);
    }
    assert.equal(held, 3);
    assert.equal(lane.status.lastError, undefined);
  });
});
