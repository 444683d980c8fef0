import assert from "node:assert/strict";
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { digestOf, type Entry } from "../../replicator/protocol";
import { attributes, Slave, type FakeMaster } from "./slaveMaster";

describe("replicator/slave: list", () => {
  let slave: Slave;
  let master: FakeMaster;

  beforeEach(async () => {
    slave = new Slave();
    mkdirSync(slave.root);
    master = await slave.master();
  });
  afterEach(() => slave.remove());

  const file = (name: string, size: number, more: Partial<Entry> = {}): Entry => {
    return { name, type: "file", size, ...attributes(), ...more };
  };
  const list = async (entries: Entry[]) => {
    master.send({ op: "list", path: "data/l", id: 9, ...attributes(0o751) }, JSON.stringify(entries));
    const [listed, ...more] = await master.settle();
    assert.deepEqual(more, []);
    assert.equal(listed?.re, "listed");
    return { need: listed.need, made: listed.made };
  };

  it("makes the directory, and asks for what it cannot make", async () => {
    const entries: Entry[] = [
      file("f", 1),
      file("\xe4\xff", 0),
      { name: "d", type: "dir", ...attributes(0o1777) },
      { name: "l", type: "link", target: "f", ...attributes() },
    ];
    assert.deepEqual(await list(entries), { need: ["f", "\xe4\xff"], made: ["d"] });
    assert.equal(lstatSync(slave.file("data/l")).mode & 0o777, 0o751);
    assert.equal(lstatSync(slave.file("data/l/d")).mode & 0o7777, 0o1777);
    assert.equal(readlinkSync(slave.file("data/l/l")), "f");
  });

  it("removes what is not among the names, and asks for those that it has not", async () => {
    for (const name of ["file", "-r", "gone", "deep/gone"]) master.put(`data/l/${name}`, "12345");
    const names = async (path: string, ...names: string[]) => {
      master.send({ op: "names", path, id: 9 }, JSON.stringify(names));
      const [listed] = await master.settle();
      assert.equal(listed?.re, "listed");
      assert.deepEqual(listed.made, []);
      return listed.need;
    };
    assert.deepEqual(await names("data/l", "-r", "file", "\xff\n"), ["\xff\n"]);
    assert.deepEqual(readdirSync(slave.file("data/l")).sort(), ["-r", "file"]);
    for (const path of ["data/l/file", "data/l/none/deep"]) assert.deepEqual(await names(path, "a"), ["a"]);
    assert.equal(readFileSync(slave.file("data/l/file"), "utf8"), "12345");
    assert.equal(slave.receiver.errors, 0);
  });

  it("needs files of another content where the master tells of it", async () => {
    for (const name of ["same", "other", "untold"]) master.put(`data/l/${name}`, "12345");
    const digest = (content: string) => ({ digest: digestOf(Buffer.from(content)) });
    const entries = [file("same", 5, digest("12345")), file("other", 5, digest("54321")), file("untold", 5)];
    assert.deepEqual(await list([...entries, file("new", 1, digest("1"))]), {
      need: ["other", "new"],
      made: [],
    });
  });

  it("needs files of another size, time or type, mends modes, and removes the rest", async () => {
    for (const name of ["same", "mode", "size", "time", "extra", "type", "deep/er"]) {
      master.put(`data/l/${name}`, "12345");
    }
    master.send({ op: "link", path: "data/l/linked", target: "old", ...attributes() });
    await master.done();
    const entries: Entry[] = [
      file("same", 5),
      file("mode", 5, { mode: 0o600 }),
      file("size", 6),
      file("time", 5, { mtime: attributes().mtime + 2 }),
      { name: "type", type: "dir", ...attributes(0o755) },
      { name: "linked", type: "link", target: "new", ...attributes() },
    ];
    assert.deepEqual(await list(entries), { need: ["size", "time"], made: ["type"] });
    assert.equal(lstatSync(slave.file("data/l/mode")).mode & 0o777, 0o600);
    assert.equal(readlinkSync(slave.file("data/l/linked")), "new");
    const left = ["linked", "mode", "same", "size", "time", "type"];
    assert.deepEqual(readdirSync(slave.file("data/l")).sort(), left);
    assert.equal(slave.receiver.errors, 0);
  });

  it("knows names of one inode from files of their own", async () => {
    master.put("data/l/a", "x", { links: 5 });
    master.put("data/l/b", "x", { links: 5 });
    master.put("data/l/c", "x");
    master.put("data/l/d", "x");
    await master.done();
    linkSync(slave.file("data/l/d"), slave.file("data/l/e"));
    const links = { links: 5 };
    const entries = [
      file("a", 1, links),
      file("b", 1, links),
      file("c", 1, links),
      file("d", 1),
      file("e", 1),
    ];
    assert.deepEqual(await list(entries), { need: ["c", "d", "e"], made: [] });
  });

  it("mirrors a directory of 3000 names without holding up the event loop", async () => {
    const entries = Array.from({ length: 3000 }, (_, i): Entry => ({
      name: `d${i}`,
      type: "dir",
      ...attributes(0o755),
    }));
    let last = performance.now();
    let longest = 0;
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    master.send({ op: "list", path: "data", id: 1, ...attributes(0o755) }, JSON.stringify(entries));
    master.send({ op: "list", path: "data", id: 2, ...attributes(0o755) }, "[]");
    const said = await master.settle();
    clearInterval(timer);
    assert.deepEqual(
      said.map((reply) => reply.re),
      ["listed", "listed"],
    );
    assert.deepEqual(readdirSync(slave.file("data")), []);
    assert.ok(longest < 200, `${longest} ms`);
  });
});
