import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stackDir } from "../../lab/paths";
import { onNode } from "../../scripts/operator/remote";
import { status } from "../../scripts/operator/status";
import { capture, notice, UserError } from "../../toolchain/process";
import { ROOT, TestStack } from "../lab/stack";
import { configuration, knownModes } from "./configuration";
import { type Fault, type Mode, type Run, violations } from "./fault";
import { faults, impossible } from "./faults";
import { type Patient, redundant, repair } from "./heal";
import { type Options, parseOptions } from "./options";
import { play, type Theatre } from "./play";
import { report } from "./report";
import { addRun, dropRuns, keepEvidence, readRuns, resultsFile } from "./results";

/** Seconds that a stack which may just have been made has to be redundant. */
const SETTLE = 20;
/** So many runs may end without a result; with more, it is the stack or the harness that is broken. */
const MOST_UNJUDGED = 3;

/** The stack under test, in one mode after the other. */
class House {
  private readonly stack: TestStack;
  private generation = 1;

  /** What the stack is by an `up` of this process; empty before. */
  private is = "";
  /** The file that has the same of the last `up` at all. */
  private readonly mark: string;

  constructor(private readonly name: string) {
    this.stack = new TestStack(name);
    this.mark = join(stackDir(name), "faults.config");
  }

  /** Whether there is a stack, in whatever mode. */
  get stands(): boolean {
    return existsSync(this.mark);
  }

  /** Brings the stack into a mode, by an `up` when it is in another one, or may be of another code. */
  async enter(mode: Mode): Promise<void> {
    const lines = configuration(mode, this.generation);
    const wanted = [...lines, `# ${codeOf()}`].join("\n");
    if (this.is === wanted) return;
    if (this.stands && readFileSync(this.mark, "utf8") === wanted && !wanted.endsWith(CHANGED)) return;
    notice(`up, mode ${mode}`);
    this.stack.configure(...lines);
    const { status: code, log } = await this.stack.run("up");
    this.stack.forget();
    if (code !== 0) throw new UserError(`up has failed:\n${log}`);
    writeFileSync(this.mark, wanted);
    this.is = wanted;
  }

  async rotate(mode: Mode): Promise<void> {
    this.generation++;
    await this.enter(mode);
  }

  async theatre(mode: Mode, patience: number): Promise<Theatre> {
    const outputs = await this.stack.outputs();
    const all = Object.keys(outputs.nodes);
    const patient: Patient = {
      stack: this.name,
      all,
      masters: all.filter((node) => outputs.nodes[node]?.role === "master"),
      status: () => status(outputs.nodes),
      on: async (name, command) => {
        const node = outputs.nodes[name];
        if (!node) throw new Error(`no node ${name}`);
        return onNode(node, command, 120_000);
      },
    };
    return { patient, outputs, mode, code: codeOf(), patience, rotate: () => this.rotate(mode), say: notice };
  }
}

/** What is behind the commit of code that is in no commit. */
const CHANGED = " and more";

/** The commit of the code, and whether something but the report has been changed since. */
function codeOf(): string {
  const git = (...args: string[]) => capture("git", ["-C", ROOT, ...args]).stdout.trim();
  const changed = git("status", "--porcelain", "--", ".", ":!docs/faults.md");
  return git("rev-parse", "--short", "HEAD") + (changed === "" ? "" : CHANGED);
}

interface Each {
  fault: Fault;
  mode: Mode;
}

const isOf = ({ fault, mode }: Each, run: Run) => run.fault === fault.name && run.mode === mode;

/** What the flags choose, a mode after the other: each change of mode is an `up`. */
function chosen({ filter, quick, mode: only }: Options): Each[] {
  const some = faults.filter((f) => (filter.test(f.name) || filter.test(f.stands)) && (!quick || f.quick));
  return knownModes()
    .filter((mode) => only === undefined || mode === only)
    .flatMap((mode) => some.filter(({ modes }) => modes.includes(mode)).map((fault) => ({ fault, mode })));
}

/** What of it is still to be run. */
function plan(options: Options): Each[] {
  const done = readRuns(resultsFile(options.stack));
  return chosen(options).flatMap((each) => {
    const missing = options.runs - done.filter((run) => isOf(each, run)).length;
    return Array<Each>(Math.max(0, missing)).fill(each);
  });
}

/** One run, on a pair that is made redundant before; what is wrong in it, in words. */
async function runOne({ fault, mode }: Each, house: House, options: Options): Promise<string[]> {
  if (house.stands) await makeRedundant(await house.theatre(mode, options.patience));
  await house.enter(mode);
  const theatre = await house.theatre(mode, options.patience);
  await makeRedundant(theatre);
  const { run, seen } = await play(fault, theatre);
  const wrong = violations(run, fault);
  if (wrong.length > 0) keepEvidence(options.stack, run, seen);
  addRun(resultsFile(options.stack), run);
  write(options);
  const stall = run.stall === null ? "no service until a hand" : `stall ${run.stall.toFixed(2)} s`;
  const healed = run.healed === null ? "not healed" : `healed in ${run.healed.toFixed(0)} s`;
  notice(`  ${stall}, ${run.lost} of ${run.acknowledged} lost, ${run.shots} shots, ${healed}`);
  for (const note of run.notes) notice(`  ${note}`);
  return wrong;
}

async function makeRedundant({ patient }: Theatre): Promise<void> {
  if ((await redundant(patient, SETTLE)) !== null) return;
  notice("  the pair is not redundant: repairing");
  notice(`  ${(await repair(patient)).join(", ")}`);
}

async function runAll(options: Options): Promise<number> {
  if (options.fresh) {
    const again = chosen(options);
    dropRuns(resultsFile(options.stack), (run) => again.some((each) => isOf(each, run)));
  }
  const house = new House(options.stack);
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

function list({ stack, filter }: Options): void {
  const runs = readRuns(resultsFile(stack));
  for (const fault of faults.filter(({ name, stands }) => filter.test(name) || filter.test(stands))) {
    const counts = fault.modes.map(
      (mode) => `${mode} ${runs.filter((run) => run.fault === fault.name && run.mode === mode).length}`,
    );
    console.log(`${fault.name}${fault.quick ? " (quick)" : ""}: ${counts.join(", ")}`);
  }
}

function write({ stack }: Options): void {
  writeFileSync(join(ROOT, "docs/faults.md"), report(faults, readRuns(resultsFile(stack)), impossible));
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
