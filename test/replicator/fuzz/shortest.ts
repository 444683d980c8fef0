import type { Disk } from "../disk";
import type { Operation } from "./operations";
import { run } from "./run";

/** A prefix counts as good after so many runs: what goes wrong may do so only at times. */
const RUNS = 2;

/** Operations that fail, and how. */
export interface Failing {
  operations: readonly Operation[];
  failure: string;
}

/** The shortest prefix of the operations that was seen to fail, by halving. */
export async function shortestOf(disk: Disk, failing: Failing): Promise<Failing> {
  let good = 0;
  let shortest = failing;
  while (good + 1 < shortest.operations.length) {
    const middle = (good + shortest.operations.length) >> 1;
    const operations = failing.operations.slice(0, middle);
    const failure = await failureOf(disk, operations);
    if (failure === undefined) good = middle;
    else shortest = { operations, failure };
  }
  return shortest;
}

async function failureOf(disk: Disk, operations: readonly Operation[]): Promise<string | undefined> {
  for (let count = 0; count < RUNS; count++) {
    const { failure } = await run(disk, operations);
    if (failure !== undefined) return failure;
  }
  return undefined;
}
