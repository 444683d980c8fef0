import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Manager } from "../../components/enums";
import { orUsage } from "../../toolchain/process";
import { ROOT } from "../lab/stack";
import { type Mode, modes, PATIENCE } from "./fault";

const managers = Object.values(Manager);

export const USAGE = `usage: npm run test:faults -- [flags]
  --list           the faults, and how often each has been run; runs nothing
  --report         writes the document from the runs there are; runs nothing
  --filter REGEX   only the faults whose name, or the rows that they stand for, match
  --quick          only the short ones
  --mode MODE      only ${modes.join(", ")}; default all that a fault has
  --manager NAME   the cluster manager, ${managers.join(" or ")}; default ${Manager.Heartbeat}
  --runs N         as many of each, default 1; those that there are count
  --patience S     seconds in which the pair must have healed by itself, default ${PATIENCE}
  --fresh          drops the runs that there are, of what is chosen
  --results FILE   where the runs are kept, a line of JSON each, and beside it, as .md, the document of them;
                   default docs/faults.jsonl, and docs/faults-NAME.jsonl under another manager
  --stack NAME     default faults; it is made when it is not there, and stays: npm run destroy -- --stack NAME`;

export interface Options {
  list: boolean;
  report: boolean;
  filter: RegExp;
  quick: boolean;
  mode: Mode | undefined;
  manager: Manager;
  runs: number;
  patience: number;
  fresh: boolean;
  results: string;
  stack: string;
}

/** @throws UserError with the usage */
export function parseOptions(args: string[]): Options {
  const flag = { type: "boolean", default: false } as const;
  const word = { type: "string" } as const;
  const options = {
    list: flag,
    report: flag,
    quick: flag,
    fresh: flag,
    filter: word,
    mode: word,
    manager: word,
    runs: word,
    patience: word,
    results: word,
    stack: word,
  };
  return orUsage(USAGE, () => {
    const { values } = parseArgs({ args, options });
    const { filter = "", mode, runs = "1", patience = `${PATIENCE}`, stack = "faults", ...rest } = values;
    const manager = managers.find((each) => `${each}` === (rest.manager ?? `${Manager.Heartbeat}`));
    const {
      results = join(ROOT, `docs/faults${manager === Manager.Heartbeat ? "" : `-${manager}`}.jsonl`),
      ...flags
    } = rest;
    const known = modes.find((each) => each === mode);
    if (mode !== undefined && !known) throw new Error(`--mode: no ${mode}`);
    if (!manager) throw new Error(`--manager: no ${rest.manager}`);
    if (!results.endsWith(".jsonl")) throw new Error(`--results: ${results} does not end in .jsonl`);
    if (!/^[1-9]\d*$/.test(runs)) throw new Error(`--runs: ${runs} is no number of runs`);
    if (!/^[1-9]\d*$/.test(patience)) throw new Error(`--patience: ${patience} is no number of seconds`);
    return {
      ...flags,
      filter: new RegExp(filter),
      mode: known,
      manager,
      runs: Number(runs),
      patience: Number(patience),
      results: resolve(results),
      stack,
    };
  });
}
