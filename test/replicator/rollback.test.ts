import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Cluster, needsWatch } from "./cluster";
import { Disk } from "./disk";
import { assertEqual } from "./equal";
import { needsRsync, pairForEach, shellFor, type TestVolume, update } from "./volume";
import { until } from "../until";

/** Milliseconds; see `FeedOptions.marginSeconds`. */
const RESCAN_MARGIN = 2500;

describe("replicator: a volume that was put back to a snapshot", function () {
  this.timeout(60_000);
  let disk: Disk;
  let cluster: Cluster;

  needsWatch();
  beforeEach(async () => {
    disk = new Disk(64);
    cluster = new Cluster(["data"], ["s1", "s2"], disk.directory);
    cluster.write("data/file", "of the snapshot");
    cluster.write("data/gone", "in the snapshot");
    await cluster.start();
    await cluster.settled();
    // Older than what a rescan looks back beyond the watermark: nothing else finds these files.
    const old = Date.now() + RESCAN_MARGIN;
    await until("they are old", () => Date.now() > old);
    cluster.write("data/later", "later");
    await cluster.settled();
    disk.keep();
  });
  afterEach(async () => {
    await cluster.remove();
    disk.remove();
  });

  async function putBack(): Promise<void> {
    await cluster.stop();
    disk.unmount();
    disk.restore();
    disk.mount();
  }

  function change(): void {
    cluster.write("data/file", "newer, and put back");
    cluster.write("data/new", "not in the snapshot");
    rmSync(cluster.volume.file("data/gone"));
  }

  it("is what the slaves are made equal to", async () => {
    change();
    await cluster.settled();
    await putBack();
    await cluster.start();
    await cluster.settled();
    assert.equal(readFileSync(cluster.slave("s1").file("data/file"), "utf8"), "of the snapshot");
    cluster.assertEqual();
  });

  describe("while the slaves' position stayed where it was then", () => {
    needsRsync();

    const position = () => cluster.slave("s1").receiver.state.position ?? assert.fail();
    const changed = () => ["s1", "s2"].every((name) => existsSync(cluster.slave(name).file("data/new")));

    it("is it also when rsync had something", async () => {
      const gate = join(cluster.directory, "gate");
      writeFileSync(gate, "");
      await cluster.stop();
      await cluster.start({ ssh: [join(__dirname, "gatedShell"), gate, ...shellFor(cluster.directory)] });
      await cluster.settled();
      cluster.write("data/long", Buffer.alloc(5 * 2 ** 20, "x"));
      await until("rsync has it", () => cluster.daemon.status.slaves.s1?.specialPending === 1);
      const before = position();
      disk.keep();
      change();
      await until("the slaves have what has changed", changed);
      assert.equal(position(), before);
      await putBack();
      rmSync(gate);
      await cluster.start();
      await cluster.settled();
      cluster.assertEqual();
    });

    it("is it also when they have been killed", async () => {
      const slaves = ["s1", "s2"].map((name) => cluster.slave(name));
      const files = slaves.map((slave) => slave.file(".ha-nfs/state.json"));
      await Promise.all(slaves.map(({ receiver }) => receiver.state.persist()));
      const states = files.map((file) => readFileSync(file));
      disk.keep();
      change();
      await cluster.settled();
      await cluster.stop();
      for (const [index, slave] of slaves.entries()) {
        await slave.receiver.stop();
        writeFileSync(files[index] ?? "", states[index] ?? ""); // a killed process would not have written it
        slave.start();
      }
      await putBack();
      await cluster.start();
      await cluster.settled();
      cluster.assertEqual();
    });
  });

  it("is it also when daemons have begun since, and the positions of now are those of then", async () => {
    await cluster.stop();
    await cluster.start();
    change();
    await cluster.settled();
    const position = cluster.slave("s1").receiver.state.position ?? assert.fail();
    await putBack();
    await cluster.volume.start(); // a daemon's journal, without the lanes
    while (cluster.volume.journal.end < position) await cluster.volume.journal.append([update("data/x")], 1);
    await cluster.volume.stop();
    await cluster.start();
    await cluster.settled();
    cluster.assertEqual();
  });

  it("is it also when the slaves have seen later terms", async () => {
    for (let start = 0; start < 3; start++) {
      await cluster.stop();
      await cluster.start();
      await cluster.settled();
    }
    change();
    await cluster.settled();
    await putBack();
    await cluster.start();
    await cluster.settled();
    cluster.assertEqual();
  });
});

describe("replicator: a slave that has things of a past which the journal does not know", () => {
  const pair = pairForEach();
  needsRsync();

  it("is compared, and again when that breaks off", async () => {
    const { master, slave } = pair;
    const first = master.lane(slave);
    await slave.follows(master);
    await first.stop();
    const lost = { position: 1, stamp: "lost" };
    const { state } = slave.receiver;
    state.goAhead(lost);
    writeFileSync(master.file("data/unseen"), Buffer.alloc(5 * 2 ** 20, "x"));
    const gate = join(slave.root, "..", "gate");
    writeFileSync(gate, "");
    const lane = master.lane(slave, {
      kept: first.kept,
      ssh: [join(__dirname, "gatedShell"), gate, ...slave.shell],
    });
    await until("rsync has it", () => lane.status.specialPending === 1);
    await master.record(update("data/other"));
    slave.cut();
    await until("it has ended", () => !lane.status.connected);
    assert.deepEqual(state.place.ahead, lost);
    await until("rsync has it again", () => lane.status.specialPending === 1);
    rmSync(gate);
    await slave.follows(master);
    assertEqual(master, slave);
    await until("that is forgotten", () => state.place.ahead?.position === master.journal.end);
  });
});

describe("replicator: a journal that cannot be read", () => {
  const pair = pairForEach();

  /** The record of a path becomes another one of the same length. */
  function damage(master: TestVolume, path: string, record: string): void {
    const directory = master.file(".ha-nfs/replicator/journal");
    for (const name of readdirSync(directory)) {
      const text = readFileSync(`${directory}/${name}`, "latin1");
      const line = `["u",${JSON.stringify(path)}]`;
      writeFileSync(`${directory}/${name}`, text.replace(line, record.padEnd(line.length)), "latin1");
    }
  }

  for (const [what, record] of [
    ["is damaged", "?"],
    ["names no path", '["u",7]'],
    ["leads out of its tree", '["u","data/../.."]'],
  ] as const) {
    it(`leads to a comparison when it ${what}, once, and is followed from there`, async () => {
      const { master, slave } = pair;
      const lane = master.lane(slave);
      await slave.follows(master);
      await lane.stop();
      for (const name of ["before", "in the midst", "behind"]) {
        writeFileSync(master.file(`data/${name}`), name);
        await master.record(update(`data/${name}`));
      }
      damage(master, "data/in the midst", record);
      const next = master.lane(slave);
      await slave.follows(master);
      assertEqual(master, slave);
      writeFileSync(master.file("data/later"), "later");
      await master.record(update("data/later"));
      await slave.follows(master);
      assertEqual(master, slave);
      await until("it follows", () => next.status.state === "following");
      assert.equal(master.log.filter((line) => line === "s1: comparing").length, 2);
    });
  }
});
