import { treeOf } from "./paths";

/** A character above 0xff would become another one, such as `.` or `/`, as a byte: the patterns know none. */
const NAME = "(?!\\.\\.?(?:/|$))[\\x01-\\x2e\\x30-\\xff]+";
const ENTRY_NAME = new RegExp(`^${NAME}$`);
const PATH = new RegExp(`^${NAME}(?:/${NAME})*$`);

/** Whether it may be the name of an entry of a directory. */
export function isName(value: unknown): value is string {
  return matches(ENTRY_NAME, value);
}

/** Whether it is a path as protocol.ts has it: it leads nowhere but down. */
export function isPath(value: unknown): value is string {
  return matches(PATH, value);
}

/** Whether it is a path in one of the trees. */
export function isPathIn(trees: ReadonlySet<string>, value: unknown): value is string {
  return isPath(value) && trees.has(treeOf(value));
}

export function matches(pattern: RegExp, value: unknown): value is string {
  return typeof value === "string" && pattern.test(value);
}

/** Whether it is a whole number from 0 to `highest`. */
export function isWhole(value: unknown, highest = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= highest;
}

/** What the other side said, for people. */
export function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 200);
}
