import { ascending, percentile } from "../../scripts/percentile";
import type { ContenderName, WorkloadName } from "./options";
import type { Usage } from "./meter";

/** How long files took from the client's close() to the slave, seconds. */
export interface Lag {
  n: number;
  p50: number;
  p99: number;
  max: number;
}

/** The lag of what was acknowledged in one second. */
export interface LagAt {
  /** Seconds since the first acknowledgement. */
  second: number;
  p50: number;
  max: number;
}

/** What the comparison says is different on the slaves. */
export interface Differences {
  /** Paths, not counting directories that differ in their times alone. */
  paths: number;
  directoryTimes: number;
  /** A few of rsync's lines. */
  examples: string[];
}

/** One run of one workload. Times are seconds. */
export interface Outcome {
  contender: ContenderName;
  workload: WorkloadName | "nothing to do";
  /** Why there is no more to tell. */
  failed?: string;
  files: number;
  /** From the first write, or the contender's start, or the kill, to the last change on the last slave. */
  seconds: number | null;
  /** The same from when there was nothing more to wait for: the last write, the daemon's start, the new master. */
  secondsBehind: number | null;
  filesPerSecond: number | null;
  /** How fast the files were written. */
  writtenPerSecond: number | null;
  /** Of the slave that was worst. */
  lag?: Lag;
  lagBySlave?: Record<string, Lag>;
  lagOverTime?: LagAt[];
  /** By which clocks may make lags wrong. */
  clockError?: number;
  usage?: Usage;
  differences?: Differences;
}

export function lagOf(values: readonly number[]): Lag {
  const sorted = ascending(values);
  return {
    n: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
  };
}

/** `path\0seconds\0…` of the client; a file that was written more than once counts at its last time. */
export function parseAcks(text: string): Map<string, number> {
  const fields = text.split("\0");
  const acks = new Map<string, number>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [path = "", time = Number(fields[i + 1])] = [fields[i]];
    acks.set(path, Math.max(time, acks.get(path) ?? 0));
  }
  return acks;
}

/** `path\0seconds\0…` of a slave: each file's and directory's change time, and the newest of all. */
export function parseChangeTimes(text: string): { times: Map<string, number>; newest: number } {
  const times = parseAcks(text);
  let newest = 0;
  for (const time of times.values()) newest = Math.max(newest, time);
  return { times, newest };
}

/** The lag of each file that has both times; `ahead` is by how much the slave's clock is ahead of the client's. */
export function lags(
  acks: ReadonlyMap<string, number>,
  changed: ReadonlyMap<string, number>,
  ahead: number,
): { at: number; lag: number }[] {
  const found = [...acks].flatMap(([path, at]) => {
    const time = changed.get(path);
    return time === undefined ? [] : [{ at, lag: time - ahead - at }];
  });
  return found.sort((a, b) => a.at - b.at);
}

export function overTime(found: readonly { at: number; lag: number }[]): LagAt[] {
  const first = Math.min(...found.slice(0, 1).map(({ at }) => at));
  const seconds = new Map<number, number[]>();
  for (const { at, lag } of found) {
    const second = Math.floor(at - first);
    const values = seconds.get(second);
    if (values) values.push(lag);
    else seconds.set(second, [lag]);
  }
  return [...seconds].map(([second, values]) => {
    const { p50, max } = lagOf(values);
    return { second, p50, max };
  });
}

/** Lines of `rsync --itemize-changes`. */
export function parseDifferences(text: string): Differences {
  const lines = text.split("\n").filter(Boolean);
  const paths = lines.filter((line) => !/^\.d\.\.t\.+ /.test(line));
  return {
    paths: paths.length,
    directoryTimes: lines.length - paths.length,
    examples: (paths.length > 0 ? paths : lines).slice(0, 5),
  };
}

export interface Summary {
  contender: ContenderName;
  workload: Outcome["workload"];
  /** Runs that converged. */
  n: number;
  seconds: { median: number; worst: number };
  filesPerSecond: { median: number; worst: number };
  lagP99?: { median: number; worst: number };
}

/** Each contender's runs of each workload together. */
export function summarize(outcomes: readonly Outcome[]): Summary[] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    if (outcome.seconds === null) continue;
    const key = `${outcome.contender} ${outcome.workload}`;
    groups.set(key, [...(groups.get(key) ?? []), outcome]);
  }
  return [...groups.values()].flatMap((runs) => {
    const [first] = runs;
    if (!first) return [];
    const values = (of: (outcome: Outcome) => number | null | undefined) =>
      ascending(runs.flatMap((run) => of(run) ?? []));
    const seconds = values((run) => run.seconds);
    const rates = values((run) => run.filesPerSecond);
    const lag = values((run) => run.lag?.p99);
    return [
      {
        contender: first.contender,
        workload: first.workload,
        n: runs.length,
        seconds: { median: percentile(seconds, 0.5), worst: percentile(seconds, 1) },
        filesPerSecond: { median: percentile(rates, 0.5), worst: percentile(rates, 0) },
        ...(lag.length > 0 ? { lagP99: { median: percentile(lag, 0.5), worst: percentile(lag, 1) } } : {}),
      },
    ];
  });
}
