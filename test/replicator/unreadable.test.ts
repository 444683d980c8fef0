import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { Volume } from "../../replicator/master/volume";
import { Cluster, needsWatch } from "./cluster";
import { Disk, system } from "./disk";
import { assertEqual } from "./equal";
import { pairForEach, rename, type TestSlave, update } from "./volume";
import { until } from "../until";

/** Makes a path longer than PATH_MAX, as an NFS client does: step by step. Returns the part that can be named. */
function makeDeep(directory: string, levels = 25): string {
  const name = "d".repeat(200);
  const script = `chdir $ARGV[0] or die; for (1..${levels}) { mkdir "${name}" or die; chdir "${name}" or die }
    open F, ">file" or die; print F "x"`;
  execFileSync("perl", ["-e", script, directory]);
  return Array<string>(levels).fill(name).join("/");
}

function makeDirectory(path: string): void {
  mkdirSync(path);
  writeFileSync(join(path, "file"), "content");
}

describe("replicator: what cannot be read or written", () => {
  describe("on the way to one slave", () => {
    const pair = pairForEach();

    it("is told with why and since when, is tried again, and keeps nothing else", async () => {
      const { master, slave } = pair;
      writeFileSync(master.file("data/fixed"), "old");
      const lane = master.lane(slave, { retryMs: 100 });
      await slave.follows(master);
      system("chattr", "+i", slave.file("data/fixed"));
      try {
        const since = new Date().toISOString();
        writeFileSync(master.file("data/fixed"), "new");
        writeFileSync(master.file("data/other"), "other");
        await master.record(update("data/fixed"), update("data/other"));
        await slave.follows(master);
        assert.ok(existsSync(slave.file("data/other")));
        const { failing, failures, state } = lane.status;
        assert.equal(failing, 1);
        assert.deepEqual(
          failures?.map(({ path, message }) => ({ path, message })),
          [{ path: "data/fixed", message: "EPERM: operation not permitted, rename" }],
        );
        assert.ok((failures?.[0]?.since ?? "") >= since);
        assert.equal(state, "following");
        const errors = lane.status.errors;
        await until("it was tried again", () => lane.status.errors > errors);
        assert.equal(lane.status.failures?.[0]?.since, failures?.[0]?.since);
      } finally {
        system("chattr", "-i", slave.file("data/fixed"));
      }
      await until("it is there", () => lane.status.failing === undefined);
      assertEqual(master, slave);
    });

    for (const [what, make] of [
      ["file", (path: string) => writeFileSync(path, "content")],
      ["directory", makeDirectory],
    ] as const) {
      it(`is a ${what} that cannot be renamed: the new name comes, and the old one goes as soon as it can`, async () => {
        const { master, slave } = pair;
        make(master.file("data/a"));
        const lane = master.lane(slave, { retryMs: 100 });
        await slave.follows(master);
        await master.calm();
        system("chattr", "+i", slave.file("data/a"));
        try {
          renameSync(master.file("data/a"), master.file("data/b"));
          await master.record(rename("data/a", "data/b"));
          await slave.follows(master);
          assert.ok(existsSync(slave.file("data/b")));
          const failing = lane.status.failures?.map(({ path }) => path);
          assert.deepEqual(failing, ["data/a"]);
        } finally {
          system("chattr", "-i", slave.file("data/a"));
        }
        await until("nothing fails", () => lane.status.failing === undefined);
        assertEqual(master, slave);
      });
    }

    it("is a directory whose attributes cannot be set: it is not compared again with all below it", async () => {
      const { master, slave } = pair;
      mkdirSync(master.file("data/a"));
      makeDirectory(master.file("data/a/sub"));
      let lists = 0;
      const connect = () =>
        slave.tapped((bytes) => (lists += bytes.toString("latin1").match(/"op":"list"/g)?.length ?? 0));
      let lane = master.lane(slave, { connect, retryMs: 20 });
      await slave.follows(master);
      system("chattr", "+i", slave.file("data/a"));
      try {
        const before = lists;
        utimesSync(master.file("data/a"), 1, 1);
        await master.record(update("data/a"));
        await until("it was tried again", () => lane.status.errors > 2);
        assert.equal(lists, before);
        const { paths } = lane.kept.failures;
        assert.deepEqual(
          paths.map(({ path, attributes }) => [path, attributes]),
          [["data/a", true]],
        );
        await lane.stop();
        const failures = {
          paths: paths.map(({ path, message, since }) => ({ path, message, since })),
          overflowed: false,
        };
        lane = master.lane(slave, { connect, retryMs: 20, kept: { ...lane.kept, failures } });
        await until("it has been compared once", () => lane.kept.failures.paths[0]?.attributes === true);
      } finally {
        system("chattr", "-i", slave.file("data/a"));
      }
      await until("nothing fails", () => lane.status.failing === undefined);
      assertEqual(master, slave);
    });

    it("takes no more than a small part of the time", async () => {
      const { master, slave } = pair;
      mkdirSync(master.file("data/slow"));
      const { volume } = master.packer;
      let [looks, first, last] = [0, 0, 0];
      volume.names = (path) => {
        if (path !== "data/slow") return Volume.prototype.names.call(volume, path);
        const since = performance.now();
        while (performance.now() < since + 100);
        [looks, first, last] = [looks + 1, first || since, since];
        throw new Error("not now");
      };
      master.lane(slave, { retryMs: 20 });
      await until("it was tried again, and again", () => looks === 3);
      assert.ok(last - first > 1000, `${last - first} ms for three looks of 100 ms`);
    });

    it("is a path too long to be named: the journal's records of it and a comparison go on", async () => {
      const { master, slave } = pair;
      const deep = `data/${makeDeep(master.file("data"))}`;
      writeFileSync(master.file("data/z"), "z");
      const lane = master.lane(slave);
      await slave.follows(master);
      assert.ok(existsSync(slave.file("data/z")));
      assert.ok((lane.status.failing ?? 0) > 0);
      writeFileSync(master.file("data/zz"), "zz");
      await master.record(
        update(deep),
        rename(deep, `${deep}x`),
        rename("data/gone", deep),
        { kind: "tree", path: deep },
        { kind: "list", path: deep },
        update("data/zz"),
      );
      await slave.follows(master);
      assert.equal(readFileSync(slave.file("data/zz"), "utf8"), "zz");
      assert.equal(lane.status.state, "following");
      system("rm", "-rf", master.file("data")); // Node cannot
    });
  });

  describe("on a disk with a broken directory", function () {
    this.timeout(60_000);
    let disk: Disk;
    let cluster: Cluster;

    needsWatch();
    beforeEach(() => {
      disk = new Disk(64);
      cluster = new Cluster(["data"], ["s1", "s2"], disk.directory);
      cluster.make("data/bad/sub");
      cluster.write("data/bad/file", "kept");
      cluster.write("data/file", "file");
    });
    afterEach(async () => {
      await cluster.remove().catch(() => undefined); // rm(1) cannot read it either
      disk.remove();
    });

    function destroy(): void {
      disk.unmount();
      disk.destroy(`/${relative(disk.directory, cluster.volume.file("data/bad"))}`);
      disk.mount();
    }

    const failing = () => cluster.daemon.status.slaves.s1?.failures?.map(({ path }) => path);

    it("is not compared, and all else is", async () => {
      destroy();
      await cluster.start();
      await cluster.settled();
      for (const name of ["s1", "s2"]) {
        assert.equal(readFileSync(cluster.slave(name).file("data/file"), "utf8"), "file");
      }
      assert.deepEqual(failing(), ["data/bad"]);
    });

    it("is found by a rescan, which finds all else, and slaves keep what they have of it", async () => {
      await cluster.start();
      await cluster.settled();
      await cluster.stop();
      chmodSync(cluster.volume.file("data/bad"), 0o750); // however long ago it was made: a rescan looks at it
      destroy();
      cluster.write("data/unseen", "unseen");
      await cluster.start();
      await cluster.settled();
      const slave: TestSlave = cluster.slave("s1");
      assert.equal(readFileSync(slave.file("data/unseen"), "utf8"), "unseen");
      assert.equal(readFileSync(slave.file("data/bad/file"), "utf8"), "kept");
      await until("it is told", () => failing()?.includes("data/bad") === true);
      rmSync(cluster.volume.file("data/file"));
      await cluster.settled();
      assert.equal(existsSync(slave.file("data/file")), false);
    });
  });
});
