import { isPath, quoted } from "../wellFormed";

/**
 * What the journal says has happened. Paths are relative to the volume's root, one character a byte (protocol.ts); the
 * first component is the tree.
 */
export type Change =
  /** Send what is at the path now; not what is below it. */
  | { kind: "update"; path: string }
  /** A directory: compare the names in it. What has them and has changed is told otherwise. */
  | { kind: "list"; path: string }
  /**
   * A directory: compare all that is in it, on all levels; of files that have changed since then, seconds since 1970,
   * the content too.
   */
  | { kind: "tree"; path: string; since?: number }
  | { kind: "rename"; from: string; to: string };

/** The journal's line of a change: JSON, and as raw bytes once written as latin1. */
export function lineOf(change: Change): string {
  switch (change.kind) {
    case "update":
      return `["u",${JSON.stringify(change.path)}]\n`;
    case "list":
      return `["l",${JSON.stringify(change.path)}]\n`;
    case "tree":
      return `${JSON.stringify(["t", change.path, ...(change.since === undefined ? [] : [change.since])])}\n`;
    case "rename":
      return `["r",${JSON.stringify(change.from)},${JSON.stringify(change.to)}]\n`;
  }
}

/** Begins the lines that `watermarkLine` makes. */
export const WATERMARK = '["w",';

/**
 * The journal's line that says: every change up to this time, seconds since 1970, stands before it; undefined: that says
 * nothing. The first line of a segment has also the stamp of the daemon that began it.
 */
export function watermarkLine(seconds: number | undefined, stamp?: string): string {
  const end = stamp === undefined ? "" : `,${JSON.stringify(stamp)}`;
  return `${WATERMARK}${seconds?.toFixed(6) ?? null}${end}]\n`;
}

/** What such a line says; nothing when it is none. */
export function watermarkOf(line: string): { seconds?: number; stamp?: string } {
  try {
    const [kind, seconds, stamp] = JSON.parse(line) as unknown[];
    return {
      ...(kind === "w" && typeof seconds === "number" ? { seconds } : {}),
      ...(kind === "w" && typeof stamp === "string" ? { stamp } : {}),
    };
  } catch {
    return {};
  }
}

/**
 * The change of a line; undefined for a watermark.
 *
 * @throws Error when it is no line of a journal
 */
export function changeOf(line: string): Change | undefined {
  const [kind, first, second] = JSON.parse(line) as unknown[];
  if (kind === "w") return undefined;
  if (isPath(first)) {
    if (kind === "u") return { kind: "update", path: first };
    if (kind === "l") return { kind: "list", path: first };
    if (kind === "t") {
      return { kind: "tree", path: first, ...(typeof second === "number" ? { since: second } : {}) };
    }
    if (kind === "r" && isPath(second)) return { kind: "rename", from: first, to: second };
  }
  throw new Error(`no line of a journal: ${quoted(line)}`);
}
