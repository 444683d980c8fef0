import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fakeCli, Project } from "./project";

/** A Go that builds a CLI which says its arguments. */
const GO = (project: Project) => `case "$1" in
version) echo go version go1.30 linux/amd64 ;;
list) echo one; echo two ;;
build) while [ "$1" != -o ]; do shift; done; echo built >>${project.file("builds")}
  printf '#!/bin/sh\\necho "ours $*"\\n' >"$2"; chmod +x "$2" ;;
esac`;

describe("the Pulumi CLI", function () {
  this.timeout(30_000);
  let project: Project;
  beforeEach(() => {
    project = new Project();
    project.isolate("chmod", "sleep");
    project.env["PULUMI_LOG"] = project.file("log");
  });
  afterEach(() => project.remove());

  it("asks for Go or Pulumi when there is neither, in one line", async () => {
    const { status, stderr } = await project.run("pulumi", "home");
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^error: the Pulumi CLI is not on PATH, .* Go 1\.25\.11 or later .* no Go: install either.*\n$/,
    );
  });

  it("names a Go that is too old, and a CLI that is too old does not help", async () => {
    project.fake("go", "echo go version go1.19.8 linux/amd64");
    project.fake("pulumi", fakeCli("v3.100.0", 0));
    project.fake("pulumi-language-nodejs", "");
    const { status, stderr } = await project.run("pulumi", "home");
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^error: the Pulumi CLI on PATH is v3\.100\.0, and .* Go 1\.25\.11 or later is needed, but Go is 1\.19\.8: .*\n$/,
    );
  });

  for (const [what, version, host, why] of [
    ["is too old", "v3.100.0", true, "is v3.100.0"],
    ["has no language host", "v3.300.0", false, "has no pulumi-language-nodejs"],
  ] as const) {
    it(`is built, and the reason told, where the one on PATH ${what}`, async () => {
      project.fake("pulumi", fakeCli(version, 0));
      if (host) project.fake("pulumi-language-nodejs", "");
      project.fake("go", GO(project));
      const { status, stdout, stderr } = await project.run("pulumi", "whoami");
      assert.deepEqual([status, stdout], [0, "ours whoami\n"], stderr);
      assert.match(
        stderr,
        new RegExp(
          `^the Pulumi CLI on PATH ${why}, so 3\\.\\d+\\.\\d+ is built, once, which takes some minutes; or end this ` +
            "with Ctrl-C and install Pulumi 3\\.248\\.0 or later\n",
        ),
      );
      assert.doesNotMatch(stderr, /not on PATH/);
    });
  }

  it("is built once, and its build leaves nothing but the CLI", async () => {
    project.fake("go", GO(project));
    for (let i = 0; i < 2; i++) {
      const { status, stdout, stderr } = await project.run("pulumi", "whoami", "--json");
      assert.deepEqual([status, stdout], [0, "ours whoami --json\n"], stderr);
    }
    assert.equal(project.read("builds"), "built\n");
    const [folder = ""] = readdirSync(project.file("cache/ha-nfs"));
    assert.match(folder, /^pulumi-3\.\d+\.\d+-[0-9a-f]{12}$/);
    assert.deepEqual(readdirSync(project.file(`cache/ha-nfs/${folder}`)), ["pulumi"]);
  });

  it("shows the end of a build that fails", async () => {
    project.fake(
      "go",
      'case "$1" in version) echo go version go1.30 ;; list) ;; *) echo no space left >&2; exit 1 ;; esac',
    );
    const { status, stderr } = await project.run("pulumi", "home");
    assert.equal(status, 1);
    assert.match(stderr, /no space left\ngo build failed: /);
    assert.doesNotMatch(stderr, /at .*cli\.ts/);
  });

  it("is the official one where that is, with its own plugins", async () => {
    project.fake("pulumi", fakeCli("v3.300.0", 0));
    project.fake("pulumi-language-nodejs", "");
    const { stdout } = await project.run("pulumi", "home");
    assert.equal(stdout.trim(), project.env["PULUMI_HOME"]);
    assert.match(project.read("log"), /^plugin install resource command 1\.2\.1$/m);
  });

  it("gets our plugins, and says so, where the official ones can't be installed", async () => {
    project.fake("pulumi", fakeCli("v3.300.0", 1));
    project.fake("pulumi-language-nodejs", "");
    project.write("pulumi-home/plugins/resource-aws-v7.0.0/pulumi-resource-aws", "theirs");
    project.write("pulumi-home/plugins/resource-random-v4.21.1/pulumi-resource-random", "theirs");
    const { status, stderr } = await project.run("up", "--yes");
    assert.equal(status, 0, stderr);
    assert.equal(
      stderr,
      "installing pulumi-resource-command 1.2.1\n" +
        "it can't be installed: no route; no more is tried for a day, or do it by hand: " +
        "pulumi plugin install resource command 1.2.1\n" +
        "the official pulumi-resource-command can't be had here: using ha-nfs's own\n",
    );
    const plugins = ".state/home/plugins";
    assert.equal(project.read(`${plugins}/resource-aws-v7.0.0/pulumi-resource-aws`), "theirs");
    assert.equal(project.read(`${plugins}/resource-random-v4.21.1/pulumi-resource-random`), "theirs");
    assert.match(project.read(`${plugins}/resource-command-v1.2.1/pulumi-resource-command`), /^#!/);
  });

  it("does not wait for plugins for long, nor again at the next verb", async () => {
    project.fake("pulumi", fakeCli("v3.300.0", 1).replace("exit 1", "exec sleep 30"));
    project.fake("pulumi-language-nodejs", "");
    project.env["HA_NFS_PLUGIN_SECONDS"] = "1";
    const began = Date.now();
    const first = await project.run("preview");
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /^it can't be installed: not within 1 s; /m);
    assert.match(first.stderr, /pulumi-resource-command, pulumi-resource-random can't be had here/);
    assert.ok(Date.now() - began < 15_000);
    const second = await project.run("preview");
    assert.equal(second.status, 0, second.stderr);
    assert.doesNotMatch(second.stderr, /install/);
    assert.equal(project.read("log").match(/^plugin install/gm)?.length, 1);
  });

  describe("with a stack of the lab", () => {
    beforeEach(() => {
      project.fake("pulumi", fakeCli("v3.300.0", 0));
      project.fake("pulumi-language-nodejs", "");
      project.installPlugins();
      project.write("Pulumi.dev.yaml", "config:\n  ha-nfs:vip: 10.0.0.1\n");
      const words = "const [, , ...words] = process.argv;";
      const answer = `words[2] === "packages" ? ["mmdebstrap", "socat"].join("\\n") : words`;
      project.write("lab/main.ts", `${words}\nconsole.log(${answer});\n`);
      project.fake("dpkg-query", 'case "$*" in *mmdebstrap*) exit 1 ;; *) printf installed ;; esac');
    });

    it("installs only the packages that are missing, then makes the image, all said on stderr", async () => {
      project.fake("apt-get", `echo "$*" >>${project.file("apt")}`);
      const { status, stdout, stderr } = await project.run("up", "--json");
      assert.equal(status, 0, stderr);
      assert.equal(stdout, "");
      assert.equal(project.read("apt"), "update\ninstall --yes --no-install-recommends mmdebstrap\n");
      assert.match(stderr, /installing mmdebstrap for the lab\n\[ 'image' \]\n/);
      assert.match(project.read("log"), /^up --yes --skip-preview --stack dev --config-file .* --json$/m);
    });

    it("asks for what the configured type of machine needs, and shows what the lab says against it", async () => {
      project.fake("dpkg-query", "printf installed");
      project.write("Pulumi.dev.yaml", "config:\n  ha-nfs:lab:\n    machine: qemu\n");
      project.write(
        "lab/main.ts",
        'console.error("error: no", ...process.argv.slice(2)); process.exit(1);\n',
      );
      const { status, stderr } = await project.run("up");
      assert.equal(status, 1);
      assert.equal(stderr, "error: no --stack dev packages qemu\n");
    });

    it("names the command to run where there is no apt-get", async () => {
      const { status, stderr } = await project.run("up");
      assert.equal(status, 1);
      assert.match(
        stderr,
        /^error: for the lab, install mmdebstrap: as root, run apt-get install .*mmdebstrap.*\n$/,
      );
    });

    it("shows why apt-get failed", async () => {
      project.fake("apt-get", "echo no network >&2; exit 100");
      const { status, stderr } = await project.run("up");
      assert.equal(status, 1);
      assert.match(stderr, /error: no network\napt-get update failed/);
    });

    it("needs none of it for a preview", async () => {
      const { status } = await project.run("preview");
      assert.equal(status, 0);
    });
  });
});
