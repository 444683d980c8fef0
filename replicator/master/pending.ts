import type { Change } from "./change";

const MOST = 50_000;
/** How long changes gather while nobody could take them, milliseconds. */
const LONGEST = 1000;

export interface PendingOptions {
  /** How long changes gather, milliseconds. */
  coalesceMs: number;
  /** Whether nobody could take them yet: then they gather for longer, up to a second. */
  busy: () => boolean;
  /** They have gathered. */
  ripe: () => void;
}

/** Changes that wait to be written, each once, except that none moves across a rename. */
export class Pending {
  private changes: Change[] = [];
  private readonly known = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: PendingOptions) {}

  get size(): number {
    return this.changes.length;
  }

  /** Whether no more should be added. */
  get full(): boolean {
    return this.size > MOST;
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

  /** Lets them gather. The longer, the more of them are one: a file is made, filled and closed. */
  gather(): void {
    if (this.timer) return;
    const { coalesceMs, busy, ripe } = this.options;
    const latest = performance.now() + LONGEST - coalesceMs;
    const look = () => {
      const wait = !this.full && performance.now() < latest && busy();
      this.timer = wait ? setTimeout(look, coalesceMs) : undefined;
      if (!wait) ripe();
    };
    this.timer = setTimeout(look, coalesceMs);
  }

  take(): Change[] {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changes = this.changes;
    this.changes = [];
    this.known.clear();
    return changes;
  }
}
