import type { Change } from "./change";

/** Changes that wait to be written, each once, except that none moves across a rename. */
export class Pending {
  private changes: Change[] = [];
  private readonly known = new Set<string>();

  get size(): number {
    return this.changes.length;
  }

  add(change: Change): void {
    if (change.kind === "rename") {
      this.known.clear();
    } else {
      const key = `${change.kind} ${change.path}`;
      if (this.known.has(key)) return;
      this.known.add(key);
    }
    this.changes.push(change);
  }

  take(): Change[] {
    const changes = this.changes;
    this.changes = [];
    this.known.clear();
    return changes;
  }
}
