import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { KeptLane } from "./lane";

export type KeptLanes = Record<string, KeptLane>;

/** Writes JSON whole or not at all, but does not wait for the disk. */
export function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.new`;
  writeFileSync(partial, `${JSON.stringify(value)}\n`);
  renameSync(partial, file);
}

/** How far the slaves had come; nothing when the file is missing or damaged: then they say it themselves. */
export function readCursors(file: string): KeptLanes {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as KeptLanes;
  } catch {
    return {};
  }
}
