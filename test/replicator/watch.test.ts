import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { QueueStore } from "./queueStore";
import { Daemon, listing, perform, program, until } from "./watchCopy";

/** Whatever else works on this machine's file system has changes without a name too. */
const isNamed = (field: string) => !field.startsWith("i ");

describe("replicator: watch", () => {
  let root: string;
  let store: QueueStore;
  let child: ChildProcess | undefined;
  let said: string[];

  before(function () {
    const { stderr, error } = spawnSync(program, [tmpdir()], { input: "", encoding: "utf8" });
    if (!error && !stderr) return;
    console.log(`      watch does not run here: ${error?.message ?? stderr.trim()}`);
    this.skip();
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "watch-"));
    mkdirSync(join(root, "data"));
    store = new QueueStore();
  });
  afterEach(() => {
    child?.kill("SIGKILL");
    child = undefined;
    store.remove();
    rmSync(root, { recursive: true });
  });

  /** Starts `watch` alone; `said` gets its fields. Resolves once the mark is set. */
  async function start(path = program, directory = root): Promise<ChildProcess> {
    const started = spawn(path, [directory], { stdio: ["pipe", "pipe", "inherit"] });
    child = started;
    said = [];
    let rest = "";
    started.stdout.setEncoding("latin1").on("data", (text: string) => {
      const fields = (rest + text).split("\0");
      rest = fields.pop() ?? "";
      said.push(...fields);
    });
    await until(() => said.length > 0);
    return started;
  }

  const watermarks = () =>
    said.filter((field) => field.startsWith("w ")).map((field) => Number(field.slice(2)));

  /** What `watch` has told of everything up to now. */
  async function told(): Promise<string[]> {
    const now = (Date.now() + 1) / 1000;
    await until(() => (watermarks().at(-1) ?? 0) > now);
    return said.splice(0).filter((field) => !field.startsWith("w "));
  }

  /** Has `watch` take nothing more from its queue. */
  async function halt(started: ChildProcess): Promise<void> {
    started.stdin?.write("h");
    await until(() => said.at(-1) === "e");
  }

  /** Has it leave the queue to the next one, after `halt`. */
  async function leave(started: ChildProcess): Promise<void> {
    const ended = new Promise((done) => started.once("exit", done));
    started.stdin?.write("l");
    assert.equal(await ended, 0);
    assert.ok(store.holds);
  }

  it("tells what comes, changes, moves and goes, under the name that it has", async () => {
    await start();
    const at = (path: string) => join(root, path);
    mkdirSync(at("data/new\nline"));
    writeFileSync(Buffer.from(`${root}/data/new\nline/\xff`, "latin1"), "x");
    const made = [...new Set((await told()).filter(isNamed))];
    // The kernel may make one of the last two.
    assert.deepEqual(made.slice(0, 2), ["c data/new\nline", "c data/new\nline/\xff"]);
    assert.deepEqual(made.slice(2), made.length > 2 ? ["u data/new\nline/\xff"] : []);
    renameSync(at("data/new\nline"), at("data/b"));
    appendFileSync(Buffer.from(`${root}/data/b/\xff`, "latin1"), "y");
    chmodSync(at("data/b"), 0o700);
    chmodSync(at("data"), 0o700);
    assert.deepEqual((await told()).filter(isNamed), [
      "m data/new\nline",
      "data/b",
      "u data/b/\xff",
      "u data/b",
      "u data",
    ]);
    symlinkSync("b", at("data/l"));
    unlinkSync(at("data/l"));
    unlinkSync(Buffer.from(`${root}/data/b/\xff`, "latin1"));
    const gone = await told(); // of what was in a directory nothing can be told once that is gone
    rmSync(at("data/b"), { recursive: true });
    gone.push(...(await told()));
    const named = gone.filter((field) => isNamed(field) && !field.startsWith("u "));
    assert.deepEqual([...new Set(named)], ["c data/l", "c data/b/\xff", "t data/b"]);
  });

  it("tells the time also while changes never end", async () => {
    await start();
    const busy = spawn("sh", ["-c", "while :; do echo >a; rm a; done"], { cwd: root });
    try {
      await until(() => watermarks().length >= 5);
      const times = watermarks();
      assert.deepEqual(times, [...times].sort());
      assert.ok(said.includes("c a"));
    } finally {
      busy.kill();
    }
  });

  it("tells that its queue has overflowed, before the next time", async () => {
    const stopped = await start();
    stopped.kill("SIGSTOP");
    said = [];
    const now = Date.now() / 1000;
    const most = Number(readFileSync("/proc/sys/fs/fanotify/max_queued_events", "latin1"));
    if (most > 50_000) return;
    for (let file = 0; file <= most; file++) writeFileSync(join(root, `data/${file}`), "");
    stopped.kill("SIGCONT");
    await until(() => watermarks().some((time) => time > now + 0.2));
    const overflow = said.indexOf("o");
    assert.ok(overflow >= 0);
    for (const [index, field] of said.entries()) {
      if (field.startsWith("w ") && Number(field.slice(2)) > now + 0.2) assert.ok(index > overflow);
    }
  });

  it("ends with its stdin", async () => {
    const started = await start();
    const ended = new Promise((done) => started.once("exit", done));
    started.stdin?.end();
    assert.equal(await ended, 0);
  });

  it("goes on with the queue that the one before has left", async () => {
    const first = await start(store.watch);
    await halt(first);
    writeFileSync(join(root, "data/between"), "");
    await leave(first);
    renameSync(join(root, "data/between"), join(root, "data/renamed"));
    await start(store.watch);
    assert.equal(said[0], "k");
    assert.ok(!store.holds, "a crash from now on would lose what has been taken from it");
    writeFileSync(join(root, "data/after"), "");
    const named = [...new Set((await told()).filter(isNamed))];
    assert.deepEqual(named, ["k", "c data/between", "r data/between", "data/renamed", "c data/after"]);
  });

  it("leaves no renames there that the kernel may have merged into what it has told", async () => {
    const first = await start(store.watch);
    const at = (name: string) => join(root, "data", name);
    const long = "l".repeat(240);
    for (const name of ["a", `${long}0`]) writeFileSync(at(name), "");
    await told();
    first.stdout?.pause();
    store.stopped(() => {
      renameSync(at("a"), at("z"));
      for (let name = 0; name < 800; name++) renameSync(at(`${long}${name}`), at(`${long}${name + 1}`));
      renameSync(at("z"), at("a"));
      renameSync(at("a"), at("z"));
    });
    await until(() => (first.stdout?.readableLength ?? 0) > 1000); // the first of them has been told
    first.stdin?.write("h");
    first.stdout?.resume();
    await until(() => said.at(-1) === "e");
    assert.deepEqual(said.slice(-6), ["r data/z", "data/a", "r data/a", "data/z", "c data/a", "e"]);
  });

  it("begins anew with a queue of another file system", async function () {
    const elsewhere = mkdtempSync("/dev/shm/watch-");
    try {
      if (statSync(elsewhere).dev === statSync(root).dev) this.skip();
      const first = await start(store.watch, elsewhere);
      await halt(first);
      await leave(first);
      await start(store.watch);
      assert.match(said[0] ?? "", /^w /);
      assert.ok(!store.holds);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it("tells what a directory took with it that had gone before it could be asked for", async () => {
    const stopped = await start();
    mkdirSync(join(root, "data/a/b"), { recursive: true });
    mkdirSync(join(root, "data/c"));
    writeFileSync(join(root, "data/a/file"), "");
    linkSync(join(root, "data/a/file"), join(root, "data/c/file"));
    await told();
    stopped.kill("SIGSTOP");
    appendFileSync(join(root, "data/a/file"), "x");
    renameSync(join(root, "data/a/b"), join(root, "data/b"));
    rmSync(join(root, "data/a"), { recursive: true });
    mkdirSync(join(root, "data/a"));
    stopped.kill("SIGCONT");
    const fields = await told();
    assert.ok(fields.includes("t data/a"), fields.join());
    const { ino } = statSync(join(root, "data/c/file"));
    assert.ok(fields.includes("u data/c/file") || fields.includes(`i ${ino}`), fields.join());
  });

  it("fails with a reason where it cannot watch", () => {
    const { status, stderr } = spawnSync(program, ["/nowhere"], { input: "", encoding: "utf8" });
    assert.notEqual(status, 0);
    assert.match(stderr, /watch: \/nowhere: No such file/);
  });

  it("and the feed tell that directories have changed places between two daemons", async () => {
    const daemon = new Daemon(root);
    await daemon.start();
    mkdirSync(join(root, "copy/data"), { recursive: true });
    for (const name of ["a", "b"]) {
      mkdirSync(join(root, `data/${name}/sub/sub`), { recursive: true });
      writeFileSync(join(root, `data/${name}/sub/sub/${name}`), name);
    }
    await daemon.copy();
    const old = Date.now();
    await until(() => Date.now() > old + 200); // further back than a rescan looks
    await daemon.copy();
    await daemon.stop(false);
    for (const [from, to] of [
      ["a", "c"],
      ["b", "a"],
      ["c", "b"],
    ] as const) {
      renameSync(join(root, "data", from), join(root, "data", to));
    }
    writeFileSync(join(root, "data/a/new"), "");
    await daemon.start();
    await daemon.copy();
    await daemon.stop(false);
    assert.deepEqual(listing(join(root, "copy/data")), listing(join(root, "data")));
  });

  it("and the feed tell all that a copy needs, whatever happens, also between two daemons", async function () {
    this.timeout(120_000);
    const names = fc.constantFrom("a", "b", "c", "\xe9\n");
    const path = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => `data/${parts.join("/")}`);
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), path, text: fc.string() }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("mkdir" as const), path }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant("rename" as const), path, to: path }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), path }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constantFrom("stop", "crash", "forget", "start", "copy") }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 20, maxLength: 60 }), async (operations) => {
        rmSync(join(root, "copy"), { recursive: true, force: true });
        rmSync(join(root, "data"), { recursive: true });
        mkdirSync(join(root, "data"));
        mkdirSync(join(root, "copy/data"), { recursive: true });
        store.drop();
        const daemon = new Daemon(root, store.watch);
        try {
          await daemon.start();
          for (const one of operations) {
            if ("path" in one) perform(root, one);
            else if (one.do === "start") await daemon.start();
            else if (one.do === "copy") await daemon.copy();
            else if (one.do === "forget") store.drop();
            else await daemon.stop(one.do === "crash");
          }
          await daemon.start();
          await daemon.copy();
        } finally {
          await daemon.stop(false);
        }
        assert.deepEqual(listing(join(root, "copy/data")), listing(join(root, "data")));
      }),
      { numRuns: 20 },
    );
  });
});
