import assert from "node:assert/strict";
import { LSYNCD, lsyncdConf } from "../../bench/replication/contenders";
import { CONTENDERS, count, parseOptions, sizes, WORKLOADS } from "../../bench/replication/options";
import { mean } from "../../bench/replication/trial";

describe("the bench's options", () => {
  it("are everything at full scale by default", () => {
    const { scale, only, against, slaves, repeat } = parseOptions([]);
    assert.deepEqual([scale, slaves, repeat], [1, Infinity, 1]);
    assert.deepEqual([only, against], [WORKLOADS, CONTENDERS]);
  });

  it("keep the order in which workloads have to run", () => {
    assert.deepEqual(parseOptions(["--only", "delete,create"]).only, ["create", "delete"]);
  });

  it("keep the order of contenders: the first may find the disks as nobody else does", () => {
    assert.deepEqual(parseOptions(["--against", "rsync,ours,rsync"]).against, ["rsync", "ours", "rsync"]);
  });

  for (const args of [
    ["--scale", "0"],
    ["--scale", "x"],
    ["--slaves", "1.5"],
    ["--only", "creat"],
    ["--against", ""],
    ["--nonsense"],
    ["stray"],
  ]) {
    it(`refuse ${args.join(" ")}`, () => {
      assert.throws(() => parseOptions(args), /usage: npm run bench/);
    });
  }
});

describe("the bench's sizes", () => {
  it("are those of the issue at 1", () => {
    const { files, steady, tree, burst, queue } = sizes(1, 300);
    assert.deepEqual([count(files), files.groups * files.dirs, files.size], [100_000, 1000, 4096]);
    assert.equal(files.dirs * files.files, 20_000);
    assert.deepEqual([count(steady), count(tree)], [54_000, 300_000]);
    assert.ok(count(burst) > queue);
  });

  it("have a least one", () => {
    const { files, steady, tree, burst, queue } = sizes(1e-6, 300);
    assert.deepEqual([count(files), count(steady), count(tree)], [500, 3000, 3000]);
    assert.ok(count(burst) > queue);
  });
});

describe("the bench's contenders", () => {
  it("sync each slave, with lsyncd's own defaults where none is set", () => {
    const quick = lsyncdConf("/srv/nfs/data/x", ["s1", "s2"], LSYNCD["lsyncd-1"]);
    assert.equal(quick.match(/^sync \{/gm)?.length, 2);
    assert.match(quick, /maxProcesses = 4, inotifyMode = "CloseWrite or Modify"/);
    assert.match(quick, /target = "s2:[^"]+", delay = 1,/);
    assert.doesNotMatch(lsyncdConf("/x", ["s1"], LSYNCD["lsyncd-15"]), /delay|maxProcesses|inotifyMode/);
  });
});

describe("the bench's clocks", () => {
  it("are halfway between two measurements, and as wrong as they drifted", () => {
    const before = new Map([
      ["a", { offset: 1, error: 0.25 }],
      ["dead", { offset: 5, error: 0.5 }],
    ]);
    const found = mean(before, new Map([["a", { offset: 2, error: 0.125 }]]));
    assert.deepEqual(found.get("a"), { offset: 1.5, error: 0.75 });
    assert.deepEqual(found.get("dead"), { offset: 5, error: 0.5 });
  });
});
