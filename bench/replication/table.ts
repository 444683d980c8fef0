import type { Outcome } from "./figures";

const HEAD = [
  "workload",
  "contender",
  "files",
  "files/s",
  "written/s",
  "seconds",
  "behind",
  "lag p50",
  "p99",
  "max",
  "MB",
  "CPU master",
  "slaves",
  "MiB",
  "different",
];

/** The outcomes as a person reads them: each workload's contenders one below the other. */
export function table(outcomes: readonly Outcome[]): string {
  const workloads = [...new Set(outcomes.map(({ workload }) => workload))];
  const rows = workloads.flatMap((workload) =>
    outcomes.filter((outcome) => outcome.workload === workload).map(row),
  );
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) =>
    Math.max(
      ...all.filter((cells) => cells.length === HEAD.length).map((cells) => cells[column]?.length ?? 0),
    ),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return `${all.map(line).join("\n")}\n`;
}

function row(o: Outcome): string[] {
  const { lag, usage, differences } = o;
  if (o.failed !== undefined) return [o.workload, o.contender, o.failed];
  return [
    o.workload,
    o.contender,
    `${o.files}`,
    figure(o.filesPerSecond, 1),
    figure(o.writtenPerSecond, 1),
    figure(o.seconds, 1),
    figure(o.secondsBehind, 1),
    figure(lag?.p50, 2),
    figure(lag?.p99, 2),
    figure(lag?.max, 2),
    figure(usage && usage.bytes / 1e6, 1),
    figure(usage?.masterCpuSeconds, 1),
    figure(usage?.slavesCpuSeconds, 1),
    figure(usage?.peakMiB, 0),
    differences
      ? `${differences.paths}${differences.directoryTimes > 0 ? `+${differences.directoryTimes}t` : ""}`
      : "-",
  ];
}

function figure(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined || Number.isNaN(value) ? "-" : value.toFixed(digits);
}

/** What the columns mean. */
export const LEGEND = `seconds: from the first write (catch-up, restart: the start; failover: the kill) to the last change on the last slave
behind: the same from the last write (catch-up, restart: the start; burst: the watcher goes on; failover: the new master serves)
lag: from the client's close() to the file on the slave, of the worst slave; MB and CPU of the slaves: all together
different: paths that the comparison by checksum finds; +Nt: directories that differ in their times alone
`;
