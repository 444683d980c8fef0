import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { until } from "../until";
import { Project } from "./project";

const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random";
import { local } from "@pulumi/command";
const greeting = new pulumi.Config().get("greeting") ?? "hello";
const create = "touch ../../started; cat; test ! -e slow || sleep 60";
const command = new local.Command("greet", { create, delete: "true", stdin: greeting, dir: __dirname });
export const said = command.stdout;
export const password = new RandomPassword("password", { length: 20 }).result;
`;

interface Deployment {
  deployment: { resources: { type: string; inputs: unknown }[] };
}

/** In order: each test goes on where the one before it stopped. */
describe("the verbs, with the real CLI", function () {
  this.timeout(900_000);
  let project: Project;
  const configure = (text: string) =>
    project.write("Pulumi.dev.yaml", `config:\n  ha-nfs:platform: hosts\n${text}`);

  before(() => {
    project = new Project();
    project.write("index.ts", PROGRAM.replace("../../started", project.file("started")));
  });
  after(() => project.remove());

  it("says that there is nothing yet, and leaves nothing behind", async () => {
    const outputs = await project.run("outputs");
    const nothing = {
      status: 1,
      stdout: "",
      stderr: "error: there is no stack dev: npm run up -- --stack dev makes it\n",
    };
    assert.deepEqual(outputs, nothing);
    assert.deepEqual(await project.run("status"), nothing);
    const destroy = await project.run("destroy", "--yes");
    assert.deepEqual(destroy, {
      status: 0,
      stdout: "",
      stderr: "there is no stack dev: nothing to destroy\n",
    });
    const usage = await project.run("upp");
    assert.equal(usage.status, 2);
    const missing = await project.run("up", "--stack", "prod");
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^error: there is no Pulumi\.prod\.yaml; the stacks here are dev$/m);
    assert.ok(!existsSync(project.file("started")));
  });

  it("previews a stack that does not exist, as pure JSON, without a warning", async () => {
    const { status, stdout, stderr } = await project.run("preview", "--json");
    assert.equal(status, 0, stderr);
    const preview = JSON.parse(stdout) as { changeSummary: unknown; diagnostics?: unknown };
    assert.deepEqual(preview.changeSummary, { create: 3 });
    assert.equal(preview.diagnostics, undefined);
    assert.ok(!existsSync(project.file("started")));
  });

  it("makes the stack, keeps the clone clean, and hides the state from others", async () => {
    const { status, stdout, stderr } = await project.run("up", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.deepEqual(JSON.parse(stdout.slice(stdout.lastIndexOf("{"))), {
      said: "hello",
      password: "[secret]",
    });
    assert.doesNotMatch(project.read("Pulumi.dev.yaml"), /salt/);
    assert.match(project.read(".state/Pulumi.dev.yaml"), /^encryptionsalt: /m);
    assert.equal(statSync(project.file(".state")).mode & 0o777, 0o700);
    assert.equal(statSync(project.file(".state/passphrase")).mode & 0o777, 0o600);
  });

  it("has no changes then, also for a refresh", async () => {
    const preview = await project.run("preview", "--expect-no-changes");
    assert.equal(preview.status, 0, preview.stdout);
    const refresh = await project.run("refresh", "--expect-no-changes");
    assert.equal(refresh.status, 0, refresh.stdout);
  });

  it("has none either after an older stand-in, which wrote the defaults of a password into its inputs", async () => {
    const exported = await project.run("pulumi", "stack", "export", "--stack", "dev");
    const state = JSON.parse(exported.stdout) as Deployment;
    const password = state.deployment.resources.find(({ type }) => type.endsWith("RandomPassword"));
    assert.ok(password);
    assert.deepEqual(password.inputs, { length: 20 }, "the inputs are the program's own");
    password.inputs = { length: 20, lower: true, minLower: 0, number: true, numeric: true };
    project.write("state.json", JSON.stringify(state));
    const imported = await project.run("pulumi", "stack", "import", "--stack", "dev", "--file", "state.json");
    assert.equal(imported.status, 0, imported.stderr);
    const { status, stdout } = await project.run("preview", "--expect-no-changes");
    assert.equal(status, 0, stdout);
  });

  it("has the outputs, and the secrets on request", async () => {
    const { stdout } = await project.run("outputs", "--show-secrets");
    const { password } = JSON.parse(stdout) as { password: string };
    assert.equal(password.length, 20);
  });

  it("finishes the job of a run of which everything was killed", async () => {
    configure("  it:greeting: again\n");
    project.write("index.ts", project.read("index.ts").replace('"greet"', '"another"'));
    project.write("slow", "");
    unlinkSync(project.file("started"));
    const up = project.start("up", "--yes");
    await until("the command runs", () => existsSync(project.file("started")), 60);
    const cli = readFileSync(`/proc/${up.pid}/task/${up.pid}/children`, "utf8").trim();
    up.kill("SIGKILL");
    process.kill(Number(cli), "SIGKILL");
    await up.ended;
    project.write("index.ts", project.read("index.ts").replace("test ! -e slow", "true"));

    const { status, stdout, stderr } = await project.run("up", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.match(stderr, /removed the lock of a run that was killed/);
    assert.match(stderr, /a run was cut off while creating another: the next up does it again/);
    assert.match(stdout, /"said": "again"/);
  });

  it("lets Ctrl-C reach the CLI, which ends in its own way", async () => {
    configure("  it:greeting: third\n");
    project.write("index.ts", project.read("index.ts").replace("true || sleep 60", "sleep 60"));
    unlinkSync(project.file("started"));
    const up = project.start("up", "--yes");
    await until("the command runs", () => existsSync(project.file("started")), 60);
    up.kill("SIGTERM");
    const { status, stdout, stderr } = await up.ended;
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /cancel/i);
    project.write("index.ts", project.read("index.ts").replace("sleep 60", "true"));
  });

  it("ends with the status of a program that fails, and says why once", async () => {
    const program = project.read("index.ts");
    project.write("index.ts", `${program}\nthrow new Error("no such thing");\n`);
    const { status, stdout, stderr } = await project.run("preview");
    assert.notEqual(status, 0);
    assert.match(stdout, /no such thing/);
    assert.doesNotMatch(stderr, /at .*toolchain/);
    project.write("index.ts", program);
  });

  it("changes the others while a host is away, and that one at the next up", async () => {
    const program = project.read("index.ts");
    const host = (name: string, stdin = "''") =>
      `const ${name} = new local.Command("part-${name}", { create: "echo $SAYS", environment: { SAYS: greeting }, stdin: ${stdin} });\n`;
    const generation = 'new pulumi.Config("ha-nfs").get("secretsGeneration") ?? "1"';
    const master = host("m2", `"SECRETS_GENERATION=" + (${generation}) + "\\n"`);
    project.write(
      "index.ts",
      `${program}${host("m1")}${master}export const nodes = { m1: {}, m2: {}, "old-m2": {} };\n`,
    );
    const outcome = async (...flags: string[]) => {
      const { status, stdout, stderr } = await project.run("up", "--yes", "--json", ...flags);
      assert.equal(status, 0, stdout + stderr);
      const names = [...stdout.matchAll(/"op":"update","urn":"[^"]*::(part-m\d)"/g)].map(([, name]) => name);
      return [...new Set(names)];
    };
    await outcome();
    configure("  it:greeting: fourth\n");
    const [unknown, wrong] = [
      await project.run("up", "--without", "m3"),
      await project.run("destroy", "--without", "m1"),
    ];
    assert.match(unknown.stderr, /--without: found m3; allowed: m1, m2, old-m2/);
    const both = await project.run("up", "--without", "m2");
    assert.match(both.stderr, /--without: found m2, which names old-m2 too/);
    assert.match(wrong.stderr, /--without is for up and preview, not destroy/);
    assert.deepEqual(await outcome("--without", "m2", "--without", "old-m2"), ["part-m1"]);
    assert.deepEqual(await outcome(), ["part-m2"]);

    // a master that is left out keeps its secrets
    const withoutMaster = ["--without", "m2", "--without", "old-m2"];
    const rotate = (to: number) => configure(`  it:greeting: fourth\n  ha-nfs:secretsGeneration: ${to}\n`);
    rotate(2);
    for (const verb of ["up", "preview"]) {
      const { status, stdout, stderr } = await project.run(verb, "--yes", ...withoutMaster);
      assert.deepEqual([status, stdout], [1, ""]);
      assert.match(
        stderr,
        /^error: secretsGeneration: found 2; allowed: 1, which m2 has, as long as it is left out; to rotate the secrets, bring m2 back and run up with it$/m,
      );
    }
    assert.deepEqual(await outcome("--without", "m1"), ["part-m2"], "who has no secrets may be left out");
    assert.deepEqual(await outcome(...withoutMaster), []);
    project.write("index.ts", program);
  });

  it("keeps the stack when only a part of it is destroyed", async () => {
    const { status, stdout } = await project.run("destroy", "--target", "**another", "--yes");
    assert.equal(status, 0, stdout);
    assert.equal((await project.run("outputs")).status, 0);
  });

  it("destroys all, and the state with it; and again", async () => {
    const { status, stdout, stderr } = await project.run("destroy", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.ok(!existsSync(project.file(".state")));
    assert.ok(existsSync(project.file("Pulumi.dev.yaml")));
    assert.equal((await project.run("destroy", "--yes")).status, 0);
  });
});
