import { parseArgs } from "node:util";
import { orUsage } from "../../toolchain/process";
import { type Kept, kept, KEPT_FLAGS } from "../kept";
import { whole } from "../replication/options";

const PAIRS = 3;
const SECONDS = 10;
const DEFAULTS = { results: "docs/disk.json", stack: "disk" };

export const USAGE = `usage: npm run bench -- disk [--stack NAME] [flags]
  --pairs N        rounds, each with DRBD and without; default ${PAIRS}
  --seconds N      that each job runs; default ${SECONDS}
  --results FILE   where the figures are kept; default ${DEFAULTS.results}. Its section is in performance.md beside it
  --report         writes the section from the figures that there are; runs nothing
  --stack NAME     default ${DEFAULTS.stack}; it is made when it is not there, and stays: npm run destroy -- --stack NAME`;

export interface Options extends Kept {
  pairs: number;
  /** That each job runs. */
  seconds: number;
}

/** @throws UserError with the usage */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  return orUsage(USAGE, () => {
    const { values } = parseArgs({
      args: [...args],
      options: { pairs: text, seconds: text, ...KEPT_FLAGS },
    });
    return {
      pairs: whole("--pairs", values.pairs, PAIRS),
      seconds: whole("--seconds", values.seconds, SECONDS),
      ...kept(values, DEFAULTS),
    };
  });
}
