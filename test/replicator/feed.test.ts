import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Change } from "../../replicator/master/change";
import { Feed } from "../../replicator/master/feed";
import { Journal } from "../../replicator/master/journal";

const update = (path: string): Change => ({ kind: "update", path });
const isTree = (path: string) => (change: Change) => change.kind === "tree" && change.path === path;
const now = () => Date.now() / 1000;

describe("replicator: the feed", () => {
  let root: string;
  let journal: Journal;
  let feed: Feed;
  /** Where the false `watch` gets what it prints; it ends when this is closed. */
  let watch: FileHandle;
  let position: number;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "feed-"));
    mkdirSync(join(root, "data/old/sub"), { recursive: true });
    mkdirSync(join(root, "other"));
    writeFileSync(join(root, "other/e"), "");
    writeFileSync(join(root, "data/old/file"), "");
    execFileSync("mkfifo", [join(root, "fifo")]);
    writeFileSync(
      join(root, "watch"),
      `#!/bin/sh
[ "$2" != 3 ] || /bin/cat <&3
{ [ -z "$(/bin/dd bs=1 count=1 2>/dev/null)" ] || printf 'e\\0'; } <&0 &
exec /bin/cat "$1/fifo"
`,
      { mode: 0o755 },
    );
  });
  afterEach(async () => {
    await stop();
    rmSync(root, { recursive: true });
  });

  /** Starts a daemon's feed, which is told that everything up to now is known. */
  async function start(queue?: number): Promise<void> {
    journal = await Journal.open(join(root, ".ha-nfs/replicator/journal"));
    position = journal.end;
    feed = new Feed({
      root,
      trees: ["data"],
      journal,
      coalesceMs: 30,
      beaconMs: 20,
      watchProgram: join(root, "watch"),
      ...(queue === undefined ? {} : { queue }),
    });
    const started = feed.start();
    watch = await open(join(root, "fifo"), "w");
    await tell(`w ${now()}`);
    await started;
  }

  async function stop(): Promise<void> {
    await feed.stop();
    await journal.close();
    await watch.close();
  }

  /** Lets `watch` print; characters are bytes. */
  const tell = (...records: string[]) =>
    watch.write(Buffer.from(records.map((record) => `${record}\0`).join(""), "latin1"));

  /** Waits until what has come into the journal since the last call is as wanted. */
  async function comes(...wanted: Change[]): Promise<void> {
    const got: Change[] = [];
    while (got.length < wanted.length) {
      await until(() => journal.end > position);
      got.push(...(await arrived()));
    }
    assert.deepEqual(got, wanted);
  }

  /** What has come into the journal since the last call. */
  async function arrived(): Promise<Change[]> {
    const { changes, next } = await journal.read(position, 1000);
    position = next;
    return changes;
  }

  async function until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 10_000;
    while (!condition()) {
      assert.ok(Date.now() < end, `not in time: ${String(condition)}, ${JSON.stringify(feed.metrics)}`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  /** Waits until there is a beacon younger than this call. */
  async function beacon(): Promise<void> {
    const from = Date.now();
    while ((feed.beacon?.time ?? 0) < from) {
      await tell("u .ha-nfs/replicator/beacon", `w ${now()}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  it("writes each change once, with the directories whose time it changes, and none across a rename", async () => {
    await start();
    await tell("c data/a/b", "u data/a/b", "u data/a/b", "c data/a/c", "u data", "u \xff/x", "u data/\xff\n");
    await comes(...["data/a/b", "data/a", "data/a/c", "data", "data/\xff\n"].map(update));
    await tell("u data/x", "r data/x", "data/d/y", "u data/x", "c data/z");
    await comes(
      update("data/x"),
      { kind: "rename", from: "data/x", to: "data/d/y" },
      update("data"),
      update("data/d"),
      update("data/x"),
      update("data/z"),
    );
    assert.equal(feed.metrics.events, 10);
  });

  it("takes records however they are cut", async () => {
    await start();
    for (const byte of Buffer.from("u data/a\0r data/b\0data/c\0")) {
      await watch.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await until(() => feed.metrics.events === 2);
    await feed.stop();
    const { changes } = await journal.read(position, 10);
    assert.deepEqual(changes.at(1), { kind: "rename", from: "data/b", to: "data/c" });
  });

  it("compares what has come or gone whole", async () => {
    await start();
    await tell("t data/old", "t data", "t other/x");
    await comes({ kind: "tree", path: "data/old" }, update("data"), { kind: "tree", path: "data" });
  });

  it("looks at the trees only, and makes what comes or goes by a rename whole", async () => {
    await start();
    await tell("c other/a", "r other/a", "other/b", "c .ha-nfs/x", "u datax/y", "u ");
    await tell("r other/d", "data/old", "r data/e", "other/e", "r other/f", "data/old/file");
    await comes(
      { kind: "tree", path: "data/old" },
      update("data"),
      update("data/e"),
      update("data/old/file"),
      update("data/old"),
    );
    feed.setTrees(["other"]);
    await tell("u data/a", "u other/a");
    await comes(update("other/a"));
  });

  it("leaves to the next daemon up to where all is written", async () => {
    await start();
    await tell("u data/a", "w 2000000000.25");
    await comes(update("data/a"));
    await stop();
    await start();
    assert.equal(journal.watermark, 2000000000.25);
  });

  it("finds at its start what has changed since the last one", async () => {
    await start();
    await stop();
    await start();
    await until(() => feed.metrics.rescans === 1);
    const changes = await arrived();
    // All has changed within the margin. The parent of data/old has, so it may have come from anywhere.
    const { since } = changes.at(-2) as { since: number };
    assert.deepEqual(changes, [
      update("data"),
      update("data/old"),
      { kind: "tree", path: "data/old", since },
      { kind: "list", path: "data" },
    ]);
    assert.ok(since < lstatSync(join(root, "data/old")).ctimeMs / 1000);
    assert.equal(feed.metrics.rescanning, false);
  });

  it("looks for nothing at its start when it has the queue of the last one, but after an overflow of that", async () => {
    const left = join(root, "left");
    for (const [fields, rescans] of [
      ["k\0u data/x\0", 0],
      ["k\0o\0", 1],
      ["", 1],
    ] as const) {
      await start();
      await stop();
      writeFileSync(left, fields);
      const queue = openSync(left, "r");
      await start(queue);
      const open = readdirSync("/proc/self/fd").map((fd) => `/proc/self/fd/${fd}`);
      assert.ok(!open.some((fd) => existsSync(fd) && readlinkSync(fd) === left));
      assert.equal(feed.metrics.resumed, fields !== "");
      if (rescans === 0) await comes(update("data/x"));
      await beacon();
      assert.equal(feed.metrics.rescans, rescans);
      await stop();
    }
    await start();
  });

  it("looks for lost changes after an overflow", async () => {
    await start();
    await tell("o");
    await until(() => feed.metrics.rescans === 1);
    assert.equal(feed.metrics.overflows, 1);
    assert.ok((await arrived()).some(isTree("data/old")));
    await beacon();
    assert.equal(feed.beacon?.position, journal.end);
  });

  it("promises nothing while lost changes are not found", async () => {
    await start();
    await beacon();
    const last = feed.beacon;
    const { PATH } = process.env;
    try {
      process.env.PATH = "/nowhere";
      await tell("o");
      await until(() => feed.metrics.error !== undefined);
      assert.match(feed.metrics.error ?? "", /^rescan: .*ENOENT/);
      await arrived();
      await tell("u data/a", "u .ha-nfs/replicator/beacon", "w 2000000000");
      await tell("r data/a", "data/old", "u .ha-nfs/replicator/beacon");
      await comes(
        update("data/a"),
        { kind: "rename", from: "data/a", to: "data/old" },
        { kind: "tree", path: "data/old" }, // may have moved past the rescan
        update("data"),
      );
      assert.deepEqual(feed.beacon, last);
      await stop();
      await start();
      assert.ok((journal.watermark ?? Infinity) <= now());
    } finally {
      process.env.PATH = PATH;
    }
  });

  it("starts watch again when it ends, and looks for what was missed", async () => {
    await start();
    await watch.close();
    writeFileSync(join(root, "data/new"), "");
    watch = await open(join(root, "fifo"), "w");
    await until(() => feed.metrics.error !== undefined);
    assert.match(feed.metrics.error ?? "", /watch ended with 0/);
    await tell(`w ${now()}`);
    await until(() => feed.metrics.rescans === 1);
    assert.ok((await arrived()).some((change) => isDeepStrictEqual(change, update("data/new"))));
    assert.equal(feed.metrics.watcherRestarts, 1);
    assert.equal(feed.metrics.error, undefined);
  });

  it("finds the path of an inode once, and knows it until the file has another", async () => {
    await start();
    const { ino } = statSync(join(root, "data/old/file"));
    await tell(`i ${ino}`);
    await until(() => feed.metrics.rescans === 1);
    await arrived();
    await tell(`i ${ino}`);
    await comes(update("data/old/file"));
    assert.equal(feed.metrics.rescans, 1);
    renameSync(join(root, "data/old/file"), join(root, "data/moved"));
    await tell(`i ${ino}`);
    await until(() => feed.metrics.rescans === 2);
    assert.ok((await arrived()).some((change) => isDeepStrictEqual(change, update("data/moved"))));
  });

  it("finds all names of a file for a new one, and tells of nothing else", async () => {
    await start();
    const file = join(root, "data/old/file");
    writeFileSync(file, "changed");
    writeFileSync(join(root, "data/old/told"), "by an event before");
    linkSync(file, join(root, "data/name"));
    await tell("c data/name");
    await until(() => feed.metrics.rescans === 1);
    await beacon();
    const paths = (await arrived()).map((change) => ("path" in change ? change.path : change.kind));
    assert.deepEqual([...new Set(paths)].sort(), ["data", "data/name", "data/old/file"]);
  });

  it("looks once for files of other directories", async () => {
    const { ino } = statSync(join(root, "other/e"));
    await start();
    await tell(`i ${ino}`);
    await until(() => feed.metrics.rescans === 1);
    await arrived();
    await tell(`i ${ino}`, "u data/a");
    await comes(update("data/a"));
    await beacon();
    assert.equal(feed.metrics.rescans, 1);
  });

  it("says that the journal cannot be written, and brings the changes once it can", async () => {
    await start();
    const append = journal.append.bind(journal);
    journal.append = () => Promise.reject(new Error("ENOSPC: no space left on device"));
    await tell("u data/old/file");
    await until(() => feed.metrics.error !== undefined);
    assert.match(feed.metrics.error ?? "", /journal: ENOSPC/);
    await tell("u .ha-nfs/replicator/beacon", `w ${now() + 50}`);
    journal.append = append;
    await until(() => feed.metrics.rescans === 1);
    assert.equal(feed.metrics.error, undefined);
    assert.ok((await arrived()).some(isTree("data/old")));
  });

  it("writes the time into the beacon's file", async () => {
    await start();
    await beacon();
    assert.match(readFileSync(join(root, ".ha-nfs/replicator/beacon"), "latin1"), /^\d{13}\n$/);
    assert.equal(feed.metrics.events, 0);
  });
});
