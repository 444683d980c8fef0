import type { Manager } from "../../components/enums";
import { type Fault, type Mode, type Run, violations } from "./fault";

const header = (manager: Manager) => `# What happens when something fails, under ${manager}

Written by \`npm run test:faults\` from what it has measured in the lab; nobody writes here. Each run is a fault under a writer
that has every record fsync'ed (one in 20 ms), two clients that fight for one lock, a probe in each master and a capture
of what the address answers. \`test/faults/\` has the faults, and what counts as what.

- **mode**: what proves that a master is off: the fence \`device\`, the \`witness\`, \`both\`, or \`neither\`.
- **stall**: the longest time without an acknowledgement, median and worst of the runs; \`-\`: it lasted until a hand.
- **lost**: acknowledged records that are not on the volume, seen on the master that serves at the end and by a client that
  never had the file open. **dual**: seconds in which both masters served or took writes, and replies of the loser.
- **healed**: from the fault's end until either master could be lost again, the worst of the runs.`;

/** The document, from the runs alone: what was not measured has no figure. */
export function report(
  manager: Manager,
  faults: readonly Fault[],
  runs: readonly Run[],
  impossible: readonly (readonly [string, string])[],
): string {
  const rows = faults.flatMap((fault) => rowsOf(fault, runs));
  const columns = [
    "fault",
    "stands for",
    "mode",
    "runs",
    "stall, s",
    "lost",
    "dual",
    "shots",
    "healed, s",
    "who acts",
  ];
  const codes = [...new Set(runs.map(({ code }) => code))];
  const wrong = faults.flatMap((fault) =>
    runs.filter((run) => run.fault === fault.name).flatMap((run) => wrongs(run, fault)),
  );
  return [
    header(manager),
    "",
    runs.length > 0 ? `${runs.length} runs, of the code at ${codes.join(", ")}.` : "Nothing has been run.",
    "",
    ...table([columns, ...rows]),
    "",
    "## What was wrong",
    "",
    ...(wrong.length > 0 ? wrong : ["Nothing, in the runs above."]),
    "",
    "## What the lab cannot make",
    "",
    ...impossible.map(([what, why]) => `- ${what}: ${why}.`),
    "",
  ].join("\n");
}

/** A row a mode that has runs, and one for the others together. */
function rowsOf(fault: Fault, all: readonly Run[]): string[][] {
  const runs = all.filter((run) => run.fault === fault.name);
  const measured = fault.modes.filter((mode) => runs.some((run) => run.mode === mode));
  const missing = fault.modes.filter((mode) => !measured.includes(mode));
  return [
    ...measured.map((mode) =>
      row(
        fault,
        mode,
        runs.filter((run) => run.mode === mode),
      ),
    ),
    ...(missing.length > 0
      ? [[fault.name, fault.stands, missing.join(", "), "not run", ...Array<string>(6).fill("")]]
      : []),
  ];
}

function row(fault: Fault, mode: Mode, runs: readonly Run[]): string[] {
  const worst = (of: (run: Run) => number | null) =>
    seconds(Math.max(...runs.map((run) => of(run) ?? Infinity)));
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0);
  const dual = sum((run) => Math.max(run.dualService, run.dualPrimary));
  const late = sum(({ lateReplies }) => lateReplies);
  const acted = [...new Set(runs.flatMap(({ repairs }) => repairs))];
  return [
    fault.name,
    fault.stands,
    mode,
    `${runs.length}`,
    `${seconds(median(runs.map(({ stall }) => stall ?? Infinity)))} / ${worst(({ stall }) => stall)}`,
    bold(
      sum(({ lost }) => lost),
      ` of ${sum(({ acknowledged }) => acknowledged)}`,
    ),
    dual + late > 0 ? `**${dual.toFixed(1)} s, ${late} replies**` : "0",
    `${sum(({ shots }) => shots)}`,
    worst(({ healed }) => healed),
    runs.every(({ healed }) => healed !== null) ? "nobody" : (fault.hand ?? `**${acted.join("; ")}**`),
  ];
}

function wrongs(run: Run, fault: Fault): string[] {
  const found = violations(run, fault);
  return found.length > 0
    ? [`- ${fault.name}, ${run.mode} (${run.code}, ${run.at}): ${found.join("; ")}.`]
    : [];
}

const bold = (count: number, rest: string) => (count > 0 ? `**${count}**${rest}` : "0");
const seconds = (time: number) => (Number.isFinite(time) ? time.toFixed(1) : "-");

/** The middle one, of an even number the later. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;
}

/** A table as prettier leaves it. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(3, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [first = [], ...rest] = rows;
  return [line(first), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rest.map(line)];
}
