import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import { notice, UserError } from "../../toolchain/process";
import { circumstances } from "../kept";
import { type Options, parseOptions } from "./options";
import { picture } from "./picture";
import { between, EMPTY, report } from "./report";
import { type Measured, merge, textOf } from "./results";
import type { Setup } from "./setup";

const read = (file: string, otherwise: string) => (existsSync(file) ? readFileSync(file, "utf8") : otherwise);

const readResults = ({ results }: Options) => JSON.parse(read(results, "[]")) as Measured[];

/** Writes the results, and what a person reads of them beside. */
async function write({ results: file }: Options, results: readonly Measured[]): Promise<void> {
  const [document, image] = ["md", "svg"].map((ending) => file.replace(/json$/, ending)) as [string, string];
  const text = between(read(document, EMPTY), report(results, path.basename(image)));
  const formatted = await format(text, { ...(await resolveConfig(document)), parser: "markdown" });
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, textOf(results));
  writeFileSync(image, picture(results));
  writeFileSync(document, formatted);
}

/** All drills of one setup; whether all that was asked for was run, and nothing was lost. */
async function measure(setup: Setup, options: Options): Promise<boolean> {
  const { stack, drills } = options;
  const wanted = options.runs ?? setup.runs;
  notice(`${setup.name}: preparing the stack ${stack}`);
  await setup.prepare(stack);
  let fine = true;
  for (const drill of drills) {
    notice(`${setup.name}: ${drill}, ${wanted} runs`);
    const about = {
      ...{ setup: setup.name, about: setup.about, drill },
      at: new Date().toISOString(),
      ...circumstances(),
      wanted,
    };
    const { runs, failed } = await setup.drills[drill](stack, wanted);
    const measured = { ...about, ...(failed === undefined ? {} : { failed }), runs };
    // after each, so that one that is cut off later takes nothing along
    await write(options, merge(readResults(options), measured));
    fine &&= failed === undefined && runs.every(({ lost }) => lost === 0);
  }
  return fine;
}

async function bench(options: Options): Promise<number> {
  let fine = true;
  for (const setup of options.report ? [] : options.setups) {
    try {
      fine = (await measure(setup, options)) && fine;
    } catch (error) {
      notice(`${setup.name}: ${(error as Error).message}`);
      fine = false;
    } finally {
      await setup.clear?.(options.stack);
    }
  }
  if (options.report) await write(options, readResults(options));
  else notice(`the results are in ${options.results}; npm run destroy -- --stack ${options.stack}`);
  return fine ? 0 : 1;
}

async function main(): Promise<void> {
  try {
    process.exitCode = await bench(parseOptions(process.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notice(`error: ${error.message}`);
    process.exitCode = 1;
  }
}

void main();
