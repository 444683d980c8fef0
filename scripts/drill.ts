import { writeFileSync } from "node:fs";
import { notice, UserError } from "../toolchain/process";
import { type DrillOptions, parseOptions } from "./drillOptions";
import { drillPage } from "./drillPage";
import { type Drill, type DrillReport, drillText } from "./drillReport";
import { type DrillSummary, figures, summarize, summaryText } from "./drillSummary";
import { drillOnce } from "./drillOnce";
import { stackName } from "./nodes";
import { pairOf } from "./pair";

/** Seconds that a pair may need between two runs: what was just redundant may have a passing finding. */
const PATIENCE_S = 60;

/** What `--runs` with `--json` prints. */
export interface DrillRuns {
  runs: DrillReport[];
  summary: DrillSummary;
  /** Why there are fewer runs than were asked for. */
  failed?: string;
}

const print = (text: string) => process.stdout.write(`${text}\n`);

/** What there is to tell at the end: without --json, each run's report has been printed by then. */
function conclude(
  { drill, runs, json, html }: DrillOptions,
  drills: readonly Drill[],
  failed?: string,
): void {
  const reports = drills.map(({ report }) => report);
  const summary = summarize(drill, reports.map(figures));
  if (html !== null && drills.length > 0) {
    writeFileSync(html, drillPage(drills, summary));
    notice(`the timeline is in ${html}`);
  }
  if (json) {
    const all: DrillRuns = { runs: reports, summary, ...(failed === undefined ? {} : { failed }) };
    const shown = runs === null ? reports[0] : all;
    if (shown) print(JSON.stringify(shown, null, 2));
  } else if (runs !== null) print(summaryText(summary));
}

async function run(options: DrillOptions): Promise<number> {
  const drills: Drill[] = [];
  const wanted = options.runs ?? 1;
  let failed: string | undefined;
  while (drills.length < wanted && failed === undefined) {
    if (options.runs !== null) notice(`run ${drills.length + 1} of ${wanted}`);
    try {
      const drill = await drillOnce(
        options.drill,
        pairOf(stackName()),
        options.runs === null ? 0 : PATIENCE_S,
      );
      drills.push(drill);
      if (!options.json) print(drillText(drill.report));
    } catch (error) {
      failed = (error as Error).message; // those that have ended well are told all the same
    }
  }
  conclude(options, drills, failed);
  if (failed !== undefined) notice(`error: ${failed}`);
  return failed === undefined && drills.every(({ report }) => report.missing.length === 0) ? 0 : 1;
}

async function main(): Promise<void> {
  try {
    process.exitCode = await run(parseOptions(process.argv.slice(2)));
  } catch (error) {
    notice(`error: ${(error as Error).message}`);
    process.exitCode = error instanceof UserError ? 2 : 1;
  }
}

void main();
