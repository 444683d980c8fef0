import assert from "node:assert/strict";
import { programOf, stacks } from "./recorded/program";
import { recorded } from "./recorded/state";

interface Preview {
  steps: { op: string; urn: string }[];
  changeSummary: Partial<Record<string, number>>;
}

/** What leaves everything that is there where it is. */
const HARMLESS = ["same", "update", "create"];

for (const version of ["d3c9be9", "9c15523"]) {
  describe(`a stack that ${version} made`, function () {
    this.timeout(120_000);
    for (const stack of stacks) {
      it(`loses nothing to today's program, and nothing is replaced: ${stack}`, async () => {
        const project = programOf(stack);
        const latest = recorded(version, stack);
        const checkpoint = { stack: `organization/ha-nfs/${stack}`, latest };
        project.write(
          `.state/backend/.pulumi/stacks/ha-nfs/${stack}.json`,
          JSON.stringify({ version: 3, checkpoint }),
        );
        const { status, stdout, stderr } = await project.run("preview", "--json", "--stack", stack);
        project.remove();
        assert.equal(status, 0, stdout + stderr);
        const { steps, changeSummary } = JSON.parse(stdout) as Preview;
        const harmful = steps.filter(({ op }) => !HARMLESS.includes(op));
        assert.deepEqual(
          harmful.map(({ op, urn }) => `${op} ${urn}`),
          [],
        );
        const { same = 0, update = 0 } = changeSummary;
        const made = latest.resources?.filter(({ type }) => !type.startsWith("pulumi:providers:"));
        assert.equal(same + update, made?.length);
      });
    }
  });
}
