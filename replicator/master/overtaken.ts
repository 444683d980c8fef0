import { moved, parentOf } from "../paths";
import type { Rename } from "./plan";

interface Told {
  /** Ends of renames, by the directories that they are in, on all levels. */
  ends: Map<string, string[]>;
  /** See `Overtaken.missed`. */
  missed: Set<string>;
}

const nothing = (): Told => ({ ends: new Map(), missed: new Set() });

/**
 * What was told while a rename waited that had happened already. What happens in a directory is told with the path that it
 * has by then: on the slaves another directory may still be there.
 */
export class Overtaken {
  /** Since the last `told`, and since the one before. */
  private recent = nothing();
  private before = nothing();

  /** The paths whose state has to be told after this rename: one of before may have been done in the wrong directory. */
  paths(rename: Rename): string[] {
    const { from, to } = rename;
    const left = this.below(from).map((end) => moved(end, rename) ?? end);
    const paths = new Set([...left, ...this.below(to)]);
    for (const end of [from, to]) this.note(end);
    return [...paths];
  }

  /** There is nothing where something has come or gone: it may have moved on. */
  missed(path: string): void {
    this.recent.missed.add(path);
  }

  isMissed(path: string): boolean {
    return this.recent.missed.has(path) || this.before.missed.has(path);
  }

  /** All that waited at the last call has been told. */
  told(): void {
    this.before = this.recent;
    this.recent = nothing();
  }

  private below(directory: string): string[] {
    return [this.before, this.recent].flatMap(({ ends }) => ends.get(directory) ?? []);
  }

  private note(end: string): void {
    for (let at = parentOf(end); at !== ""; at = parentOf(at)) {
      const { ends } = this.recent;
      const known = ends.get(at);
      if (known) known.push(end);
      else ends.set(at, [end]);
    }
  }
}
