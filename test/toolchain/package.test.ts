import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import ts from "typescript";
import { replicatorFiles } from "../../replicator/files";
import type { Deployment } from "../../toolchain/deployment";
import { Project } from "./project";
import { idle } from "./recorded/program";

/** What another project writes: a cluster of plain hosts with a slave, and a lab. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { Access, type HostArgs, Lab, NfsCluster, Squash } from "ha-nfs";

const host = (n: number): HostArgs => ({
  ssh: { host: "192.0.2." + n, privateKey: pulumi.secret("PRIVATE"), hostKey: "ssh-ed25519 AAAA" },
  nics: {
    service: { device: "eth1", address: "10.10.1." + n + "/24" },
    link: { device: "eth2", address: "10.10.2." + n + "/24" },
  },
  dataDisk: "/dev/vdb",
});
const node = { nics: host(13).nics, memoryMiB: 640 };
const all = { from: "10.10.1.0/24", access: Access.ReadWrite, squash: Squash.Root, anonUid: 65534, anonGid: 65534 };
const cluster = new NfsCluster("nfs", {
  hosts: { m1: host(11), m2: host(12), s1: host(21) },
  masters: ["m1", "m2"],
  slaves: [{ name: "s1" }],
  vip: "10.10.1.100",
  shares: [{ name: "data", clients: [all] }],
});
new Lab("lab", { nodes: { l1: node, l2: node }, masters: ["l1", "l2"] });
export const server = cluster.shares.apply(({ data }) => data?.server);
`;

const STACK = ["--stack", "test"];

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

interface Schema {
  version: string;
  resources: Record<string, { inputProperties: Record<string, { description?: string }> }>;
}

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** In another project, which has the packed package and what that depends on, and nothing else of ours. */
describe("the package", function () {
  this.timeout(300_000);
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
  let project: Project;
  const file = (name: string) => project.file(path.join("consumer", name));
  const dist = "node_modules/ha-nfs/dist";

  before(() => {
    project = new Project();
    const packed = run(".", "npm", "pack", "--silent", "--pack-destination", project.root).trim();
    mkdirSync(file("node_modules/ha-nfs"), { recursive: true });
    run(file("."), "tar", "xzf", project.file(packed), "-C", file("node_modules/ha-nfs"), "--strip", "1");
    const others = [...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }), "typescript"];
    for (const name of others) {
      mkdirSync(path.dirname(file(`node_modules/${name}`)), { recursive: true });
      symlinkSync(path.resolve("node_modules", name), file(`node_modules/${name}`));
    }
    const { outputText } = ts.transpileModule(PROGRAM, {
      compilerOptions: { module: ts.ModuleKind.CommonJS },
    });
    project.env["PULUMI_CONFIG_PASSPHRASE"] = "made up";
    idle(project);
    for (const [name, text] of Object.entries({ "index.js": outputText, "index.ts": PROGRAM })) {
      project.write(`consumer/${name}/Pulumi.yaml`, `name: ${name}\nruntime: nodejs\nmain: ${name}\n`);
      project.write(`consumer/${name}/tsconfig.json`, project.read("tsconfig.json"));
      project.write(`consumer/${name}/${name}`, text);
    }
  });
  after(() => project.remove());

  /** The CLI, in a folder of the other project. */
  async function pulumi(folder: string, ...words: string[]): Promise<string> {
    const { status, stdout, stderr } = await project.run("pulumi", "--cwd", file(folder), ...words, ...STACK);
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  }

  /** An `up`, after which the next one has nothing to do. */
  async function up(folder: string): Promise<void> {
    await pulumi(folder, "stack", "init");
    await pulumi(folder, "up", "--yes", "--skip-preview");
    await pulumi(folder, "preview", "--expect-no-changes");
    const { server } = JSON.parse(await pulumi(folder, "stack", "output", "--json")) as { server: string };
    assert.equal(server, "10.10.1.100");
  }

  /** The commands that there are, by their names. */
  async function commands(folder: string): Promise<Record<string, unknown>> {
    const { resources = [] } = (JSON.parse(await pulumi(folder, "stack", "export")) as Deployment).deployment;
    const made = resources.filter(({ type }) => type.startsWith("command:"));
    return Object.fromEntries(
      made.map(({ urn, inputs = {} }) => [urn.split("::").at(-1) ?? "", inputs["create"]]),
    );
  }

  it("makes a stack by plain node, and runs its lab by that, in the working folder", async () => {
    await up("index.js");
    const made = await commands("index.js");
    assert.equal(made["nfs-slaves-receiver-s1"], "bash -s -- apply");
    assert.equal(made["l1-vm"], `node ../${dist}/lab/main.js vm apply`);
    assert.ok(existsSync(file("index.js/.lab/test/ports.json")));
    const { stderr } = spawnSync("node", [`../${dist}/lab/main.js`, "list"], {
      cwd: file("index.js"),
      encoding: "utf8",
    });
    assert.match(stderr, /^error: no stack dev in this lab; there is: test$/m);
  });

  it("makes the same by ts-node, with its types", async () => {
    await up("index.ts");
    assert.deepEqual(await commands("index.ts"), await commands("index.js"));
  });

  it("has the program of the nodes as the sources have it", () => {
    const { bundle } = createRequire(file("x.js"))(file(`${dist}/replicator/bundle.js`)) as {
      bundle: () => string;
    };
    assert.equal(bundle(), replicatorFiles().program);
  });

  it("tells its components to the CLI, from outside", async () => {
    const { status, stdout, stderr } = await project.run("pulumi", "package", "get-schema", file(dist));
    assert.equal(status, 0, stderr);
    const { version, resources } = JSON.parse(stdout) as Schema;
    assert.equal(version, manifest.version);
    assert.deepEqual(Object.keys(resources), ["ha-nfs:index:Lab", "ha-nfs:index:NfsCluster"]);
    assert.doesNotMatch(stdout, /pulumi\.json#\/Any/);
    for (const name of ["hosts", "masters", "vip"]) {
      const { description } = resources["ha-nfs:index:NfsCluster"]?.inputProperties[name] ?? {};
      assert.ok(description, name);
    }
  });
});
