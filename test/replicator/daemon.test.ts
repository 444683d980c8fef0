import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MasterConfig, readConfig } from "../../replicator/master/config";
import { Daemon } from "../../replicator/master/daemon";
import { QueueStore } from "./queueStore";
import { TestSlave, TestVolume, assertEqual, until } from "./volume";

const WATCH = join(__dirname, "../../replicator/master/watch");

describe("replicator: the daemon", () => {
  let volume: TestVolume;
  let slaves: Record<string, TestSlave>;
  let daemon: Daemon | undefined;
  let config: MasterConfig;
  let log: string[];

  before(function () {
    const { stderr, error } = spawnSync(WATCH, [tmpdir()], { input: "", encoding: "utf8" });
    if (!error && !stderr) return;
    console.log(`      watch does not run here: ${error?.message ?? stderr.trim()}`);
    this.skip();
  });
  beforeEach(() => {
    volume = new TestVolume(["data", "more"]);
    slaves = { s1: new TestSlave(), s2: new TestSlave() };
    log = [];
    config = {
      root: volume.root,
      trees: ["data", "more"],
      sshConfig: "/nowhere",
      watch: WATCH,
      coalesceMs: 20,
      metricsAddress: "127.0.0.1",
      metricsPort: 0,
      statusFile: join(volume.directory, "status.json"),
      slaves: { s1: {}, s2: {} },
    };
  });
  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
    for (const slave of Object.values(slaves)) await slave.remove();
    rmSync(volume.directory, { recursive: true });
  });

  async function start(): Promise<Daemon> {
    daemon = await Daemon.start(config, {
      log: (line) => log.push(line),
      connect: (name) => slaves[name]?.connect() ?? assert.fail(name),
    });
    return daemon;
  }

  async function stop(): Promise<void> {
    await daemon?.stop();
    daemon = undefined;
  }

  /** Resolves once a beacon from after now has come back from these slaves. */
  async function settled(...names: string[]): Promise<void> {
    const since = Date.now();
    const of = (name: string) => daemon?.status.slaves[name]?.lagSeconds ?? Infinity;
    const behind = () => names.some((name) => Date.now() - 1000 * of(name) <= since);
    await until("the slaves follow", () => !behind()).catch((error: unknown) =>
      assert.fail(`${String(error)}\n${log.join("\n")}\n${JSON.stringify(daemon?.status)}`),
    );
  }

  const write = (path: string, content: string) => writeFileSync(volume.file(path), content);

  function assertAllEqual(): void {
    for (const slave of Object.values(slaves)) assertEqual(volume, slave);
  }

  it("brings all that happens on the volume to the slaves, and nothing of its own", async () => {
    mkdirSync(volume.file("data/before/deep"), { recursive: true });
    write("data/before/deep/file", "before");
    await start();
    write("data/new", "new");
    renameSync(volume.file("data/before"), volume.file("more/after"));
    write("more/after/deep/other", "other");
    await settled("s1", "s2");
    assertAllEqual();
    rmSync(volume.file("more/after"), { recursive: true });
    await settled("s1", "s2");
    assertAllEqual();
  });

  it("finds after a restart what has happened without it", async () => {
    await start();
    write("data/kept", "kept");
    mkdirSync(volume.file("data/old/sub"), { recursive: true });
    write("data/old/sub/version", "one");
    mkdirSync(volume.file("data/next/sub"), { recursive: true });
    write("data/next/sub/version", "two");
    await settled("s1", "s2");
    await stop();
    write("data/unseen", "unseen");
    rmSync(volume.file("data/kept"));
    renameSync(volume.file("data/old"), volume.file("data/older"));
    renameSync(volume.file("data/next"), volume.file("data/old"));
    await slaves.s2?.restart();
    await start();
    await settled("s1", "s2");
    assertAllEqual();
    assert.deepEqual(log.filter((line) => line.includes("comparing")).sort(), [
      "s1: comparing",
      "s2: comparing",
    ]);
  });

  it("goes on after a restart with what the kernel has kept for it, and searches for nothing", async () => {
    const store = new QueueStore();
    config = { ...config, watch: store.watch };
    try {
      mkdirSync(volume.file("data/old/sub"), { recursive: true });
      await start();
      await settled("s1", "s2");
      await stop();
      assert.ok(store.holds);
      write("data/old/new", "new");
      renameSync(volume.file("data/old"), volume.file("data/moved"));
      mkdirSync(volume.file("data/old"));
      write("data/old/other", "other");
      rmSync(volume.file("data/moved/sub"), { recursive: true });
      const daemon = await start();
      write("data/moved/new", "newer");
      await settled("s1", "s2");
      assert.ok(daemon.status.feed.resumed);
      assertAllEqual();
      await stop();
      store.drop();
      write("data/moved/new", "newest");
      const another = await start();
      await settled("s1", "s2");
      assert.ok(!another.status.feed.resumed);
      assertAllEqual();
    } finally {
      await stop();
      store.remove();
    }
  });

  it("takes slaves and trees up and lets them go while it runs", async () => {
    config.slaves = { s1: { trees: ["data"] } };
    const running = await start();
    write("data/file", "file");
    write("more/file", "more");
    await settled("s1");
    assert.throws(() => readFileSync(slaves.s1?.file("more/file") ?? ""));
    const kept = { ...config.slaves };
    await running.reconfigure({ ...config, slaves: { ...kept, s2: { bandwidthKiB: 100 } } });
    await settled("s1", "s2");
    assert.equal(running.status.slaves.s1?.state, "following");
    assert.equal(log.filter((line) => line === "s1: following").length, 1);
    await running.reconfigure({ ...config, slaves: { s1: {} } });
    write("data/later", "later");
    await settled("s1");
    assert.deepEqual(Object.keys(running.status.slaves), ["s1"]);
    assertEqual(volume, slaves.s1 ?? assert.fail());
  });

  it("tells over HTTP and in a file how the slaves are", async () => {
    const running = await start();
    await settled("s1", "s2");
    const ask = (path: string) => fetch(`http://127.0.0.1:${running.metricsPort}${path}`);
    const metrics = await (await ask("/metrics")).text();
    assert.match(metrics, /^# TYPE ha_nfs_replication_lag_seconds gauge$/m);
    assert.match(metrics, /^ha_nfs_replication_lag_seconds\{slave="s1"\} \d/m);
    const status = (await (await ask("/status")).json()) as Daemon["status"];
    assert.equal(status.slaves.s2?.state, "following");
    assert.equal((await ask("/")).status, 404);
    await until("the file tells it too", () => {
      if (!existsSync(config.statusFile)) return false;
      const text = readFileSync(config.statusFile, "utf8");
      return (JSON.parse(text) as Daemon["status"]).slaves.s1?.state === "following";
    });
  });

  it("stops at once, also while a slave is away", async () => {
    await slaves.s2?.remove();
    delete slaves.s2;
    const away = await start();
    await settled("s1");
    assert.equal(away.status.slaves.s2?.connected, false);
    const since = performance.now();
    await stop();
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
