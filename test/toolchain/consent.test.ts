import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { collect, fakeCli, Project } from "./project";

const HOSTS = '[{"urn":"u","type":"ha-nfs:index:ExistingHosts"}]';

describe("up and destroy of machines that exist", function () {
  this.timeout(30_000);
  let project: Project;
  /** What the CLI was told, but for questions. */
  const told = () => project.read("log").match(/^(up|preview|destroy) .*$/gm) ?? [];

  /** Runs a verb on a terminal, where a person types a line. */
  const onTerminal = (line: string, ...words: string[]) => {
    const command = project.command(...words).map((word) => `'${word}'`);
    const child = spawn("script", ["-qec", command.join(" "), "/dev/null"], {
      cwd: project.root,
      env: project.env,
    });
    child.stdin.end(line);
    return collect(child);
  };

  beforeEach(() => {
    project = new Project();
    project.env["PULUMI_LOG"] = project.file("log");
    project.fake("pulumi", fakeCli("v3.300.0", 0, HOSTS));
    project.fake("pulumi-language-nodejs", "");
    project.installPlugins();
    project.write(".state/backend/.pulumi/stacks/it/dev.json", "{}");
    project.write(".state/passphrase", "hunter2");
  });
  afterEach(() => project.remove());

  for (const verb of ["up", "destroy"]) {
    it(`need a terminal or --yes: ${verb}`, async () => {
      const { status, stdout, stderr } = await project.run(verb);
      assert.deepEqual([status, stdout, told()], [1, "", []]);
      assert.match(
        stderr,
        /^error: the stack dev is on machines that exist, so \w+ asks first, .* add --yes \(npm run \w+ -- --stack dev --yes\); nothing was changed\n$/,
      );
    });

    it(`ask nothing with --yes: ${verb}`, async () => {
      const { status, stderr } = await project.run(verb, "--yes");
      assert.equal(status, 0, stderr);
      assert.deepEqual(
        told().map((line) => line.split(" ", 2).join(" ")),
        [`${verb} --yes`],
      );
    });
  }

  it("begins with a look at them, which stops it where something is wrong, unless that is not wanted: up", async () => {
    project.write("preflight/main.ts", 'console.error("m1: found"); process.exitCode = 1;');
    const stopped = await project.run("up", "--yes");
    assert.deepEqual([stopped.status, told()], [1, []]);
    assert.match(stopped.stderr, /^m1: found\nerror: nothing was changed; up --skip-preflight goes on/m);
    const { status, stderr } = await project.run("up", "--yes", "--skip-preflight");
    assert.equal(status, 0, stderr);
    assert.match(told().join("\n"), /^up --yes --skip-preview --stack dev --config-file \S+ --yes$/);
  });

  it("are asked for on a terminal, by the stack's name, after what would be done is shown", async () => {
    const up = await onTerminal("dev\n", "up", "--continue-on-error");
    assert.equal(up.status, 0, up.stdout);
    assert.match(up.stdout, /up on the stack dev, .*: type its name to go on: /);
    const [preview = "", update = "", ...more] = told();
    assert.match(preview, /^preview --stack dev --config-file \S+$/);
    assert.match(update, /^up --yes --skip-preview --stack dev --config-file \S+ --continue-on-error$/);
    assert.deepEqual(more, []);
  });

  it("are not done when something else is typed, or nothing", async () => {
    for (const line of ["yes\n", "\u0004"]) {
      const { status, stdout } = await onTerminal(line, "destroy");
      assert.equal(status, 1, stdout);
      assert.match(stdout, /error: that is not dev: nothing was changed/);
    }
    assert.equal(told().length, 2);
    for (const line of told()) assert.match(line, /^destroy --preview-only /);
  });

  it("ask also where the configuration says lab and the state does not", async () => {
    project.write("Pulumi.dev.yaml", "config:\n  ha-nfs:vip: 10.0.0.1\n");
    const { status, stderr } = await project.run("destroy");
    assert.equal(status, 1);
    assert.match(stderr, /on machines that exist/);
  });

  it("ask nothing of the lab", async () => {
    project.write("Pulumi.dev.yaml", "config:\n  ha-nfs:vip: 10.0.0.1\n");
    project.fake("pulumi", fakeCli("v3.300.0", 0));
    const { status, stderr } = await project.run("destroy");
    assert.equal(status, 0, stderr);
  });
});
