import assert from "node:assert/strict";
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Batch, Batches } from "../../replicator/master/batches";
import type { Change } from "../../replicator/master/change";
import { frames, type Op } from "../../replicator/protocol";
import { rename, TestVolume, update } from "./volume";

/** What a batch sends, each as `operation path`. */
async function operations(...parts: Buffer[]): Promise<string[]> {
  const stream = new PassThrough();
  stream.end(Buffer.concat(parts));
  const said: string[] = [];
  for await (const { head } of frames<Op>(stream)) {
    said.push(
      [head.op, "path" in head ? head.path : "from" in head ? `${head.from} ${head.to}` : ""].join(" "),
    );
  }
  return said;
}

describe("replicator: batches", () => {
  let volume: TestVolume;

  beforeEach(async () => {
    volume = await new TestVolume().start();
  });
  afterEach(() => volume.remove());

  const write = (path: string, content: string | Buffer) => writeFileSync(volume.file(path), content);
  const next = (position: number, plain = false) => volume.batches.next(position, plain);
  const start = () => volume.journal.base;

  async function calm(): Promise<number> {
    await volume.calm();
    return volume.journal.end;
  }

  const said = (batch: Batch) => operations(batch.frames, batch.closing);

  it("say what is there now, each path once, and directories last", async () => {
    mkdirSync(volume.file("data/d/e"), { recursive: true });
    write("data/d/e/file", "now");
    symlinkSync("x", volume.file("data/link"));
    const paths = ["data/gone/below", "data/link", "data/d/e/file", "data/gone", "data/d/e/file", "data/d"];
    await volume.record(...paths.map(update));
    assert.deepEqual(await said(await next(start())), [
      "delete data/gone",
      "put data/d/e/file",
      "link data/link",
      "dir data/d/e",
      "dir data/d",
      "dir data",
    ]);
  });

  it("end where there is nothing more", async () => {
    await volume.record(update("data"));
    const batch = await next(start());
    assert.equal(batch.next, volume.journal.end);
    assert.equal((await next(batch.next)).next, batch.next);
  });

  it("are made once for all who come by, and one may begin in the middle", async () => {
    write("data/a", "a");
    await volume.record(update("data/a"));
    const middle = volume.journal.end;
    await volume.record(update("data"));
    const batch = await next(start());
    assert.equal(await next(start()), batch);
    assert.equal(await next(middle), batch);
  });

  it("leave what is long to the lanes, and to rsync what is longer or no file", async () => {
    write("data/long", Buffer.alloc(300_000, "x"));
    write("data/longer", Buffer.alloc(5_000_000, "x"));
    write("data/linked", Buffer.alloc(5_000_000, "x"));
    linkSync(volume.file("data/linked"), volume.file("data/other"));
    await volume.record(update("data/long"), update("data/longer"), update("data/linked"));
    const { streams, specials, frames: content } = await next(start());
    assert.deepEqual(streams, ["data/linked", "data/long"]);
    assert.deepEqual(specials, ["data/longer"]);
    assert.equal(content.length, 0);
  });

  it("rename first, and say what changed before where it is now", async () => {
    mkdirSync(volume.file("data/a"));
    write("data/a/file", "content");
    const here = await calm();
    renameSync(volume.file("data/a"), volume.file("data/z"));
    await volume.record(update("data/a/file"), rename("data/a", "data/z"), update("data"));
    const batch = await next(here);
    assert.deepEqual(await operations(batch.frames), [
      "rename data/a data/z",
      "dir data",
      "dir data/z",
      "put data/z/file",
    ]);
    assert.deepEqual(batch.jobs, []);
  });

  it("do not rename what a file of later may have taken the place of", async () => {
    write("data/a", "old");
    const here = await calm();
    renameSync(volume.file("data/a"), volume.file("data/z"));
    write("data/a", "new");
    await volume.record(update("data/a"));
    const first = await next(here);
    await volume.record(rename("data/a", "data/z"));
    const second = await next(first.next);
    assert.deepEqual(await operations(second.frames), ["put data/a", "put data/z"]);
  });

  it("compare the directory in which something was looked at too late", async () => {
    mkdirSync(volume.file("data/a/b"), { recursive: true });
    write("data/a/b/file", "content");
    const here = await calm();
    renameSync(volume.file("data/a"), volume.file("data/z"));
    await volume.record(update("data/a/b/file"));
    const first = await next(here);
    assert.deepEqual(await operations(first.frames), ["delete data/a/b/file"]);
    await volume.record(rename("data/a", "data/z"));
    const second = await next(first.next);
    assert.deepEqual(second.renames, [{ from: "data/a", to: "data/z" }]);
    assert.deepEqual(second.jobs, [{ path: "data/z/b", deep: false }]);
  });

  it("have states instead of renames for who may have had them before", async () => {
    mkdirSync(volume.file("data/a"));
    const here = await calm();
    renameSync(volume.file("data/a"), volume.file("data/z"));
    await volume.record(rename("data/a", "data/z"));
    const batch = await next(here, true);
    assert.deepEqual(batch.renames, []);
    assert.deepEqual(await operations(batch.frames), ["delete data/a"]);
    assert.deepEqual(batch.jobs, [{ path: "data/z", deep: true }]);
  });

  it("read nothing through a symbolic link that has come in between", async () => {
    mkdirSync(volume.file("secret"));
    write("secret/file", "secret");
    symlinkSync(volume.file("secret"), volume.file("data/a"));
    await volume.record(update("data/a/file"));
    assert.deepEqual(await operations((await next(start())).frames), ["delete data/a/file"]);
  });

  /** Batches of a journal with so many records. */
  function endless(count: number, change: (index: number) => Change): Batches {
    const read = (position: number, limit: number) => {
      const next = Math.min(count, position + limit);
      const changes = Array.from({ length: next - position }, (_, index) => change(position + index));
      return Promise.resolve({ changes, next });
    };
    const journal = { read, left: (position: number) => count - position };
    return new Batches(journal, volume.packer, volume.ages, new Set(volume.trees));
  }

  it("find what has gone without remembering all that there is", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const heap = () => {
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    const path = (index: number) => `data/gone/${index}${"x".repeat(200)}/${"y".repeat(240)}`;
    let [gone, most] = [0, 0];
    for await (const paths of endless(200_000, (index) => update(path(index))).gone(0, assert.fail)) {
      gone += paths.length;
      if (paths.length > 0 && gone % 20_000 === 0) most = Math.max(most, heap() - before);
    }
    assert.equal(gone, 200_000);
    assert.ok(most < 60e6, `${most} bytes`);
  });

  it("find what has gone but for what has got another name, as far as that can be remembered", async () => {
    const found = async (renames: number) => {
      let crowded = 0;
      const all: string[] = [];
      const change = (index: number) =>
        index < renames
          ? rename(`data/old/${index}`, `data/new/${index}`)
          : update(`data/old/${index - renames}/x`);
      for await (const paths of endless(2 * renames, change).gone(0, () => crowded++)) all.push(...paths);
      return { crowded, gone: all.length };
    };
    assert.deepEqual(await found(10_000), { crowded: 0, gone: 0 });
    assert.deepEqual(await found(60_000), { crowded: 1, gone: 10_000 });
  });

  it("delete nothing when the volume is not there any more", async () => {
    await volume.record(update("data/gone"));
    volume.packer.volume.check = () => {
      throw new Error("not the volume any more");
    };
    await assert.rejects(next(start()), /not the volume/);
    rmSync(volume.file("data"), { recursive: true });
  });
});
