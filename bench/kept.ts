import { cpus, loadavg } from "node:os";
import { resolve } from "node:path";
import { capture } from "../toolchain/process";

/** Where a bench keeps what it has measured, and on which stack it measures. */
export interface Kept {
  results: string;
  /** Whether to write the document from the results that there are, and run nothing. */
  report: boolean;
  stack: string;
}

/** The flags of these, for parseArgs. */
export const KEPT_FLAGS = {
  results: { type: "string" },
  report: { type: "boolean" },
  stack: { type: "string", short: "s" },
} as const;

/** @throws Error that says what is wrong with them */
export function kept(
  { results = "", report = false, stack }: Partial<Kept>,
  otherwise: Omit<Kept, "report">,
): Kept {
  const file = results || otherwise.results;
  if (!file.endsWith(".json")) throw new Error(`--results: ${file} does not end in .json`);
  return { results: resolve(file), report, stack: stack ?? otherwise.stack };
}

/** On what something is measured, and with which code: its commit, and whether more than results has been changed since. */
export function circumstances() {
  const git = (...args: string[]) => capture("git", args).stdout.trim();
  const changed = git("status", "--porcelain", "--", ".", ":!docs/performance.*", ":!docs/disk.json");
  return {
    code: git("rev-parse", "--short", "HEAD") + (changed === "" ? "" : " and more"),
    host: { cpus: cpus().length, model: cpus()[0]?.model ?? "", load: loadavg()[0] ?? NaN },
  };
}
