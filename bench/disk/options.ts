import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { orUsage } from "../../toolchain/process";
import { whole } from "../replication/options";

const PAIRS = 3;
const SECONDS = 10;

export const USAGE = `usage: npm run bench -- disk [--stack NAME] [flags]
  --pairs N        rounds, each with DRBD and without; default ${PAIRS}
  --seconds N      that each job runs; default ${SECONDS}
  --results FILE   where the figures are kept; default docs/disk.json. Its section is in performance.md beside it
  --report         writes the section from the figures that there are; runs nothing
  --stack NAME     default disk; it is made when it is not there, and stays: npm run destroy -- --stack NAME`;

export interface Options {
  pairs: number;
  /** That each job runs. */
  seconds: number;
  results: string;
  report: boolean;
  stack: string;
}

/** @throws UserError with the usage */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  return orUsage(USAGE, () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        pairs: text,
        seconds: text,
        results: text,
        report: { type: "boolean" },
        stack: { ...text, short: "s" },
      },
    });
    const { results = "docs/disk.json", report = false, stack = "disk" } = values;
    if (!results.endsWith(".json")) throw new Error(`--results: ${results} does not end in .json`);
    return {
      pairs: whole("--pairs", values.pairs, PAIRS),
      seconds: whole("--seconds", values.seconds, SECONDS),
      results: resolve(results),
      report,
      stack,
    };
  });
}
