import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bytesOf, CHUNK } from "../../replicator/protocol";
import { Tree } from "../../replicator/slave/tree";
import { attributes, Slave, type FakeMaster } from "./slaveMaster";
import { until } from "../until";

describe("replicator/slave: operations", () => {
  let slave: Slave;
  let master: FakeMaster;

  beforeEach(async () => {
    slave = new Slave();
    mkdirSync(slave.root);
    master = await slave.master();
  });
  afterEach(() => slave.remove());

  const text = (path: string) => readFileSync(slave.file(path), "utf8");
  const mtime = (path: string) => Number(lstatSync(slave.file(path), { bigint: true }).mtimeNs / 1000n);
  const temporary = () => readdirSync(slave.file(".ha-nfs/tmp"));

  it("puts a file with content, mode and time, and makes its parents", async () => {
    master.put("data/a/b/file", "hello", { mode: 0o4751 });
    await master.done();
    assert.equal(text("data/a/b/file"), "hello");
    assert.equal(lstatSync(slave.file("data/a/b/file")).mode & 0o7777, 0o4751);
    assert.equal(mtime("data/a/b/file"), attributes().mtime);
    assert.deepEqual(temporary(), []);
    assert.equal(slave.receiver.files, 1);
    assert.equal(slave.receiver.bytes, 5);
  });

  it("sets owners", async function () {
    if (process.getuid?.() !== 0) this.skip();
    master.put("data/file", "x", { uid: 1234, gid: 2345, mode: 0o2755 });
    master.send({ op: "dir", path: "data/dir", ...attributes(0o2775), uid: 1234, gid: 2345 });
    master.send({ op: "link", path: "data/link", target: "file", ...attributes(), uid: 1234, gid: 2345 });
    await master.done();
    for (const [name, mode] of [
      ["file", 0o2755],
      ["dir", 0o2775],
      ["link", 0o777],
    ] as const) {
      const stat = lstatSync(slave.file("data", name));
      assert.deepEqual([stat.uid, stat.gid, stat.mode & 0o7777], [1234, 2345, mode], name);
    }
  });

  it("keeps names that are no UTF-8, and times before 1970", async () => {
    master.put("data/\xff\n", "", { mtime: -1_500_000 });
    await master.done();
    const name = bytesOf(`${slave.root}/data/\xff\n`);
    assert.equal(lstatSync(name).mtimeMs, -1500);
  });

  it("shows a file only once its last chunk is there", async () => {
    master.put("data/file", "old");
    await master.done();
    const old = openSync(slave.file("data/file"), "r");
    const half = Buffer.alloc(CHUNK, "n");
    master.put("data/file", half, { more: true });
    master.send({ op: "beacon", time: 1, age: 0 });
    assert.deepEqual(await master.settle(), [{ re: "beacon", time: 1 }]);
    assert.equal(text("data/file"), "old");
    master.send({ op: "data" }, half);
    await master.done();
    assert.equal(lstatSync(slave.file("data/file")).size, 2 * CHUNK);
    assert.equal(readFileSync(old, "utf8"), "old");
    closeSync(old);
  });

  it("forgets a file that is cancelled, or that its master never ended", async () => {
    master.put("data/file", "half", { more: true });
    master.send({ op: "cancel" });
    await master.done();
    assert.deepEqual(temporary(), []);
    master.put("data/file", "half", { more: true });
    await master.done();
    assert.equal(temporary().length, 1);
    await master.close();
    assert.deepEqual(temporary(), []);
    assert.equal(existsSync(slave.file("data/file")), false);
  });

  it("replaces whatever stands where something else belongs", async () => {
    const kinds = {
      file: () => master.put("data/x", "file"),
      dir: () => master.dir("data/x", 0o750),
      full: () => master.put("data/x/y/z", "deep"),
      link: () => master.send({ op: "link", path: "data/x", target: "nowhere", ...attributes() }),
    };
    const check = {
      file: () => text("data/x") === "file",
      dir: () => (lstatSync(slave.file("data/x")).mode & 0o777) === 0o750,
      full: () => text("data/x/y/z") === "deep",
      link: () => readlinkSync(slave.file("data/x")) === "nowhere",
    };
    const names = ["file", "dir", "full", "link"] as const;
    for (const before of names) {
      for (const after of names) {
        master.send({ op: "delete", path: "data/x" });
        kinds[before]();
        kinds[after]();
        await master.done();
        assert.ok(check[after](), `${before} -> ${after}`);
      }
    }
  });

  it("makes and removes directories also where rsync puts something meanwhile, or in the place of one above", () => {
    let meanwhile = () => undefined as void;
    class Watched extends Tree {
      override temporary(): string {
        meanwhile();
        return super.temporary();
      }
      override doubt(): void {
        meanwhile();
        super.doubt();
      }
    }
    const tree = new Watched(slave.root, () => undefined, assert.fail);
    const rsync = (path: string) => {
      meanwhile = () => undefined;
      rmSync(slave.file(path), { recursive: true, force: true });
      writeFileSync(slave.file(path), "");
    };
    for (const [path, early] of [
      ["data/x", true],
      ["data/x", false],
      ["data/x/y", false],
    ] as const) {
      tree.makeParents("data/x/y");
      if (early) rsync(path);
      else meanwhile = () => rsync(path);
      assert.ok(tree.makeDirectory("data/x/y", attributes(0o755)));
      assert.ok(lstatSync(slave.file("data/x/y")).isDirectory());
      meanwhile = () => rsync(path);
      tree.remove("data/x/y");
      assert.ok(!existsSync(slave.file("data/x/y")));
    }
    meanwhile = () => mkdirSync(slave.file("data/x/y/z"), { recursive: true });
    assert.ok(tree.makeDirectory("data/x/y", attributes(0o755)));
    assert.deepEqual(temporary(), []);
  });

  it("deletes with all that is in it, and only there", async () => {
    writeFileSync(join(slave.directory, "outside"), "safe");
    master.send({ op: "link", path: "data/d/link", target: slave.directory, ...attributes() });
    for (let i = 0; i < 50; i++) master.put(`data/d/${i % 7}/${i}`, "x");
    master.send({ op: "delete", path: "data/d" });
    master.send({ op: "delete", path: "data/none/at/all" });
    await master.done();
    assert.deepEqual(readdirSync(slave.file("data")), []);
    master.send({ op: "delete", path: "data" });
    await master.done();
    assert.equal(existsSync(slave.file("data")), false);
    assert.equal(readFileSync(join(slave.directory, "outside"), "utf8"), "safe");
  });

  it("never goes through a symbolic link, but puts a directory in its place", async () => {
    const outside = join(slave.directory, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "file"), "safe");
    const plant = async () => {
      master.send({ op: "link", path: "data/link", target: outside, ...attributes() });
      await master.done();
    };
    await plant();
    master.send({ op: "delete", path: "data/link/file" });
    master.send({ op: "rename", from: "data/link/file", to: "data/stolen" });
    assert.deepEqual(await master.settle(), [{ re: "stale", from: "data/link/file", to: "data/stolen" }]);
    assert.equal(readlinkSync(slave.file("data/link")), outside);

    master.put("data/link/file", "new");
    await master.done();
    assert.equal(text("data/link/file"), "new");
    await plant();
    master.dir("data/link/dir");
    await master.done();
    await plant();
    master.put("data/file", "x");
    master.send({ op: "rename", from: "data/file", to: "data/link/file" });
    await master.done();
    await plant();
    master.send({ op: "list", path: "data/link", id: 1, ...attributes(0o755) }, "[]");
    assert.deepEqual(await master.settle(), [{ re: "listed", id: 1, need: [], made: [] }]);
    symlinkSync(outside, slave.file("data2"));
    const other = await slave.master({ trees: ["data2"], term: 2 });
    other.send({ op: "list", path: "data2", id: 1, ...attributes(0o755) }, "[]");
    other.put("data2/file", "new");
    await other.settle();
    assert.equal(readFileSync(slave.file("data2/file"), "utf8"), "new");

    assert.equal(readFileSync(join(outside, "file"), "utf8"), "safe");
    assert.deepEqual(readdirSync(outside), ["file"]);
  });

  it("renames, over what gives way, and calls the rest stale", async () => {
    master.put("data/a", "a");
    master.put("data/b", "b");
    master.put("data/full/x", "x");
    master.dir("data/empty");
    master.send({ op: "rename", from: "data/a", to: "data/b" });
    master.send({ op: "rename", from: "data/full", to: "data/empty" });
    master.send({ op: "rename", from: "data/b", to: "data/new/parent/b" });
    await master.done();
    assert.equal(text("data/new/parent/b"), "a");
    assert.equal(text("data/empty/x"), "x");
    assert.deepEqual(readdirSync(slave.file("data")).sort(), ["empty", "new"]);
    const stale = [
      ["data/none", "data/c"],
      ["data/new/parent/b", "data/empty"],
      ["data/new", "data/empty"],
      ["data/new", "data/new/parent/into"],
      ["data/new", "data/empty/x"],
    ] as const;
    for (const [from, to] of stale) {
      master.send({ op: "rename", from, to });
      assert.deepEqual(await master.settle(), [{ re: "stale", from, to }]);
    }
  });

  it("keeps names of one inode together, and writes through them", async () => {
    master.put("data/a", "one", { links: 77 });
    master.put("data/d/b", "one", { links: 77 });
    await master.done();
    const inode = (path: string) => lstatSync(slave.file(path)).ino;
    assert.equal(inode("data/a"), inode("data/d/b"));
    const before = inode("data/a");

    master.put("data/a", "two, longer", { links: 77, mtime: 5_000_000, mode: 0o600 });
    await master.done();
    assert.equal(text("data/d/b"), "two, longer");
    assert.equal(mtime("data/d/b"), 5_000_000);
    assert.equal(lstatSync(slave.file("data/d/b")).mode & 0o777, 0o600);
    master.put("data/d/b", "2", { links: 77 });
    await master.done();
    assert.equal(text("data/a"), "2");
    assert.equal(inode("data/a"), before);
    assert.deepEqual(temporary(), []);

    master.send({ op: "rename", from: "data/a", to: "data/d/b" });
    await master.done();
    assert.equal(existsSync(slave.file("data/a")), false);

    master.send({ op: "delete", path: "data/d/b" });
    master.put("data/new", "another file", { links: 77 });
    await master.done();
    assert.notEqual(inode("data/new"), before);
    master.put("data/new", "alone");
    await master.done();
    assert.equal(lstatSync(slave.file("data/new")).nlink, 1);
    await slave.receiver.stop();
    slave.start();
    await slave.master();
    await until("no links left", () => readdirSync(slave.file(".ha-nfs/links")).length === 0);
  });

  it("tells of a path that fails, and goes on", async () => {
    master.put(`data/${"n".repeat(300)}`, "first half", { more: true });
    master.send({ op: "data" }, "second half");
    master.put("data/next", "x");
    const [error, ...more] = await master.settle();
    assert.deepEqual(more, []);
    assert.equal(error?.re, "error");
    assert.match(error.message, /^ENAMETOOLONG: name too long, rename$/);
    assert.equal(text("data/next"), "x");
    assert.deepEqual(temporary(), []);
    assert.equal(slave.receiver.errors, 1);
  });
});
