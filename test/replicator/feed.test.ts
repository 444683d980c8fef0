import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Change } from "../../replicator/master/change";
import { FeedOfTest, now } from "./feedOfTest";
import { update } from "./volume";

const isTree = (path: string) => (change: Change) => change.kind === "tree" && change.path === path;

describe("replicator: the feed", () => {
  let t: FeedOfTest;

  beforeEach(() => {
    t = new FeedOfTest();
  });
  afterEach(() => t.remove());

  it("writes each change once, with the directories whose time it changes, and none across a rename", async () => {
    await t.start();
    await t.tell(
      "c data/a/b",
      "u data/a/b",
      "u data/a/b",
      "c data/a/c",
      "u data",
      "u \xff/x",
      "u data/\xff\n",
    );
    await t.comes(...["data/a/b", "data/a", "data/a/c", "data", "data/\xff\n"].map(update));
    await t.tell("u data/x", "r data/x", "data/d/y", "u data/x", "c data/z");
    await t.comes(
      update("data/x"),
      { kind: "rename", from: "data/x", to: "data/d/y" },
      update("data"),
      update("data/d"),
      update("data/x"),
      update("data/z"),
    );
    assert.equal(t.feed.metrics.events, 10);
  });

  it("tells after a rename back what is at both paths, for they may have been exchanged", async () => {
    await t.start();
    const renamed = (from: string, to: string): Change => ({ kind: "rename", from, to });
    await t.tell("m data/old", "data/f", "r data/x", "data/y", "m data/f", "data/old");
    await t.comes(
      renamed("data/old", "data/f"),
      update("data"),
      renamed("data/x", "data/y"),
      update("data"),
      renamed("data/f", "data/old"),
      { kind: "tree", path: "data/f" },
      { kind: "tree", path: "data/old" },
      update("data"),
    );
  });

  it("takes records however they are cut", async () => {
    await t.start();
    const begin = t.journal.end;
    for (const byte of Buffer.from("u data/a\0r data/b\0data/c\0")) {
      await t.print(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await t.until(() => t.feed.metrics.events === 2);
    await t.feed.stop();
    const { changes } = await t.journal.read(begin, 10);
    assert.deepEqual(changes.at(1), { kind: "rename", from: "data/b", to: "data/c" });
  });

  it("compares what has come or gone whole", async () => {
    await t.start();
    await t.tell("t data/old", "t data", "t other/x");
    await t.comes({ kind: "tree", path: "data/old" }, update("data"), { kind: "tree", path: "data" });
  });

  it("looks at the trees only, and makes what comes or goes by a rename whole", async () => {
    await t.start();
    await t.tell("c other/a", "r other/a", "other/b", "c .ha-nfs/x", "u datax/y", "u ");
    // Whatever is there by now: it may have moved on.
    await t.tell("m other/d", "data/old/file", "r data/e", "other/e", "r other/f", "data/old");
    await t.comes(
      { kind: "tree", path: "data/old/file" },
      update("data/old"),
      update("data/e"),
      update("data"),
    );
    t.feed.setTrees(["other"]);
    await t.tell("u data/a", "u other/a");
    await t.comes(update("other/a"));
  });

  it("leaves to the next daemon up to where all is written", async () => {
    await t.start();
    await t.tell("u data/a", "w 2000000000.25");
    await t.comes(update("data/a"));
    await t.stop();
    await t.start();
    assert.equal(t.journal.watermark, 2000000000.25);
  });

  it("finds at its start what has changed since the last one", async () => {
    await t.start();
    await t.stop();
    await t.start();
    await t.until(() => t.feed.metrics.rescans === 1);
    const changes = await t.arrived();
    // All has changed within the margin. The parent of data/old has, so it may have come from anywhere.
    const { since } = changes.at(-2) as { since: number };
    assert.deepEqual(changes, [
      update("data"),
      update("data/old"),
      { kind: "tree", path: "data/old", since },
      { kind: "list", path: "data" },
    ]);
    assert.ok(since < lstatSync(t.path("data/old")).ctimeMs / 1000);
    assert.equal(t.feed.metrics.rescanning, false);
  });

  it("looks for nothing at its start when it has the queue of the last one, but after an overflow of that", async () => {
    const left = t.path("left");
    for (const [fields, rescans] of [
      ["k\0u data/x\0", 0],
      ["k\0o\0", 1],
      ["", 1],
    ] as const) {
      await t.start();
      await t.stop();
      writeFileSync(left, fields);
      const queue = openSync(left, "r");
      await t.start(queue);
      const open = readdirSync("/proc/self/fd").map((fd) => `/proc/self/fd/${fd}`);
      assert.ok(!open.some((fd) => existsSync(fd) && readlinkSync(fd) === left));
      assert.equal(t.feed.metrics.resumed, fields !== "");
      if (rescans === 0) await t.comes(update("data/x"));
      await t.beacon();
      assert.equal(t.feed.metrics.rescans, rescans);
      await t.stop();
    }
    await t.start();
  });

  it("looks for lost changes after an overflow", async () => {
    await t.start();
    await t.tell("o");
    await t.until(() => t.feed.metrics.rescans === 1);
    assert.equal(t.feed.metrics.overflows, 1);
    assert.ok((await t.arrived()).some(isTree("data/old")));
    await t.beacon();
    assert.equal(t.feed.beacon?.position, t.journal.end);
  });

  it("promises nothing while lost changes are not found", async () => {
    await t.start();
    await t.beacon();
    const last = t.feed.beacon;
    const { PATH } = process.env;
    try {
      process.env.PATH = "/nowhere";
      await t.tell("o");
      await t.until(() => t.feed.metrics.error !== undefined);
      assert.match(t.feed.metrics.error ?? "", /^rescan: .*ENOENT/);
      await t.arrived();
      await t.tell("u data/a", "u .ha-nfs/replicator/beacon", "w 2000000000");
      await t.tell("m data/a", "data/old", "u .ha-nfs/replicator/beacon");
      await t.comes(
        update("data/a"),
        { kind: "rename", from: "data/a", to: "data/old" },
        { kind: "tree", path: "data/old" }, // may have moved past the rescan
        update("data"),
      );
      assert.deepEqual(t.feed.beacon, last);
      await t.stop();
      await t.start();
      assert.ok((t.journal.watermark ?? Infinity) <= now());
    } finally {
      process.env.PATH = PATH;
    }
  });

  it("starts watch again when it ends, and looks for what was missed", async () => {
    await t.start();
    await t.closeWatch();
    writeFileSync(t.path("data/new"), "");
    await t.until(() => t.feed.metrics.error !== undefined);
    assert.match(t.feed.metrics.error ?? "", /watch ended with 0/);
    await t.openWatch(); // not before the one that ends has noticed: it would go on
    await t.tell(`w ${now()}`);
    await t.until(() => t.feed.metrics.rescans === 1);
    assert.ok((await t.arrived()).some((change) => isDeepStrictEqual(change, update("data/new"))));
    assert.equal(t.feed.metrics.watcherRestarts, 1);
    assert.equal(t.feed.metrics.error, undefined);
  });

  it("finds the path of an inode once, and knows it until the file has another", async () => {
    await t.start();
    const { ino } = statSync(t.path("data/old/file"));
    await t.tell(`i ${ino}`);
    await t.until(() => t.feed.metrics.rescans === 1);
    await t.arrived();
    await t.tell(`i ${ino}`);
    await t.comes(update("data/old/file"));
    assert.equal(t.feed.metrics.rescans, 1);
    renameSync(t.path("data/old/file"), t.path("data/moved"));
    await t.tell(`i ${ino}`);
    await t.until(() => t.feed.metrics.rescans === 2);
    assert.ok((await t.arrived()).some((change) => isDeepStrictEqual(change, update("data/moved"))));
  });

  it("finds all names of a file for a new one, and tells of nothing else", async () => {
    await t.start();
    const file = t.path("data/old/file");
    writeFileSync(file, "changed");
    writeFileSync(t.path("data/old/told"), "by an event before");
    linkSync(file, t.path("data/name"));
    // Once more: a slave parts them when there was one name alone meanwhile.
    for (const rescans of [1, 2]) {
      await t.tell("l data/name", `${statSync(file).ino}`);
      await t.until(() => t.feed.metrics.rescans === rescans);
      await t.beacon();
      const paths = (await t.arrived()).map((change) => ("path" in change ? change.path : change.kind));
      assert.deepEqual([...new Set(paths)].sort(), ["data", "data/name", "data/old/file"]);
    }
  });

  it("finds all names also of a file that it has come by while it looked for another", async () => {
    await t.start();
    const { PATH } = process.env;
    try {
      mkdirSync(t.path("bin"));
      writeFileSync(t.path("bin/find"), `#!/bin/sh\nsleep 0.3\nPATH=\${PATH#*:} exec find "$@"\n`, {
        mode: 0o755,
      });
      process.env.PATH = `${t.path("bin")}:${PATH}`;
      const file = t.path("data/old/file");
      for (const name of ["data/name", "data/old/name"]) linkSync(file, t.path(name));
      await t.tell(`i ${statSync(t.path("other/e")).ino}`);
      await t.until(() => t.feed.metrics.rescanning);
      await t.tell("l data/name", `${statSync(file).ino}`);
      await t.beacon();
      const paths = (await t.arrived()).map((change) => ("path" in change ? change.path : change.kind));
      assert.deepEqual([...new Set(paths)].sort(), ["data", "data/name", "data/old/file", "data/old/name"]);
    } finally {
      process.env.PATH = PATH;
    }
  });

  it("looks once for files of other directories", async () => {
    const { ino } = statSync(t.path("other/e"));
    await t.start();
    await t.tell(`i ${ino}`);
    await t.until(() => t.feed.metrics.rescans === 1);
    await t.arrived();
    await t.tell(`i ${ino}`, "u data/a");
    await t.comes(update("data/a"));
    await t.beacon();
    assert.equal(t.feed.metrics.rescans, 1);
  });

  it("says that the journal cannot be written, and brings the changes once it can", async () => {
    await t.start();
    const append = t.journal.append.bind(t.journal);
    t.journal.append = () => Promise.reject(new Error("ENOSPC: no space left on device"));
    await t.tell("u data/old/file");
    await t.until(() => t.feed.metrics.error !== undefined);
    assert.match(t.feed.metrics.error ?? "", /journal: ENOSPC/);
    await t.tell("u .ha-nfs/replicator/beacon", `w ${now() + 50}`);
    t.journal.append = append;
    await t.until(() => t.feed.metrics.rescans === 1);
    assert.equal(t.feed.metrics.error, undefined);
    assert.ok((await t.arrived()).some(isTree("data/old")));
  });

  it("writes the time into the beacon's file", async () => {
    await t.start();
    await t.beacon();
    assert.match(readFileSync(t.path(".ha-nfs/replicator/beacon"), "latin1"), /^\d{13}\n$/);
    assert.equal(t.feed.metrics.events, 0);
  });
});
