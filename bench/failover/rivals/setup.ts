import { type DrillName, DRILLS } from "../../../scripts/drillOptions";
import { drillOnce, NotRedundantAgain } from "../../../scripts/drillOnce";
import { type Drill, drillText } from "../../../scripts/drillReport";
import type { Pair } from "../../../scripts/pair";
import { notice } from "../../../toolchain/process";
import { type Run, runOf } from "../results";
import type { Drilled, Setup } from "../setup";
import { steady } from "../steady";
import { makeBare, power, removeBare } from "./bare";
import { install, pairOf } from "./pair";
import type { Rival } from "./rival";

const RUNS = 5;

/** The lab's stack of the bare machines; Pulumi does not know it. */
const bareStack = (stack: string) => `${stack}-bare`;

/** A competitor on machines of its own, which are there only while it is measured. */
export function theirs(rival: Rival): Setup {
  let pair: Pair | undefined;
  const prepare = async (stack: string): Promise<Pair> => {
    pair = undefined;
    await power(stack, false);
    const bare = bareStack(stack);
    const nodes = await makeBare(bare);
    await install(rival, nodes);
    const made = pairOf(rival, bare, nodes);
    await whole(made);
    return (pair = made);
  };
  /** What has failed is not to be mended by a person: what comes after it has new machines. */
  const run = async (drill: DrillName, stack: string): Promise<Drill> => {
    const exercised = pair ?? (await prepare(stack));
    pair = undefined;
    await whole(exercised);
    const done = await drillOnce(drill, exercised, 0);
    pair = exercised;
    return done;
  };
  return {
    ...{ name: rival.name, about: rival.about, runs: RUNS },
    prepare: async (stack) => void (await prepare(stack)),
    drills: Object.fromEntries(
      DRILLS.map((drill) => [
        drill,
        (stack: string, runs: number) => exercise(runs, () => run(drill, stack)),
      ]),
    ) as unknown as Setup["drills"],
    clear: (stack) => removeBare(bareStack(stack)),
  };
}

const whole = (pair: Pair) =>
  steady(async () => {
    const condition = await pair.condition();
    return condition.active === null ? condition.why : null;
  });

/** So many runs, of which none ends the others; one after which the pair is not redundant has its figures all the same. */
export async function exercise(wanted: number, run: () => Promise<Drill>): Promise<Drilled> {
  const runs: Run[] = [];
  const failures: string[] = [];
  for (let i = 1; i <= wanted; i++) {
    notice(`run ${i} of ${wanted}`);
    try {
      const { report } = await run();
      notice(drillText(report));
      runs.push(runOf(report));
    } catch (error) {
      if (error instanceof NotRedundantAgain) runs.push(runOf(error.drill.report));
      const failure = `run ${i}: ${(error as Error).message.replaceAll("\n", " ")}`;
      notice(failure);
      failures.push(failure);
    }
  }
  return { runs, ...(failures.length === 0 ? {} : { failed: failures.join("; ") }) };
}
