import assert from "node:assert/strict";
import type { Deployment } from "../../toolchain/deployment";
import type { Project } from "./project";
import { idle, programOf, stacks } from "./recorded/program";
import { restore } from "./recorded/state";

interface Preview {
  steps: { op: string; urn: string }[];
  changeSummary: Partial<Record<string, number>>;
}

/** What leaves everything that is there where it is. */
const HARMLESS = ["same", "update", "create"];

describe("a stack that an older version made", function () {
  this.timeout(300_000);
  let project: Project;
  afterEach(() => project.remove());

  for (const version of ["d3c9be9", "9c15523"])
    for (const stack of stacks) {
      it(`loses nothing to today's program, and nothing is replaced: ${version}, ${stack}`, async () => {
        project = programOf(stack);
        const before = restore(project, version, stack);
        const { status, stdout, stderr } = await project.run("preview", "--json", "--stack", stack);
        assert.equal(status, 0, stdout + stderr);
        const { steps, changeSummary } = JSON.parse(stdout) as Preview;
        const harmful = steps.filter(({ op }) => !HARMLESS.includes(op));
        assert.deepEqual(
          harmful.map(({ op, urn }) => `${op} ${urn}`),
          [],
        );
        const { same = 0, update = 0 } = changeSummary;
        const made = before.filter(({ type }) => !type.startsWith("pulumi:providers:"));
        assert.equal(same + update, made.length);
      });
    }

  it("loses heartbeat's one key, and no other secret, where the secrets had been rotated", async () => {
    project = programOf("hosts");
    restore(project, "d3c9be9", "hosts");
    const state = ".state/backend/.pulumi/stacks/ha-nfs/hosts.json";
    project.write(state, project.read(state).replaceAll('"generation":"1"', '"generation":"3"'));
    const config = project.read("Pulumi.hosts.yaml");
    project.write("Pulumi.hosts.yaml", `${config}  ha-nfs:secretsGeneration: 3\n`);
    const { status, stdout, stderr } = await project.run("preview", "--json", "--stack", "hosts");
    assert.equal(status, 0, stdout + stderr);
    const harmful = (JSON.parse(stdout) as Preview).steps.filter(({ op }) => !HARMLESS.includes(op));
    assert.deepEqual(
      harmful.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`),
      ["delete nfs-masters-heartbeat-secret"],
    );
  });

  it("becomes today's, however often up is killed on the way, and the masters keep their keys", async () => {
    project = programOf("hosts");
    restore(project, "d3c9be9", "hosts");
    idle(project);
    const run = (...words: string[]) => project.run(...words, "--stack", "hosts");
    const [update, creation, last] = ["nfs-masters-secrets-m2", "nfs-fencing-m1", "nfs-replication-to-s1-m1"];
    const killed = [update, creation, last];
    for (const name of killed) {
      project.env["KILL_AT"] = name;
      const { status, stdout, stderr } = await run("up", "--yes");
      assert.equal(status, 137, `${name}: ${stdout}${stderr}`);
    }
    delete project.env["KILL_AT"];
    const up = await run("up", "--yes");
    assert.equal(up.status, 0, up.stdout + up.stderr);
    const preview = await run("preview", "--expect-no-changes");
    assert.equal(preview.status, 0, preview.stdout);

    const { stdout } = await run("pulumi", "stack", "export", "--show-secrets");
    const { resources = [], pending_operations: pending } = (JSON.parse(stdout) as Deployment).deployment;
    assert.equal(pending, undefined);
    const ran = (name?: string) => project.read("commands").match(new RegExp(` ${name}$`, "gm"))?.length ?? 0;
    for (const name of killed) assert.equal(ran(name), 2, name);
    const keys = resources.filter(({ urn }) => /::nfs-masters-(heartbeat-secret-1|drbd-secret)$/.test(urn));
    for (const { outputs } of keys) assert.match(JSON.stringify(outputs?.["result"]), /made up/);
    assert.equal(keys.length, 2);
  });
});
