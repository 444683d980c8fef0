import { parseArgs } from "node:util";
import { type DrillName, DRILLS } from "../../scripts/drillOptions";
import { orUsage } from "../../toolchain/process";
import { type Kept, kept, KEPT_FLAGS } from "../kept";
import { chosen, whole } from "../replication/options";
import type { Setup } from "./setup";
import { SETUPS } from "./setups";

const NAMES = SETUPS.map(({ name }) => name);
const DEFAULTS = { results: "docs/performance.json", stack: "failover" };

export const USAGE = `usage: npm run bench -- failover [--stack NAME] [flags]
  --setups A,B     ${NAMES.join(", ")}; default all
  --drills A,B     ${DRILLS.join(", ")}; default all
  --runs N         of each drill; default 10 of ours, 5 of the others
  --results FILE   where the runs are kept; beside it the document, as .md, and the picture, as .svg;
                   default ${DEFAULTS.results}
  --report         writes document and picture from the runs that there are; runs nothing
  --stack NAME     default ${DEFAULTS.stack}; it is made when it is not there, and stays: npm run destroy -- --stack NAME.
                   The others have machines of their own, as stack NAME-bare of the lab; they go when they are measured, or
                   where that was cut off, with the next run of the others. Ours are off meanwhile`;

export interface Options extends Kept {
  setups: readonly Setup[];
  drills: readonly DrillName[];
  /** Null: as many as each setup says. */
  runs: number | null;
}

/** @throws UserError with the usage */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  return orUsage(USAGE, () => {
    const { values } = parseArgs({
      args: [...args],
      options: { setups: text, drills: text, runs: text, ...KEPT_FLAGS },
    });
    const names = chosen("--setups", values.setups, NAMES);
    return {
      setups: names.flatMap((name) => SETUPS.filter((setup) => setup.name === name)),
      drills: chosen("--drills", values.drills, DRILLS),
      runs: values.runs === undefined ? null : whole("--runs", values.runs, 1),
      ...kept(values, DEFAULTS),
    };
  });
}
