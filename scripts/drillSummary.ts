import { PHASE_NAMES, type PhaseName } from "./drillPhases";
import type { DrillReport } from "./drillReport";
import { ascending, percentile } from "./percentile";

/** Seconds, by nearest rank: the 95th percentile of fewer than 20 runs is the worst of them. */
export interface Spread {
  n: number;
  p50: number;
  p95: number;
  worst: number;
}

/** Some runs of one drill together; null where no run tells it. */
export interface DrillSummary {
  drill: string;
  runs: number;
  /** The stall of the writer on an open file, and of fresh opens with a lock. */
  writer: Spread | null;
  fresh: Spread | null;
  phases: Record<PhaseName, Spread | null>;
  redundantAfter: Spread | null;
  /** Records, of all runs. */
  acknowledged: number;
  lost: number;
}

/** What is in a summary of each run. */
export type DrillFigures = Pick<
  DrillReport,
  "stallSeconds" | "phases" | "acknowledged" | "redundantAfterSeconds"
> & { fresh: { stallSeconds: number }; lost: number };

export function spread(values: readonly number[]): Spread | null {
  const sorted = ascending(values);
  if (sorted.length === 0) return null;
  return {
    n: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    worst: percentile(sorted, 1),
  };
}

export const figures = (report: DrillReport): DrillFigures => ({ ...report, lost: report.missing.length });

export function summarize(drill: string, runs: readonly DrillFigures[]): DrillSummary {
  const of = (values: (run: DrillFigures) => number | null | undefined) =>
    spread(runs.flatMap((run) => values(run) ?? []));
  const sum = (values: (run: DrillFigures) => number) => runs.reduce((total, run) => total + values(run), 0);
  const phase = (name: PhaseName) =>
    of(({ phases }) => {
      const found = phases.find((each) => each.phase === name);
      return found && found.end - found.begin;
    });
  return {
    drill,
    runs: runs.length,
    writer: of((run) => run.stallSeconds),
    fresh: of((run) => run.fresh.stallSeconds),
    phases: Object.fromEntries(PHASE_NAMES.map((name) => [name, phase(name)])) as DrillSummary["phases"],
    redundantAfter: of((run) => run.redundantAfterSeconds),
    acknowledged: sum((run) => run.acknowledged),
    lost: sum((run) => run.lost),
  };
}

const WIDTH = 34;

/** The summary as a person reads it. */
export function summaryText(s: DrillSummary): string {
  const row = (name: string, cells: readonly string[]) =>
    name.padEnd(WIDTH) + cells.map((cell) => cell.padStart(8)).join("");
  const figure = (name: string, of: Spread | null) =>
    row(name, of ? [`${of.n}`, ...[of.p50, of.p95, of.worst].map((value) => value.toFixed(2))] : ["-"]);
  return [
    `${s.drill}, ${s.runs} runs`,
    "",
    row("seconds", ["n", "p50", "p95", "worst"]),
    figure("stall, writer on an open file", s.writer),
    figure("stall, fresh open with a lock", s.fresh),
    ...PHASE_NAMES.map((name) => figure(`  ${name}`, s.phases[name])),
    figure("redundant again", s.redundantAfter),
    "",
    `records lost: ${s.lost} of ${s.acknowledged}; percentiles are by nearest rank: p95 of fewer than 20 runs is the worst`,
  ].join("\n");
}
