import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type MasterConfig, readConfig } from "../../replicator/master/config";
import { connectBy } from "../../replicator/master/connection";
import type { Daemon } from "../../replicator/master/daemon";
import { clusterForEach, WATCH } from "./cluster";
import { QueueStore } from "./queueStore";
import { assertEqual, syscalls } from "./equal";
import { TestVolume } from "./volume";
import { until } from "../until";

describe("replicator: the daemon", () => {
  const held = clusterForEach(["data", "more"]);
  const file = (path: string) => held.cluster.volume.file(path);

  it("brings all that happens on the volume to the slaves, and nothing of its own", async () => {
    const { cluster } = held;
    cluster.make("data/before/deep");
    cluster.write("data/before/deep/file", "before");
    await cluster.start();
    cluster.write("data/new", "new");
    renameSync(file("data/before"), file("more/after"));
    cluster.write("more/after/deep/other", "other");
    await cluster.settled();
    cluster.assertEqual();
    rmSync(file("more/after"), { recursive: true });
    await cluster.settled();
    cluster.assertEqual();
  });

  it("brings what two paths have that are exchanged", async () => {
    const { cluster } = held;
    cluster.write("data/a", "a");
    cluster.write("data/b", "b");
    cluster.make("data/full/sub");
    cluster.write("data/full/sub/file", "content");
    cluster.make("data/empty");
    await cluster.start({ beaconMs: 20 });
    // So that renames are sent as such, see `Reads`.
    for (let beacon = 0; beacon < 4; beacon++) await cluster.settled();
    syscalls(file("data"), "exchange", "a", "b");
    syscalls(file("data"), "exchange", "full", "empty");
    await cluster.settled();
    cluster.assertEqual();
  });

  it("finds after a restart what has happened without it", async () => {
    const { cluster } = held;
    await cluster.start();
    cluster.write("data/kept", "kept");
    cluster.make("data/old/sub");
    cluster.write("data/old/sub/version", "one");
    cluster.make("data/next/sub");
    cluster.write("data/next/sub/version", "two");
    await cluster.settled();
    await cluster.stop();
    cluster.write("data/unseen", "unseen");
    rmSync(file("data/kept"));
    renameSync(file("data/old"), file("data/older"));
    renameSync(file("data/next"), file("data/old"));
    await cluster.slave("s2").restart();
    await cluster.start();
    await cluster.settled();
    cluster.assertEqual();
    assert.deepEqual(cluster.log.filter((line) => line.includes("comparing")).sort(), [
      "s1: comparing",
      "s2: comparing",
    ]);
  });

  it("goes on after a restart with what the kernel has kept for it, and searches for nothing", async () => {
    const { cluster } = held;
    const store = new QueueStore();
    cluster.config.watch = store.watch;
    try {
      cluster.make("data/old/sub");
      await cluster.start();
      await cluster.settled();
      await cluster.stop();
      assert.ok(store.holds);
      cluster.write("data/old/new", "new");
      renameSync(file("data/old"), file("data/moved"));
      cluster.make("data/old");
      cluster.write("data/old/other", "other");
      rmSync(file("data/moved/sub"), { recursive: true });
      const daemon = await cluster.start();
      cluster.write("data/moved/new", "newer");
      await cluster.settled();
      assert.ok(daemon.status.feed.resumed);
      cluster.assertEqual();
      await cluster.stop();
      store.drop();
      cluster.write("data/moved/new", "newest");
      const another = await cluster.start();
      await cluster.settled();
      assert.ok(!another.status.feed.resumed);
      cluster.assertEqual();
    } finally {
      await cluster.stop();
      store.remove();
    }
  });

  it("takes slaves and trees up and lets them go while it runs", async () => {
    const { cluster } = held;
    cluster.config.slaves = { s1: { trees: ["data"] } };
    const running = await cluster.start();
    cluster.write("data/file", "file");
    cluster.write("more/file", "more");
    await cluster.settled(["s1"]);
    assert.throws(() => readFileSync(cluster.slave("s1").file("more/file")));
    const kept = { ...cluster.config.slaves };
    await running.reconfigure({ ...cluster.config, slaves: { ...kept, s2: { bandwidthKiB: 100 } } });
    await cluster.settled();
    assert.equal(running.status.slaves.s1?.state, "following");
    assert.equal(cluster.log.filter((line) => line === "s1: following").length, 1);
    await running.reconfigure({ ...cluster.config, slaves: { s1: {} } });
    cluster.write("data/later", "later");
    await cluster.settled(["s1"]);
    assert.deepEqual(Object.keys(running.status.slaves), ["s1"]);
    assertEqual(cluster.volume, cluster.slave("s1"));
  });

  it("tells over HTTP and in a file how the slaves are", async () => {
    const { cluster } = held;
    const running = await cluster.start();
    await cluster.settled();
    const ask = (path: string) => fetch(`http://127.0.0.1:${running.metricsPort}${path}`);
    const metrics = await (await ask("/metrics")).text();
    assert.match(metrics, /^# TYPE ha_nfs_replication_lag_seconds gauge$/m);
    assert.match(metrics, /^ha_nfs_replication_lag_seconds\{slave="s1"\} \d/m);
    const status = (await (await ask("/status")).json()) as Daemon["status"];
    assert.equal(status.slaves.s2?.state, "following");
    assert.equal((await ask("/")).status, 404);
    await until("the file tells it too", () => {
      if (!existsSync(cluster.config.statusFile)) return false;
      const text = readFileSync(cluster.config.statusFile, "utf8");
      return (JSON.parse(text) as Daemon["status"]).slaves.s1?.state === "following";
    });
  });

  it("starts, and feeds the others, while the way to a slave ends before changes are seen", async () => {
    const { cluster } = held;
    const slow = join(cluster.directory, "watch");
    writeFileSync(slow, `#!/bin/sh\nsleep 0.3\nexec ${WATCH} "$@"\n`, { mode: 0o755 });
    symlinkSync(join(dirname(WATCH), "xattrs"), join(cluster.directory, "xattrs"));
    cluster.config.watch = slow;
    const refused = () => connectBy(["sh", "-c", "echo Permission denied >&2; exit 255"]);
    const running = await cluster.start({
      connect: (name) => (name === "s2" ? refused() : cluster.slave(name).connect()),
    });
    cluster.write("data/file", "file");
    await cluster.settled(["s1"]);
    assertEqual(cluster.volume, cluster.slave("s1"));
    await until("it is told", () => running.status.slaves.s2?.lastError !== undefined);
  });

  it("stops at once, also while a slave is away", async () => {
    const { cluster } = held;
    cluster.config.slaves.s3 = {};
    const away = await cluster.start();
    await cluster.settled(["s1"]);
    assert.equal(away.status.slaves.s3?.connected, false);
    const since = performance.now();
    await cluster.stop();
    assert.ok(performance.now() - since < 2000);
  });
});

describe("replicator: the daemon's configuration", () => {
  let directory: TestVolume;
  const good = {
    root: "/srv/nfs",
    trees: ["data"],
    sshConfig: "/etc/ssh_config",
    watch: "/usr/local/lib/ha-nfs/watch",
    metricsAddress: "10.0.0.1",
    metricsPort: 9478,
    statusFile: "/run/status.json",
    slaves: { s1: { trees: ["data"], bandwidthKiB: 0 } },
  };

  beforeEach(() => (directory = new TestVolume()));
  afterEach(() => rmSync(directory.directory, { recursive: true }));

  function read(changes: object): MasterConfig {
    const file = directory.file("config.json");
    writeFileSync(file, JSON.stringify({ ...good, ...changes }));
    return readConfig(file);
  }

  it("is read", () => {
    assert.deepEqual(read({}), good);
    assert.deepEqual(read({ trees: ["d\u00e4ta"], slaves: {} }).trees, ["d\u00c3\u00a4ta"]);
  });

  for (const [what, changes, field] of [
    ["a relative root", { root: "srv" }, /: root: an absolute path/],
    ["no trees", { trees: [] }, /: trees: /],
    ["a tree that is an option", { trees: ["-data"] }, /: trees: /],
    ["the daemon's own tree", { trees: [".ha-nfs"] }, /: trees: /],
    ["a slave that is an option", { slaves: { "-oProxyCommand=x": {} } }, /: slaves\.-oProxyCommand=x: /],
    ["a tree that is not replicated", { slaves: { s1: { trees: ["x"] } } }, /: slaves\.s1\.trees: /],
    ["a negative limit", { slaves: { s1: { bandwidthKiB: -1 } } }, /: slaves\.s1\.bandwidthKiB: /],
  ] as const) {
    it(`is refused with ${what}`, () => assert.throws(() => read(changes), field));
  }
});
