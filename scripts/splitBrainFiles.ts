/** What a side says of one file. */
export interface Entry {
  /** Seconds since 1970 of its last change (ctime), with a fraction. */
  readonly changed: number;
  /** Bytes. */
  readonly size: number;
}

/** Parses `changed size path`, each ended by NUL. A path may hold anything else, spaces and newlines too. */
export function parseEntries(text: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const item of text.split("\0").filter((line) => line !== "")) {
    const [changed = "", size = "", ...path] = item.split(" ");
    entries.set(path.join(" "), { changed: Number(changed), size: Number(size) });
  }
  return entries;
}

/**
 * The paths that only one side has, or that have changed on one of them, sorted. The times are the file system's own, and
 * both sides had the same ones until they parted, so a file whose times are equal has not been touched since.
 */
export function differing(a: ReadonlyMap<string, Entry>, b: ReadonlyMap<string, Entry>): string[] {
  const paths = new Set([...a.keys(), ...b.keys()]);
  const same = (path: string) => {
    const [x, y] = [a.get(path), b.get(path)];
    return x !== undefined && y !== undefined && x.changed === y.changed && x.size === y.size;
  };
  return [...paths].filter((path) => !same(path)).sort();
}
