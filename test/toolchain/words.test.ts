import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { Project } from "./project";

/** In order: each test goes on where the one before it stopped. */
describe("one clear error, with the real CLI", function () {
  this.timeout(120_000);
  let project: Project;
  const config = "config:\n  ha-nfs:platform: hosts\n";
  const lost = (what: string) =>
    new RegExp(
      `^error: there is no \\.state/passphrase, and the secrets of ${what} are under the passphrase that was in it: ` +
        "put the file back, or set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE\n$",
    );

  before(() => {
    project = new Project();
    project.write("index.ts", "export const answer = 42;\n");
  });
  after(() => project.remove());

  it("a secret can be set before any preview or up", async () => {
    const args = ["config", "set", "--secret", "word", "--stack", "dev", "hunter2"];
    const { status, stderr } = await project.run("pulumi", ...args);
    assert.equal(status, 0, stderr);
    assert.match(project.read("Pulumi.dev.yaml"), /it:word:\n\s+secure: v1:/);
    const got = await project.run("pulumi", "config", "get", "word", "--stack", "dev");
    assert.equal(got.stdout, "hunter2\n", got.stderr);
    const typo = await project.run(
      "pulumi",
      "config",
      "set",
      "--secret",
      "word",
      "--stack",
      "pord",
      "hunter2",
    );
    assert.match(typo.stderr, /^error: there is no Pulumi\.pord\.yaml; the stacks here are dev\n$/);
  });

  it("what is about the nodes says that there are none yet", async () => {
    for (const verb of ["status", "verify", "drill"]) {
      const { status, stdout, stderr } = await project.run(verb);
      assert.deepEqual([status, stdout], [1, ""], verb);
      assert.equal(
        stderr,
        "error: the stack dev has no nodes yet: npm run up -- --stack dev has to end well first\n",
      );
    }
    const { stderr } = await project.run("status", "--stack", "other");
    assert.equal(stderr, "error: there is no stack other: npm run up -- --stack other makes it\n");
  });

  it("a lost passphrase is not replaced while the state or the configuration is under it", async () => {
    const passphrase = project.read(".state/passphrase");
    rmSync(project.file(".state/passphrase"));
    for (const verb of ["preview", "status", "destroy"]) {
      const { status, stderr } = await project.run(verb);
      assert.equal(status, 1);
      assert.match(stderr, lost("the stack dev and Pulumi.dev.yaml"));
    }
    const encrypted = project.read("Pulumi.dev.yaml");
    project.write("Pulumi.dev.yaml", config);
    assert.match((await project.run("preview")).stderr, lost("the stack dev"));
    project.write("Pulumi.other.yaml", config);
    assert.match((await project.run("preview", "--stack", "other")).stderr, lost("the stack dev"));
    assert.ok(!existsSync(project.file(".state/passphrase")));

    rmSync(project.file(".state"), { recursive: true });
    project.write("Pulumi.dev.yaml", encrypted);
    assert.match((await project.run("preview")).stderr, lost("Pulumi.dev.yaml"));
    project.write(".state/passphrase", passphrase);
    const { status, stdout } = await project.run("preview");
    assert.equal(status, 0, stdout);
  });

  it("a new one is told from that of another stack's file", async () => {
    rmSync(project.file(".state"), { recursive: true });
    const { status, stderr } = await project.run("preview", "--stack", "other");
    assert.equal(status, 0, stderr);
    assert.match(
      stderr,
      /^a new passphrase is in \.state\/passphrase: it is not that of Pulumi\.dev\.yaml$/m,
    );
  });
});
