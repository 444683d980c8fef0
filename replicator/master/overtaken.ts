import { moved, parentOf } from "../paths";
import type { Rename } from "./plan";

/** Ends of renames, by the directories that they are in, on all levels. */
type Ends = Map<string, string[]>;

/**
 * What was told while a rename waited that had happened already. What happens in a directory is told with the path that it
 * has by then: on the slaves another directory may still be there.
 */
export class Overtaken {
  /** Since the last `told`, and since the one before. */
  private recent: Ends = new Map();
  private before: Ends = new Map();

  /** The paths whose state has to be told after this rename: one of before may have been done in the wrong directory. */
  paths(rename: Rename): string[] {
    const { from, to } = rename;
    const left = this.below(from).map((end) => moved(end, rename) ?? end);
    const paths = new Set([...left, ...this.below(to)]);
    for (const end of [from, to]) this.note(end);
    return [...paths];
  }

  /** All that waited at the last call has been told. */
  told(): void {
    this.before = this.recent;
    this.recent = new Map();
  }

  private below(directory: string): string[] {
    return [this.before, this.recent].flatMap((ends) => ends.get(directory) ?? []);
  }

  private note(end: string): void {
    for (let at = parentOf(end); at !== ""; at = parentOf(at)) {
      const known = this.recent.get(at);
      if (known) known.push(end);
      else this.recent.set(at, [end]);
    }
  }
}
