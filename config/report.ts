import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import type { z } from "zod";

/** The configuration namespace: the project's name. */
export const NAMESPACE = "ha-nfs";

/** What an error shows of a secret. */
export const HIDDEN = "a value that is not shown";

/** Where a value is, such as `["masters", 0, "name"]`. */
export type Path = readonly PropertyKey[];

/** The value at a path as the user wrote it, valid or not; undefined where there is none. */
export type Lookup = (path: Path) => unknown;

/** Adds one error: what was found at `path` (see {@link show}), what is allowed there, how to mend it. */
export type Report = (path: Path, found: string, allowed: string, mend: string) => void;

/** The configuration is wrong. The message has a line for each error; the engine prints it without a stack. */
export class ConfigError extends pulumi.RunError {
  /** @param errors one line each: `ha-nfs:<key path>: found <what>; allowed: <what>; <how to mend>` */
  constructor(readonly errors: readonly string[]) {
    const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
    super([`${count} in the configuration (see docs/config.md):`, ...errors].join("\n"));
    this.name = "ConfigError";
  }
}

/** One line of a {@link ConfigError}; `advice` is {@link advise}'s. */
export function line(path: Path, found: string, advice: string): string {
  return `${NAMESPACE}:${formatPath(path)}: found ${found}; ${advice}`;
}

/** The second half of a line. Every zod schema of the configuration carries it as its error text. */
export function advise(allowed: string, mend: string): string {
  return `allowed: ${allowed}; ${mend}`;
}

/** `masters[0].name` for `["masters", 0, "name"]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

/** The value at `path` in JSON-like data; undefined where there is none. */
export function valueAt(data: unknown, path: Path): unknown {
  return path.reduce(
    (parent, key) => (parent as Record<PropertyKey, unknown> | null | undefined)?.[key],
    data,
  );
}

/** A value as an error shows it: JSON of at most 60 characters, and never a private key. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const json = JSON.stringify(value);
  if (json.includes("PRIVATE KEY")) return HIDDEN;
  return json.length > 60 ? `${json.slice(0, 59)}…` : json;
}

/** The lines for what zod found wrong with `input`: one for each path, and one for each unknown key. */
export function issueLines(issues: readonly z.core.$ZodIssue[], input: unknown): string[] {
  const lines = new Map<string, string>();
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") {
      // The schema's text has one advice a line, in the order of the keys: see `section` in schema.ts.
      const advices = issue.message.split("\n");
      issue.keys.forEach((key, i) => {
        const path = [...issue.path, key];
        lines.set(formatPath(path), line(path, "an unknown key", advices[i] ?? ""));
      });
    } else {
      const path = formatPath(issue.path);
      if (!lines.has(path)) lines.set(path, line(issue.path, found(issue, input), issue.message));
    }
  }
  return [...lines.values()];
}

function found(issue: z.core.$ZodIssue, input: unknown): string {
  const value = valueAt(input, issue.path);
  if (isSecret(issue.path, value)) return HIDDEN;
  const notJson =
    issue.path.length === 1 &&
    issue.code === "invalid_type" &&
    ["array", "object"].includes(issue.expected) &&
    typeof value === "string";
  return notJson ? `${show(value)}, which is no JSON` : show(value);
}

/** A private key, and the options of a fence agent with all that they are in. */
function isSecret([top, , key]: Path, value: unknown): boolean {
  if (top === "sshPrivateKey") return value !== undefined;
  return (
    top === "fencing" &&
    (key === "options" || key === "masters" || (typeof value === "object" && value !== null))
  );
}

/** The one of `known` that `key` most resembles; undefined if more than half of it would have to change. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  const edits = (name: string) => distance(key.toLowerCase(), name.toLowerCase());
  const [best] = [...known].sort((a, b) => edits(a) - edits(b));
  return best !== undefined && edits(best) <= key.length / 2 ? best : undefined;
}
