import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { settle } from "../../toolchain/interrupted";
import type { Deployment, Resource } from "../../toolchain/deployment";
import { until } from "../until";
import { Project } from "./project";

/** Writes each word it is told into `log`, says so in `started`, and takes its time where there is a file `slow`. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { local } from "@pulumi/command";
const word = new pulumi.Config().require("word");
const act = (verb: string) => "echo " + verb + " $(cat) >>log; touch started; test ! -e slow || sleep 60";
new local.Command("greet", {
  create: act("apply"), update: act("apply"), delete: "echo remove $(cat) >>log",
  stdin: word, dir: "ROOT", addPreviousOutputInEnv: false,
});
`;

describe("a run that was interrupted", function () {
  this.timeout(300_000);
  let project: Project;
  const ask = (word: string) =>
    project.write("Pulumi.dev.yaml", `config:\n  ha-nfs:platform: hosts\n  it:word: ${word}\n`);
  const slow = (is: boolean) => (is ? project.write("slow", "") : rmSync(project.file("slow")));
  const log = () => project.read("log").trim().split("\n");

  /** Starts `up` with a word, and waits until its command runs. */
  const begin = async (word: string) => {
    ask(word);
    slow(true);
    rmSync(project.file("started"), { force: true });
    const up = project.start("up", "--yes");
    await until("the command runs", () => existsSync(project.file("started")), 60);
    const cli = Number(readFileSync(`/proc/${up.pid}/task/${up.pid}/children`, "utf8").trim());
    const signal = (name: NodeJS.Signals) => {
      up.kill(name);
      process.kill(cli, name);
    };
    return { ended: up.ended, signal };
  };
  const kill = async (word: string) => {
    const { ended, signal } = await begin(word);
    signal("SIGKILL");
    await ended;
    slow(false);
  };

  before(() => {
    project = new Project();
    project.write("index.ts", PROGRAM.replace("ROOT", project.root));
  });
  after(() => project.remove());

  it("is told from one that still runs, which nothing disturbs", async () => {
    const { ended, signal } = await begin("one");
    const [up, preview] = await Promise.all([project.run("up", "--yes"), project.run("preview")]);
    assert.equal(up.status, 1);
    assert.match(
      up.stderr,
      /error: another run is at work on the stack dev \(pid \d+, .* since .*\): wait for its end\n$/,
    );
    assert.doesNotMatch(up.stderr + preview.stderr, /cut off|killed/);
    assert.equal(preview.status, 0, preview.stdout + preview.stderr);
    signal("SIGINT");
    signal("SIGINT");
    const { status, stdout } = await ended;
    assert.notEqual(status, 0);
    assert.match(stdout, /\^C received; cancelling/);
    slow(false);
  });

  it("by Ctrl-C twice: the next up does the rest", async () => {
    const { status, stdout, stderr } = await project.run("up", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.deepEqual(log(), ["apply one", "apply one"]);
  });

  it("by kill -9 in an update: the next up runs it again, also when asked for what was before", async () => {
    await kill("two");
    ask("one");
    const { status, stdout, stderr } = await project.run("up", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.match(stderr, /removed the lock of a run that was killed \(pid \d+\)\n/);
    assert.match(
      stderr,
      /a run was cut off while updating greet: the next up does it again, destroy removes it\n/,
    );
    assert.deepEqual(log().slice(2), ["apply two", "apply one"]);
    const preview = await project.run("preview", "--expect-no-changes");
    assert.equal(preview.status, 0, preview.stdout);
  });

  it("on another machine, or so it seems: the error names the verb that mends", async () => {
    const lock = { pid: 7, username: "root", hostname: "elsewhere", timestamp: "2026-01-01T00:00:00Z" };
    const file = path.join(".state/backend/.pulumi/locks/organization/it/dev/7.json");
    project.write(file, JSON.stringify(lock));
    const refused = await project.run("up", "--yes");
    assert.equal(refused.status, 1);
    const [, words = ""] = /run npm run (pulumi -- .*), then this again\n$/.exec(refused.stderr) ?? [];
    assert.match(refused.stderr, /error: the stack dev is locked by a run on elsewhere \(pid 7, root since /);
    const cancelled = await project.run(...words.replace("-- ", "").split(" "));
    assert.equal(cancelled.status, 0, cancelled.stderr);
    assert.ok(!existsSync(project.file(file)));
  });

  it("by kill -9 while a command was made: destroy removes what it may have left", async () => {
    const gone = await project.run("destroy", "--yes");
    assert.equal(gone.status, 0, gone.stdout);
    rmSync(project.file("log"));
    await kill("three");
    const { status, stdout, stderr } = await project.run("destroy", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.deepEqual(log(), ["apply three", "remove three"]);
    assert.ok(!existsSync(project.file(".state")));
  });
});

describe("settle", () => {
  const command = (name: string): Resource => ({
    urn: `urn:pulumi:dev::it::command:local:Command::${name}`,
    type: "command:local:Command",
    inputs: { create: name, addPreviousOutputInEnv: false },
    outputs: { create: name, addPreviousOutputInEnv: false, stdout: "was" },
  });
  const operation = (type: string, resource: Resource) => ({ type, resource });
  const settled = (deployment: Deployment["deployment"]) => settle({ deployment }).deployment;

  it("makes a difference of what was changed, and of nothing else", () => {
    const { resources, pending_operations: pending } = settled({
      resources: [command("a"), command("b"), command("c")],
      pending_operations: [operation("updating", command("a")), operation("deleting", command("c"))],
    });
    assert.equal(pending, undefined);
    assert.deepEqual(
      resources?.map(({ inputs }) => inputs?.["addPreviousOutputInEnv"]),
      [true, false, false],
    );
    assert.equal(resources?.[0]?.outputs?.["stdout"], "was");
  });

  it("takes in a command that was being made, and no password, nor one that replaces another", () => {
    const password = { urn: "urn:pulumi:dev::it::random:index/randomPassword:RandomPassword::p" };
    const { resources } = settled({
      resources: [command("a")],
      pending_operations: [
        operation("creating", command("a")),
        operation("creating", command("b")),
        operation("creating", { ...password, type: "random:index/randomPassword:RandomPassword" }),
      ],
    });
    assert.deepEqual(
      resources?.map(({ id, outputs }) => [id, outputs?.["stdout"]]),
      [
        [undefined, "was"],
        ["b-cut-off", ""],
      ],
    );
  });
});
