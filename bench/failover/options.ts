import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Manager } from "../../components/enums";
import { type DrillName, DRILLS } from "../../scripts/drillOptions";
import { orUsage } from "../../toolchain/process";
import { chosen, whole } from "../replication/options";

const MANAGERS: readonly Manager[] = Object.values(Manager);
const RUNS = 10;

export const USAGE = `usage: npm run bench -- failover [--stack NAME] [flags]
  --managers A,B   ours under these: ${MANAGERS.join(", ")}; default all
  --drills A,B     ${DRILLS.join(", ")}; default all
  --runs N         of each drill; default ${RUNS}
  --results FILE   where the runs are kept; beside it the document, as .md, and the picture, as .svg;
                   default docs/performance.json
  --report         writes document and picture from the runs that there are; runs nothing
  --stack NAME     default failover; it is made when it is not there, and stays: npm run destroy -- --stack NAME`;

export interface Options {
  managers: readonly Manager[];
  drills: readonly DrillName[];
  runs: number;
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
        managers: text,
        drills: text,
        runs: text,
        results: text,
        report: { type: "boolean" },
        stack: { ...text, short: "s" },
      },
    });
    const { results = "docs/performance.json", report = false, stack = "failover" } = values;
    if (!results.endsWith(".json")) throw new Error(`--results: ${results} does not end in .json`);
    return {
      managers: chosen("--managers", values.managers, MANAGERS),
      drills: chosen("--drills", values.drills, DRILLS),
      runs: whole("--runs", values.runs, RUNS),
      results: resolve(results),
      report,
      stack,
    };
  });
}
