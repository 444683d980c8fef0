/**
 * npm run fuzz -- [--seeds N] [--from SEED] [--steps N] [--plain] [--whole]: replicates what random operations do to a
 * volume, and compares. It needs root, perl and rsync. --plain: without the chains of renames while `watch` is held. A
 * seed that fails is told with the shortest prefix of its operations that does; not with --whole.
 */
import { parseArgs } from "node:util";
import { Disk } from "../disk";
import { LONG, type Operation } from "./operations";
import { chainsOfSeed, operationsOfSeed, run } from "./run";
import { shortestOf } from "./shortest";

const MEGABYTES = 1024;

function shown({ kind, a, b, n, pause }: Operation): string {
  const [from, to] = [a, b].map((path) => JSON.stringify(path.replaceAll(LONG, "LONG")));
  return `${kind} ${from} ${to} n=${n} after ${pause} ms`;
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { seeds: text, from: text, steps: text, plain: { type: "boolean" }, whole: { type: "boolean" } },
  });
  const [seeds, from, steps] = [values.seeds ?? "10", values.from ?? "0", values.steps ?? "120"].map(
    (value) => {
      if (!/^\d+$/.test(value)) throw new Error(`not a number: ${value}`);
      return Number(value);
    },
  ) as [number, number, number];
  const disk = new Disk(MEGABYTES);
  let [next, done, milliseconds] = [from, 0, 0];
  const failed: number[] = [];
  let stopped = false;
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (stopped = true));
  try {
    for (; next < from + seeds && !stopped; next++) {
      const seed = next;
      const operations = (values.plain ? operationsOfSeed : chainsOfSeed)(seed, steps);
      const { failure, ...outcome } = await run(disk, operations);
      done += outcome.done;
      milliseconds += outcome.milliseconds;
      if (failure === undefined) continue;
      failed.push(seed);
      console.log(`seed ${seed}: ${failure}`);
      if (values.whole) continue;
      const shortest = await shortestOf(disk, { operations, failure });
      const { length } = shortest.operations;
      console.log(`seed ${seed}: ${length} operations suffice: ${shortest.failure}\nthe last of them:`);
      for (const operation of shortest.operations.slice(-12)) console.log(`  ${shown(operation)}`);
    }
  } finally {
    disk.remove();
  }
  const rate = ((1000 * done) / milliseconds).toFixed(1);
  console.log(`seeds ${from} to ${next - 1}: ${done} operations, ${rate} a second`);
  console.log(failed.length === 0 ? "all are equal" : `failed: ${failed.join(" ")}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
