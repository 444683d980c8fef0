import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { find, findChanged, type Found } from "../../replicator/master/find";
import { changedInodes, ext4Device } from "../../replicator/master/inodeTable";

const COUNT = 3000;

describe("replicator: the inode table", () => {
  let directory: string;
  let image: string;
  const tools = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const run = (command: string, ...words: string[]) =>
    execFileSync(command, words, { env: tools, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

  before(function () {
    if (!spawnSync("debugfs", ["-V"], { env: tools }).error) return;
    console.log("      e2fsprogs is not here");
    this.skip();
  });
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "inodes-")));
    image = join(directory, "image");
    mkdirSync(join(directory, "tree/sub"), { recursive: true });
    for (let file = 0; file < COUNT; file++) writeFileSync(join(directory, `tree/sub/${file}`), "x");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const format = (...options: string[]) =>
    run("mkfs.ext4", "-q", "-d", join(directory, "tree"), ...options, image, "200M");
  const inode = (path: string) =>
    Number(/Inode: (\d+)/.exec(run("debugfs", "-R", `stat ${path}`, image))?.[1]);

  for (const [what, options] of Object.entries({
    "as Debian makes it": [],
    "with small inodes and blocks, in 32 bits": ["-b", "1024", "-I", "128", "-O", "^64bit,^metadata_csum"],
    "with large inodes, in many groups": ["-I", "1024", "-g", "2048", "-O", "^flex_bg"],
  })) {
    it(`tells what has changed on a file system ${what}`, async () => {
      format(...options);
      const now = Date.now() / 1000;
      assert.ok((await changedInodes(image, 0)).size > COUNT);
      assert.deepEqual(await changedInodes(image, now + 60), new Set());
      for (const path of ["/sub/7", "/sub/2999", "/sub"]) {
        run("debugfs", "-w", "-R", `set_inode_field ${path} ctime 20370101`, image);
      }
      run("debugfs", "-w", "-R", "clri /sub/2999", image);
      assert.deepEqual(await changedInodes(image, now + 60), new Set([inode("/sub/7"), inode("/sub")]));
    });
  }

  it("refuses what is no ext4", async () => {
    writeFileSync(image, Buffer.alloc(100_000));
    await assert.rejects(changedInodes(image, 0), /not an ext4/);
    writeFileSync(image, "");
    await assert.rejects(changedInodes(image, 0), /0 of 1024 bytes/);
  });

  it("knows at once what happens on a mounted one, as find(1) does", async function () {
    format();
    const root = join(directory, "mnt");
    mkdirSync(root);
    if (spawnSync("mount", ["-o", "loop", image, root], { env: tools }).status !== 0) {
      console.log("      no image can be mounted here");
      this.skip();
    }
    try {
      assert.ok(await ext4Device(root));
      assert.equal(await ext4Device(directory), undefined);
      const at = (path: string) => join(root, path);
      // A tick more than the next second, as the kernel takes a file's times from the tick before.
      await passed(statSync(at("sub")).ctimeMs / 1000 + 1.1);
      const since = Date.now() / 1000;
      writeFileSync(at("sub/1"), "changed");
      chmodSync(at("sub/2"), 0o600);
      mkdirSync(at("new/er"), { recursive: true });
      renameSync(at("sub/3"), at("new/renamed"));
      linkSync(at("sub/4"), at("new/er/link"));
      rmSync(at("sub/5"));
      const since0 = Math.floor(since);
      const expected = await all(find(root, ["."], ["-newerct", `@${since0}`]));
      const paths = expected.map(({ path }) => path).sort();
      assert.deepEqual(paths, [
        "",
        "new",
        "new/er",
        "new/er/link",
        "new/renamed",
        "sub",
        "sub/1",
        "sub/2",
        "sub/4",
      ]);
      assert.deepEqual(await all(findChanged(root, ["."], since)), expected);
      for (let file = 100; file < 400; file++) chmodSync(at(`sub/${file}`), 0o600);
      assert.deepEqual(
        await all(findChanged(root, ["."], since)),
        await all(find(root, ["."], ["-newerct", `@${since0}`])),
      );
      assert.deepEqual(
        (await all(findChanged(root, ["./new"], since))).map(({ path }) => path).sort(),
        paths.filter((path) => path.startsWith("new")),
      );
    } finally {
      run("umount", root);
    }
  });
});

async function all(found: AsyncIterable<Found[]>): Promise<Found[]> {
  const list: Found[] = [];
  for await (const some of found) list.push(...some);
  return list;
}

/** Resolves after this second. */
async function passed(seconds: number): Promise<void> {
  while (Date.now() < 1000 * seconds) await new Promise((done) => setTimeout(done, 20));
}
