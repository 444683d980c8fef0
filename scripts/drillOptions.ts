import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { orUsage } from "../toolchain/process";

export const DRILLS = ["kill-active", "switchover"] as const;
export type DrillName = (typeof DRILLS)[number];

export const USAGE = `usage: npm run drill -- ${DRILLS.join("|")} [--stack NAME] [flags]
  --runs N      so many, one after the other, each on a redundant pair; ends with a summary
  --json        the report as JSON; with --runs all of them, and the summary
  --html FILE   writes a page with the timeline`;

export interface DrillOptions {
  drill: DrillName;
  /** Null: one, and no summary. */
  runs: number | null;
  json: boolean;
  /** Null: no page. */
  html: string | null;
}

/** @throws UserError with the usage */
export function parseOptions(args: readonly string[]): DrillOptions {
  return orUsage(USAGE, () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { runs: { type: "string" }, json: { type: "boolean" }, html: { type: "string" } },
    });
    const drill = DRILLS.find((name) => name === positionals[0]);
    if (!drill || positionals.length > 1) throw new Error(`found: ${positionals.join(" ") || "nothing"}`);
    const { runs, json = false, html } = values;
    if (runs !== undefined && !/^[1-9]\d*$/.test(runs))
      throw new Error(`--runs: ${runs} is no number of runs`);
    return {
      drill,
      runs: runs === undefined ? null : Number(runs),
      json,
      html: html === undefined ? null : resolve(html),
    };
  });
}
