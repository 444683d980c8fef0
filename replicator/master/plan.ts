import { STREAMED_FILE, type Volume } from "./volume";
import type { Change } from "./change";
import { moved, parentOf, treeOf } from "../paths";
import type { Reads } from "./reads";

export interface Rename {
  from: string;
  to: string;
}

/** A directory that is to be compared; `deep`: with all below it. */
export interface Job {
  path: string;
  deep: boolean;
  /** What is in it is told otherwise: only what has come or gone unseen. */
  names?: true;
  /** With `names`: takes away what the slave has too much, if `deep` on all levels, and sends nothing that it has not. */
  tidy?: true;
  /** Of files that have changed since then, seconds since 1970, the content is compared too. */
  since?: number | undefined;
}

/** The paths, and where each of the renames that moves one has it. */
export function whereabouts(paths: readonly string[], renames: readonly Rename[]): string[] {
  const all = new Set(paths);
  for (const rename of renames) {
    for (const path of [...all]) all.add(moved(path, rename) ?? path);
  }
  return [...all];
}

/**
 * What some records of the journal come to: the renames, in their order; then the state that paths have now; then
 * comparisons. A path that is recorded before a rename which moves it is looked at where it is afterwards.
 *
 * A rename becomes two states when the slave may not have the very thing that was renamed.
 */
export class Plan {
  readonly renames: Rename[] = [];
  readonly updates = new Set<string>();
  private readonly compared = new Map<string, Omit<Job, "path">>();
  /** Paths whose renames have become states: the slave may have something else there until the updates. */
  private unsure: string[] = [];

  /**
   * @param since everything in the records has happened after this time; see `Reads`
   * @param plain every rename becomes states
   */
  constructor(
    private readonly volume: Volume,
    private readonly reads: Reads,
    private readonly trees: ReadonlySet<string>,
    private readonly since: number,
    private readonly plain: boolean,
  ) {}

  get jobs(): Job[] {
    return [...this.compared].map(([path, how]) => ({ path, ...how }));
  }

  add(change: Change): void {
    switch (change.kind) {
      case "update":
        if (this.covers(change.path)) this.updates.add(change.path);
        return;
      case "list":
        if (this.covers(change.path)) this.compare(change.path, { deep: false, names: true });
        return;
      case "tree":
        if (this.covers(change.path)) this.compare(change.path, { deep: true, since: change.since });
        return;
      case "rename":
        if (this.covers(change.from) && this.covers(change.to)) return this.rename(change);
        for (const path of [change.from, change.to]) if (this.covers(path)) this.whole(path);
    }
  }

  private covers(path: string): boolean {
    return this.trees.has(treeOf(path));
  }

  private compare(path: string, how: Omit<Job, "path">): void {
    const all = [how, this.compared.get(path) ?? how];
    const since = Math.min(...all.map((one) => one.since ?? Infinity));
    this.compared.set(path, {
      deep: all.some(({ deep }) => deep),
      ...(all.every(({ names }) => names) ? { names: true } : {}),
      ...(since === Infinity ? {} : { since }),
    });
  }

  /** All that is at the path, whatever the slave has there. */
  private whole(path: string): void {
    if (this.volume.isDirectory(path)) this.compare(path, { deep: true });
    else this.updates.add(path);
  }

  private rename(rename: Rename): void {
    const { from, to } = rename;
    const stats = this.volume.status(to);
    const read = this.plain ? undefined : this.reads.of(from, this.since);
    const unsure = this.unsure.some(
      (path) => path === from || moved(from, { from: path, to: "" }) !== undefined,
    );
    // Usual: a file is written under a passing name and renamed. Its content has to be sent anyway.
    const fresh = stats?.isDirectory() === false && stats.size <= STREAMED_FILE && this.updates.has(from);
    if (read === undefined || read.includes(from) || unsure || fresh) {
      this.whole(from);
      this.whole(to);
      this.unsure.push(from, to);
      return;
    }
    for (const path of [...this.updates]) {
      const now = moved(path, rename);
      if (now === undefined) continue;
      // What has come there since may have been told with what was there before.
      if (!this.volume.status(path)) this.updates.delete(path);
      this.updates.add(now);
    }
    for (const [path, how] of [...this.compared]) {
      const now = moved(path, rename);
      if (now !== undefined && this.compared.delete(path)) this.compare(now, how);
    }
    this.unsure = this.unsure.map((path) => moved(path, rename) ?? path);
    this.renames.push({ from, to });
    if (stats?.isDirectory()) this.updates.add(to);
    for (const path of read) this.compare(parentOf(moved(path, rename) ?? path), { deep: false });
  }
}
