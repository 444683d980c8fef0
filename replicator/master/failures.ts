import { shown } from "../protocol";
import { moved } from "../paths";
import { isPathIn } from "../wellFormed";
import type { Rename } from "./plan";

const MOST = 1000;

/** The most that `listed` has. */
const LISTED = 20;

/** A path that could not be brought up to date. */
export interface Failing {
  path: string;
  /** Why not, the last time. */
  message: string;
  /** Since when, as of ISO 8601. */
  since: string;
  /** Only attributes of a directory: what is in it is as it should be. */
  attributes?: true;
}

interface Known {
  message: string;
  since: string;
  /** When it last failed, of `performance.now()`; and when in more than attributes, undefined: never. */
  last: number;
  whole: number | undefined;
}

/** What `Failures` is kept as. */
export interface KeptFailures {
  paths: Failing[];
  overflowed: boolean;
}

/** The paths that could not be brought up to date on a slave, to be tried again. */
export class Failures {
  /** How many there have been. */
  count = 0;
  /** There have been too many to remember: only comparing everything finds them. */
  overflowed: boolean;
  /** How often that has been so. */
  overflows = 0;
  private readonly paths: Map<string, Known>;

  /**
   * @param told takes a line for people
   * @param trees what is kept of others is forgotten: it is not the slave's any more
   */
  constructor(
    private readonly told: (message: string) => void,
    trees: ReadonlySet<string>,
    { paths, overflowed }: KeptFailures = { paths: [], overflowed: false },
  ) {
    const own = paths.filter(({ path }) => isPathIn(trees, path));
    this.paths = new Map(
      own.map(({ path, message, since, attributes }) => [
        path,
        { message, since, last: 0, whole: attributes ? undefined : 0 },
      ]),
    );
    this.overflowed = overflowed;
  }

  get kept(): KeptFailures {
    const paths = [...this.paths].map(([path, { message, since, whole }]) => ({
      ...{ path, message, since },
      ...(whole === undefined ? ({ attributes: true } as const) : {}),
    }));
    return { paths, overflowed: this.overflowed };
  }

  /** How many there are now. */
  get size(): number {
    return this.paths.size;
  }

  /** The first of them, for people. */
  get listed(): Failing[] {
    const { paths } = this.kept;
    return paths.slice(0, LISTED).map((failing) => ({ ...failing, path: shown(failing.path) }));
  }

  /** @param attributes only those of a directory */
  add(path: string, message: string, attributes = false): void {
    this.count++;
    const before = this.paths.get(path);
    if (before?.message !== message) this.told(`${shown(path)}: ${message}`);
    const since = before?.since ?? new Date().toISOString();
    const last = performance.now();
    this.put(path, { message, since, last, whole: attributes ? before?.whole : last });
  }

  /** What was under the old name is under the new one, and as it should not be. */
  move(rename: Rename): void {
    for (const [path, failing] of [...this.paths]) {
      const now = moved(path, rename);
      if (now !== undefined) this.put(now, { ...failing, last: performance.now() });
    }
  }

  /** Each path, and what to call once it has been tried again: unless it has failed once more it is forgotten. */
  retry(): { path: string; whole: boolean; release: () => void }[] {
    const since = performance.now();
    return [...this.paths].map(([path, { whole }]) => ({
      path,
      whole: whole !== undefined,
      release: () => {
        const known = this.paths.get(path);
        if (!known) return;
        if (known.last < since) this.paths.delete(path);
        else if (known.whole !== undefined && known.whole < since) known.whole = undefined;
      },
    }));
  }

  private put(path: string, known: Known): void {
    if (this.paths.size >= MOST && !this.paths.has(path)) {
      this.overflowed = true;
      this.overflows++;
    } else this.paths.set(path, known);
  }
}
