import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { secret, UNKNOWN } from "../../toolchain/plugins/values";
import { failureOf, Plugin } from "./plugin";

describe("command:local:Command", function () {
  this.timeout(20_000);
  let plugin: Plugin;
  let folder: string;
  const file = (name: string) => path.join(folder, name);

  before(async () => {
    plugin = await Plugin.start("command", "command:local:Command");
    folder = mkdtempSync(path.join(tmpdir(), "ha-nfs-local-"));
  });
  after(async () => {
    await plugin.stop();
    rmSync(folder, { recursive: true });
  });

  it("creates with stdin, environment and directory, and trims one newline", async () => {
    const inputs = {
      create: 'cat; echo "$WORD $(pwd)"; echo; echo err >&2',
      stdin: "in\n",
      environment: { WORD: "w" },
    };
    const state = await plugin.create({ ...inputs, dir: folder });
    assert.equal(state["stdout"], `in\nw ${folder}\n`);
    assert.equal(state["stderr"], "err");
    assert.equal(state["create"], inputs.create);
  });

  it("uses the interpreter", async () => {
    const state = await plugin.create({ create: "1 + 1", interpreter: [process.execPath, "-p"] });
    assert.equal(state["stdout"], "2");
  });

  it("updates by update, or else by create, with the previous output unless told otherwise", async () => {
    const old = { create: "echo old", stdout: "was" };
    const show = 'echo "$PULUMI_COMMAND_STDOUT"';
    assert.equal((await plugin.update(old, { create: "exit 1", update: show }))["stdout"], "was");
    assert.equal((await plugin.update(old, { create: show }))["stdout"], "was");
    assert.equal((await plugin.update(old, { create: show, addPreviousOutputInEnv: false }))["stdout"], "");
    assert.equal((await plugin.update(old, { delete: "true" }))["stdout"], "was");
  });

  it("deletes by the stored command and stdin", async () => {
    await plugin.delete({ delete: `cat >${file("deleted")}`, stdin: "stored" });
    assert.equal(readFileSync(file("deleted"), "utf8"), "stored");
    await plugin.delete({ create: "exit 1" });
  });

  it("fails in the official words, with all output", async () => {
    const failure = await failureOf(plugin.create({ create: 'echo "a"; echo b >&2; exit 3' }));
    assert.equal(failure, 'exit status 3: running "echo \\"a\\"; echo b >&2; exit 3":\na\nb\n');
    assert.match(
      await failureOf(plugin.create({ create: "true", interpreter: ["/no/such"] })),
      /\/no\/such ENOENT/,
    );
  });

  it("runs nothing in a preview", async () => {
    const inputs = { create: `touch ${file("preview")}` };
    const created = await plugin.create(inputs, { preview: true });
    assert.deepEqual(created, { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN });
    const state = { ...inputs, stdout: "was", stderr: "" };
    const same = await plugin.update(state, { ...inputs, stdin: "new" }, { preview: true });
    assert.equal(same["stdout"], "was", "an input that the state does not have leaves the output known");
    const changed = await plugin.update(state, { create: "other" }, { preview: true });
    assert.equal(changed["stdout"], UNKNOWN);
    assert.ok(!existsSync(file("preview")));
  });

  it("keeps secret inputs secret, and the output plain as the official plugin does", async () => {
    const inputs = { create: "cat", stdin: secret("s") };
    assert.deepEqual(await plugin.create(inputs), { ...inputs, stdout: "s", stderr: "" });
  });

  it("replaces for triggers only", async () => {
    const olds = { create: "a", environment: { A: "1" }, triggers: [1] };
    assert.deepEqual(await plugin.diff(olds, olds), { paths: [], replaces: [] });
    assert.deepEqual(await plugin.diff(olds, { ...olds, create: "b", environment: { A: "2", B: "3" } }), {
      paths: ["create", "environment.A", "environment.B"],
      replaces: [],
    });
    assert.deepEqual(await plugin.diff(olds, { ...olds, triggers: [2] }), {
      paths: ["triggers[0]"],
      replaces: ["triggers"],
    });
    const flipped = await plugin.diff(olds, { ...olds, create: secret("a") });
    assert.deepEqual(flipped.paths, ["create"]);
  });

  it("checks the inputs, and never repeats a value", async () => {
    const { failures } = await plugin.check({
      create: 1,
      nope: "hunter2",
      logging: "loud",
      assetPaths: ["*"],
    });
    assert.equal(failures.length, 3);
    assert.ok(!failures.join().includes("hunter2"));
    assert.match((await plugin.check({ assetPaths: ["*"] })).failures.join(), /official plugin/);
    assert.deepEqual((await plugin.check({ create: UNKNOWN, environment: UNKNOWN })).failures, []);
  });

  it("logs lines as they come, unless told not to", async () => {
    await plugin.create({ create: "printf 'one\\ntwo'; echo three >&2" });
    await plugin.create({ create: "echo quiet", logging: "none" });
    await plugin.create({ create: "echo out; echo onlyerr >&2", logging: "stderr" });
    await sleep(100);
    assert.deepEqual(plugin.log.filter((line) => /^(one|two|three|quiet|out|onlyerr)$/.test(line)).sort(), [
      "one",
      "onlyerr",
      "three",
      "two",
    ]);
  });

  it("takes a line of any length", async () => {
    const before = plugin.log.length;
    const state = await plugin.create({ create: "head -c 1000000 /dev/zero | tr '\\0' x" });
    assert.equal(state["stdout"], "x".repeat(1_000_000));
    await sleep(100);
    assert.equal(plugin.log.slice(before).join(""), "x".repeat(1_000_000));
  });

  it("ends at its time limit, children and all", async () => {
    const began = Date.now();
    const failure = await failureOf(
      plugin.create({ create: "echo started; sleep 30 & wait" }, { timeout: 0.5 }),
    );
    assert.match(failure, /^context deadline exceeded: running .*\nstarted\n$/s);
    assert.ok(Date.now() - began < 5000);
  });

  it("ends with its engine", async () => {
    const executable = path.resolve("toolchain/plugins/command/pulumi-resource-command");
    const engine = spawn("/bin/sh", ["-c", `${executable} 127.0.0.1:1 >&2 & echo $!; wait`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [pid] = (await once(engine.stdout, "data")) as [Buffer];
    await once(engine.stderr, "data");
    engine.kill("SIGKILL");
    const gone = () => !existsSync(`/proc/${pid.toString().trim()}`);
    for (let i = 0; i < 30 && !gone(); i++) await sleep(100);
    assert.ok(gone());
  });

  it("kills what runs when the engine cancels", async () => {
    const running = failureOf(plugin.create({ create: "sleep 30" }));
    await sleep(200);
    await plugin.cancel();
    assert.match(await running, /^context canceled: running/);
  });
});
