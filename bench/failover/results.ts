import type { DrillName } from "../../scripts/drillOptions";
import type { Phase } from "../../scripts/drillPhases";
import type { DrillReport } from "../../scripts/drillReport";
import { type DrillFigures, figures } from "../../scripts/drillSummary";

/** One exercise. Times are seconds, of phases after the injection. */
export interface Run extends DrillFigures {
  from: string;
  to: string;
}

/** Some exercises of one kind on one setup, in one go. */
export interface Measured {
  setup: string;
  about: string;
  drill: DrillName;
  /** When they began, ISO 8601. */
  at: string;
  /** Commit of the code. */
  code: string;
  /** The machine that the lab runs on, and how loaded it was before: the mean number of processes that run. */
  host: { cpus: number; model: string; load: number };
  /** How many were asked for. */
  wanted: number;
  /** Why there are fewer, and what was wrong with those that have figures. */
  failed?: string;
  runs: Run[];
}

/** What of a drill's report is kept: in milliseconds, which is what the clocks are good for. */
export function runOf(report: DrillReport): Run {
  const { from, to, stallSeconds, fresh, phases, acknowledged, redundantAfterSeconds, lost } = {
    ...report,
    ...figures(report),
  };
  const phase = ({ phase: name, begin, end }: Phase) => ({
    phase: name,
    begin: rounded(begin),
    end: rounded(end),
  });
  return {
    ...{ from, to, stallSeconds: rounded(stallSeconds) },
    fresh: { stallSeconds: rounded(fresh.stallSeconds) },
    phases: phases.map(phase),
    ...{ acknowledged, lost },
    redundantAfterSeconds: redundantAfterSeconds === null ? null : rounded(redundantAfterSeconds),
  };
}

const rounded = (seconds: number) => Math.round(seconds * 1000) / 1000;

/**
 * The results with new ones in the place of the same drill's of the same setup. All others stay; so do those that are
 * there where the new ones have not one run.
 */
export function merge(results: readonly Measured[], measured: Measured): Measured[] {
  const i = results.findIndex(({ setup, drill }) => setup === measured.setup && drill === measured.drill);
  if (i < 0) return [...results, measured];
  return measured.runs.length === 0 && (results[i]?.runs.length ?? 0) > 0
    ? [...results]
    : results.with(i, measured);
}

/** The file: a line a run, so that a diff shows what is new. */
export function textOf(results: readonly Measured[]): string {
  const entries = results.map(({ runs, ...about }) => {
    const head = JSON.stringify(about, undefined, 2).replace(/\n\}$/, "");
    const lines = runs.map((run) => `    ${JSON.stringify(run)}`).join(",\n");
    return `${head},\n  "runs": [${lines === "" ? "" : `\n${lines}\n  `}]\n}`;
  });
  return `[${entries.join(",\n")}]\n`;
}
