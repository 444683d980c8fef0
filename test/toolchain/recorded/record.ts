import type { Deployment } from "../../../toolchain/deployment";
import { idle, programOf, stacks } from "./program";
import { keep } from "./state";

/** Records the states that the program of a version makes: `cd CHECKOUT && node --import tsx THIS VERSION`. */
async function record(version: string): Promise<void> {
  for (const stack of stacks) {
    const project = programOf(stack);
    idle(project);
    const pulumi = async (...words: string[]) => {
      const { status, stdout, stderr } = await project.run("pulumi", ...words);
      if (status !== 0) throw new Error(stdout + stderr);
      return stdout;
    };
    await pulumi("stack", "init", stack);
    await pulumi("up", "--yes", "--skip-preview", "--stack", stack);
    const state = await pulumi("stack", "export", "--show-secrets", "--stack", stack);
    keep(version, stack, JSON.parse(state) as Deployment);
    project.remove();
  }
}

void record(process.argv[2] ?? "today");
