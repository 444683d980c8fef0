import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Volume } from "../../replicator/master/volume";
import { clusterForEach } from "./cluster";
import { assertEqual } from "./equal";
import { pairForEach, rename, TestVolume, update } from "./volume";

describe("replicator: a symbolic link in the middle of a path", () => {
  describe("leads to nothing", () => {
    let master: TestVolume;
    let volume: Volume;

    beforeEach(() => {
      master = new TestVolume();
      mkdirSync(master.file("data/real/sub"), { recursive: true });
      writeFileSync(master.file("data/real/sub/file"), "content");
      symlinkSync("real", master.file("data/link"));
      volume = new Volume(master.root);
    });
    afterEach(() => rmSync(master.directory, { recursive: true }));

    for (const [what, look] of Object.entries({
      lstat: () => volume.lstat("data/link/sub"),
      status: () => volume.status("data/link/sub"),
      isDirectory: () => volume.isDirectory("data/link/sub") || undefined,
      names: () => volume.names("data/link/sub"),
      count: () => volume.count("data/link/sub").names || undefined,
      open: () => volume.open("data/link/sub/file"),
      read: () => volume.read("data/link/sub/file", 100),
    })) {
      it(`for ${what}`, () => assert.equal(look(), undefined));
    }

    it("from the moment that it is seen, also where a directory was seen before", async () => {
      assert.ok(volume.isDirectory("data/real/sub") && volume.lstat("data/real/sub/file"));
      renameSync(master.file("data/real"), master.file("data/other"));
      symlinkSync("other", master.file("data/real"));
      assert.ok(volume.lstat("data/real")?.isSymbolicLink());
      assert.equal(volume.lstat("data/real/sub/file"), undefined);
      rmSync(master.file("data/real"));
      renameSync(master.file("data/other"), master.file("data/real"));
      assert.ok(volume.lstat("data/real/sub/file"));
      renameSync(master.file("data/real"), master.file("data/other"));
      symlinkSync("other", master.file("data/real"));
      await setImmediate();
      assert.equal(volume.lstat("data/real/sub/file"), undefined);
    });
  });

  describe("of what is recorded", () => {
    const pair = pairForEach();

    it("takes nothing of its target along, nor does a rename through it", async () => {
      const { master, slave } = pair;
      mkdirSync(master.file("data/old/sub"), { recursive: true });
      mkdirSync(master.file("data/new/sub"), { recursive: true });
      master.lane(slave);
      await slave.follows(master);
      rmSync(master.file("data/old"), { recursive: true });
      symlinkSync("new", master.file("data/old"));
      await master.record(
        update("data/old"),
        update("data/old/sub"),
        { kind: "list", path: "data/old/sub" },
        { kind: "tree", path: "data/old/sub" },
        rename("data/old/sub", "data/old/moved"),
      );
      await slave.follows(master);
      assertEqual(master, slave);
    });
  });

  describe("that a deploy has put in the place of a directory", () => {
    const held = clusterForEach();

    for (const [how, script] of Object.entries({
      "at once": "rm -rf current; ln -s releases/42 current",
      "in two steps": "rm -rf current/assets; sleep 0.1; rm -rf current; ln -s releases/42 current",
      "by a rename": "ln -s releases/42 next; mv current past; mv -T next current; rm -rf past",
      "and back": "mv current past; ln -s releases/42 current; sleep 0.1; rm current; mv past current",
    })) {
      it(`arrives, and holds nothing up: ${how}`, async () => {
        const { cluster } = held;
        for (const name of ["assets", "lib"])
          for (const above of ["current", "releases/42"]) cluster.make(`data/${above}/${name}`);
        cluster.write("data/current/assets/x", "old");
        cluster.write("data/releases/42/assets/x", "new");
        await cluster.start();
        await cluster.settled();
        execFileSync("sh", ["-ec", script], { cwd: cluster.volume.file("data") });
        cluster.write("data/after", "after");
        await cluster.settled();
        cluster.assertEqual();
      });
    }
  });
});
