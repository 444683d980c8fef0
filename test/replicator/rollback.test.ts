import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Cluster, needsWatch } from "./cluster";
import { Disk } from "./disk";
import { assertEqual } from "./equal";
import { pairForEach, type TestVolume, until, update } from "./volume";

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
