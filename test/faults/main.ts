import { writeFileSync } from "node:fs";
import type { Manager } from "../../components/enums";
import { notice, UserError } from "../../toolchain/process";
import { knownModes } from "./configuration";
import { type Fault, type Mode, type Run, violations } from "./fault";
import { faults, impossible } from "./faults";
import { House } from "./house";
import { type Options, parseOptions } from "./options";
import { report } from "./report";
import { addRun, dropRuns, keepEvidence, readRuns } from "./results";

/** So many runs may end without a result; with more, it is the stack or the harness that is broken. */
const MOST_UNJUDGED = 3;

interface Each {
  fault: Fault;
  mode: Mode;
}

const isOf = ({ fault, mode }: Each, run: Run) => run.fault === fault.name && run.mode === mode;

const under = (manager: Manager) => faults.filter((f) => f.manager === undefined || f.manager === manager);

/** What the flags choose, a mode after the other: each change of mode is an `up`. */
function chosen({ filter, quick, mode: only, manager }: Options): Each[] {
  const some = under(manager).filter(
    (f) => (filter.test(f.name) || filter.test(f.stands)) && (!quick || f.quick),
  );
  return knownModes()
    .filter((mode) => only === undefined || mode === only)
    .flatMap((mode) => some.filter(({ modes }) => modes.includes(mode)).map((fault) => ({ fault, mode })));
}

/** What of it is still to be run. */
function plan(options: Options): Each[] {
  const done = readRuns(options.results);
  return chosen(options).flatMap((each) => {
    const missing = options.runs - done.filter((run) => isOf(each, run)).length;
    return Array<Each>(Math.max(0, missing)).fill(each);
  });
}

/** One run; what is wrong in it, in words. */
async function runOne({ fault, mode }: Each, house: House, options: Options): Promise<string[]> {
  const { run, seen } = await house.play(fault, mode, options.patience);
  const wrong = violations(run, fault);
  if (wrong.length > 0) keepEvidence(options.stack, run, seen);
  addRun(options.results, run);
  write(options);
  const stall = run.stall === null ? "no service until a hand" : `stall ${run.stall.toFixed(2)} s`;
  const healed = run.healed === null ? "not healed" : `healed in ${run.healed.toFixed(0)} s`;
  notice(`  ${stall}, ${run.lost} of ${run.acknowledged} lost, ${run.shots} shots, ${healed}`);
  for (const note of run.notes) notice(`  ${note}`);
  return wrong;
}

async function runAll(options: Options): Promise<number> {
  if (options.fresh) {
    const again = chosen(options);
    dropRuns(options.results, (run) => again.some((each) => isOf(each, run)));
  }
  const house = new House(options.stack, options.manager);
  const planned = plan(options);
  let [broken, unjudged] = [0, 0];
  for (const [i, each] of planned.entries()) {
    notice(`${i + 1} of ${planned.length}: ${each.fault.name}, ${each.mode}`);
    try {
      const wrong = await runOne(each, house, options);
      for (const text of wrong) notice(`  WRONG: ${text}`);
      if (wrong.length > 0) broken++;
    } catch (error) {
      notice(`  no result: ${(error as Error).message}`);
      if (++unjudged > MOST_UNJUDGED) throw error;
    }
  }
  notice(`${planned.length} runs, ${broken} with something wrong, ${unjudged} without a result`);
  return broken + unjudged === 0 ? 0 : 1;
}

function list({ results, filter, manager }: Options): void {
  const runs = readRuns(results);
  for (const fault of under(manager).filter(({ name, stands }) => filter.test(name) || filter.test(stands))) {
    const counts = fault.modes.map(
      (mode) => `${mode} ${runs.filter((run) => run.fault === fault.name && run.mode === mode).length}`,
    );
    console.log(`${fault.name}${fault.quick ? " (quick)" : ""}: ${counts.join(", ")}`);
  }
}

function write({ results, manager }: Options): void {
  writeFileSync(
    results.replace(/jsonl$/, "md"),
    report(manager, under(manager), readRuns(results), impossible),
  );
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.list) return (list(options), 0);
  if (options.report) return (write(options), 0);
  return runAll(options);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof UserError ? `error: ${error.message}` : error);
    process.exit(1);
  },
);
