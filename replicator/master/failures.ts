import { shown } from "../protocol";
import { moved } from "../paths";
import type { Rename } from "./plan";

const MOST = 1000;

/** What `Failures` is kept as. */
export interface KeptFailures {
  paths: string[];
  overflowed: boolean;
}

/** The paths that could not be brought up to date on a slave, to be tried again. */
export class Failures {
  /** How many there have been. */
  count = 0;
  /** There have been too many to remember: only comparing everything finds them. */
  overflowed: boolean;
  /** When each last failed. */
  private readonly paths: Map<string, number>;

  /** @param told takes a line for people */
  constructor(
    private readonly told: (message: string) => void,
    { paths, overflowed }: KeptFailures = { paths: [], overflowed: false },
  ) {
    this.paths = new Map(paths.map((path) => [path, 0]));
    this.overflowed = overflowed;
  }

  get kept(): KeptFailures {
    return { paths: [...this.paths.keys()], overflowed: this.overflowed };
  }

  add(path: string, message: string): void {
    this.count++;
    this.told(`${shown(path)}: ${message}`);
    this.put(path);
  }

  /** What was under the old name is under the new one, and as it should not be. */
  move(rename: Rename): void {
    for (const path of [...this.paths.keys()]) {
      const now = moved(path, rename);
      if (now !== undefined) this.put(now);
    }
  }

  /** Each path, and what to call once it has been tried again: unless it has failed once more it is forgotten. */
  retry(): { path: string; release: () => void }[] {
    const since = performance.now();
    return [...this.paths.keys()].map((path) => ({
      path,
      release: () => {
        if ((this.paths.get(path) ?? since) < since) this.paths.delete(path);
      },
    }));
  }

  private put(path: string): void {
    if (this.paths.size < MOST || this.paths.has(path)) this.paths.set(path, performance.now());
    else this.overflowed = true;
  }
}
