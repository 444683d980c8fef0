import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import { notice, UserError } from "../../toolchain/process";
import { between, markers } from "../between";
import { EMPTY } from "../failover/report";
import { circumstances } from "../kept";
import { pieces, trials, warmUp } from "./measure";
import { type Options, parseOptions } from "./options";
import { report } from "./report";
import { type Results, textOf } from "./results";
import { makeStack, redundant } from "./stack";
import { Stage } from "./stage";

const WARM_SECONDS = 2;

/** Writes the figures, and their section of the document beside them; it comes last where it is new. */
async function write({ results: file }: Options, results: Results): Promise<void> {
  const document = path.join(path.dirname(file), "performance.md");
  const old = existsSync(document) ? readFileSync(document, "utf8") : EMPTY;
  const [begin, end] = markers("disk");
  const text = between(
    old.includes(begin) ? old : `${old}\n${begin}\n${end}\n`,
    "disk",
    report(results, path.basename(file)),
  );
  writeFileSync(file, textOf(results));
  writeFileSync(document, await format(text, { ...(await resolveConfig(document)), parser: "markdown" }));
}

async function measure(options: Options): Promise<void> {
  const { stack, pairs, seconds } = options;
  notice(`preparing the stack ${stack}`);
  await makeStack(stack);
  const active = await redundant(stack);
  const stage = await Stage.open(stack, active);
  const results: Results = {
    at: new Date().toISOString(),
    ...circumstances(),
    processors: stage.processors,
    versions: (await stage.on("client", "uname -r; fio --version")).trim().split("\n").join(", "),
    ...{ seconds, trials: [], pieces: [] },
  };
  try {
    await stage.set();
    for (const place of ["drbd", "plain"] as const) await warmUp(stage, place, WARM_SECONDS);
    for (let round = 1; round <= pairs; round++) {
      for (const place of ["drbd", "plain"] as const)
        results.trials.push(...(await trials(stage, round, place, seconds)));
      results.pieces.push(...(await pieces(stage, round, Math.ceil(seconds / 3))));
      if ((await redundant(stack)) !== active) throw new Error("the service has moved");
      await write(options, results);
    }
    await alone(stage, results, pairs, seconds);
    await redundant(stack);
    await write(options, results);
  } finally {
    await stage.clear();
  }
}

/** The same over DRBD without its peer: it is off, so these runs come after all others. */
async function alone(stage: Stage, results: Results, pairs: number, seconds: number): Promise<void> {
  notice("powering the standby off");
  try {
    await stage.leaveAlone();
    for (let round = 1; round <= pairs; round++)
      results.trials.push(...(await trials(stage, round, "alone", seconds)));
  } finally {
    await stage.bringBack();
  }
}

async function main(): Promise<void> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.report) await write(options, JSON.parse(readFileSync(options.results, "utf8")) as Results);
    else {
      await measure(options);
      notice(`the figures are in ${options.results}; npm run destroy -- --stack ${options.stack}`);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notice(`error: ${error.message}`);
    process.exitCode = 1;
  }
}

void main();
