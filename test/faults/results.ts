import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { labDir } from "../../lab/paths";
import type { Run } from "./fault";

/** Writes all that was seen in a run beside the results, for who wants to know why it was wrong. */
export function keepEvidence(stack: string, run: Run, seen: object): void {
  const directory = join(labDir(), ".faults", stack);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, `${run.at.replaceAll(":", "")}.json`), JSON.stringify({ run, ...seen }));
}

/** All runs so far. A last line that was cut off by a kill does not count. */
export function readRuns(file: string): Run[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Run];
      } catch {
        return [];
      }
    });
}

export function addRun(file: string, run: Run): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // what a kill has cut off stays a line of its own
  const cut = existsSync(file) && !/(^|\n)$/.test(readFileSync(file, "utf8"));
  appendFileSync(file, `${cut ? "\n" : ""}${JSON.stringify(run)}\n`);
}

export function dropRuns(file: string, dropped: (run: Run) => boolean): void {
  const kept = readRuns(file).filter((run) => !dropped(run));
  rmSync(file, { force: true });
  for (const run of kept) addRun(file, run);
}
