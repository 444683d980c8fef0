import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { labDir } from "../../lab/paths";
import type { Run } from "./fault";

/** The runs of a stack, a line of JSON each. Beside the stack's own directory, which goes with the stack. */
export function resultsFile(stack: string): string {
  return join(labDir(), `${stack}.faults.jsonl`);
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
