import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, unlinkSync } from "node:fs";
import { collect, Project } from "./project";
import type { Ended } from "./project";

/** Makes node_modules, slowly, as npm ci does. */
const NPM = 'echo "$*" >>calls; sleep 0.3; rm -rf node_modules; mkdir node_modules';

describe("toolchain/run.sh", function () {
  this.timeout(20_000);
  let project: Project;
  const run = (...args: string[]): Promise<Ended> => {
    return collect(spawn(project.file("toolchain/run.sh"), args, { cwd: "/", env: project.env }));
  };
  const node = (version: string) =>
    project.fake("node", `if [ "$1" = --version ]; then echo ${version}; else echo "ran $*"; fi`);

  beforeEach(() => {
    project = new Project();
    unlinkSync(project.file("node_modules"));
    project.write("package-lock.json", "{}\n");
    project.write("toolchain/run.sh", "");
    copyFileSync("toolchain/run.sh", project.file("toolchain/run.sh"));
    chmodSync(project.file("toolchain/run.sh"), 0o755);
    node("v22.12.0");
    project.fake("npm", NPM);
  });
  afterEach(() => project.remove());

  for (const version of ["v18.20.0", "v20.18.3", "v21.7.0", "v22.11.0"]) {
    it(`refuses Node.js ${version} in one line`, async () => {
      node(version);
      const { status, stderr } = await run("up");
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`^error: found ${version}, but Node.js 20.19 .* install it.*\\n$`));
    });
  }

  it("installs once for two at the same time, and again when package-lock.json changes", async () => {
    const [one, two] = await Promise.all([run("up", "--stack", "a b"), run("preview")]);
    assert.equal(one.stdout, "ran --import tsx toolchain/main.ts up --stack a b\n", one.stderr);
    assert.equal(two.status, 0, two.stderr);
    assert.equal(project.read("calls"), "ci --no-audit --no-fund\n");
    assert.equal((await run("up")).stderr, "");
    project.write("package-lock.json", '{"changed":true}\n');
    assert.match((await run("up")).stderr, /installing the npm packages/);
  });

  it("shows npm's output when it fails, and tries again the next time", async () => {
    project.fake("npm", "echo no registry; exit 1");
    const { status, stderr } = await run("up");
    assert.equal(status, 1);
    assert.match(stderr, /no registry\nerror: npm ci failed/);
    project.fake("npm", NPM);
    assert.equal((await run("up")).status, 0);
  });
});
