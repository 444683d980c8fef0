import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterForEach } from "./cluster";
import { mark, needsRsync } from "./volume";

const MiB = 2 ** 20;

describe("replicator: lag", function () {
  this.timeout(60_000);
  const held = clusterForEach();

  needsRsync();

  it("is told by master and slave also while rsync has what has changed", async () => {
    const { cluster } = held;
    cluster.config.slaves = { s1: { bandwidthKiB: 4096 } };
    await cluster.start({ beaconMs: 50 });
    await cluster.settled(["s1"]);
    const slave = cluster.slave("s1");
    cluster.write("data/long", randomBytes(8 * MiB));
    const written = Date.now();
    let since = 0;
    while (!existsSync(slave.file("data/long"))) {
      since = (Date.now() - written) / 1000;
      const { lagSeconds } = cluster.daemon.status.slaves.s1 ?? assert.fail();
      const told = [lagSeconds, slave.receiver.lag() ?? assert.fail()];
      // How long the beacon before was on its way the slave does not know.
      for (const lag of told)
        assert.ok(lag > since - 0.8, `${since} s after the write ${told.join(" and ")} s`);
      await sleep(20);
    }
    assert.ok(since > 1.5);
    await cluster.settled(["s1"]);
  });

  it("does not grow while rsync always has something", async () => {
    const { cluster } = held;
    cluster.config.slaves = { s1: {} };
    await cluster.start({ beaconMs: 50 });
    await cluster.settled(["s1"]);
    const begun = performance.now();
    let waited = 0;
    for (let file = 0; file < 40; file++) {
      cluster.write(`data/${file}`, "marked");
      mark(cluster.volume.file(`data/${file}`), "yes");
      await sleep(150);
      const { lagSeconds, specialPending } = cluster.daemon.status.slaves.s1 ?? assert.fail();
      if (specialPending > 0) waited++;
      const seconds = (performance.now() - begun) / 1000; // in the end 6 at least, and the lag too if it grew all the time
      assert.ok(
        lagSeconds < Math.max(4, 0.6 * seconds),
        `${lagSeconds} s at file ${file}, after ${seconds} s`,
      );
    }
    assert.ok(waited > 5);
  });

  it("goes with modes without set-id bits of files, by either way", async () => {
    const { cluster } = held;
    for (const [path, size] of [
      ["data/short", 1],
      ["data/long", 5 * MiB],
    ] as const) {
      cluster.write(path, Buffer.alloc(size));
      chmodSync(cluster.volume.file(path), 0o6755);
    }
    cluster.make("data/group");
    chmodSync(cluster.volume.file("data/group"), 0o2775);
    await cluster.start();
    await cluster.settled();
    const modeOf = (path: string) => statSync(cluster.slave("s1").file(path)).mode & 0o7777;
    assert.deepEqual(["data/short", "data/long", "data/group"].map(modeOf), [0o755, 0o755, 0o2775]);
  });
});
