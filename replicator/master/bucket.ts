import { setTimeout } from "node:timers/promises";

/** What may be saved up, milliseconds. */
const BURST = 100;

/** Holds bytes up to a rate. */
export class Bucket {
  private due = 0;

  /** @param rate bytes a second; 0: no limit */
  constructor(public rate: number) {}

  /** Resolves once these bytes may go. */
  async take(bytes: number): Promise<void> {
    if (this.rate === 0) return;
    const now = performance.now();
    this.due = Math.max(this.due, now - BURST) + (bytes / this.rate) * 1000;
    if (this.due > now) await setTimeout(this.due - now, undefined, { ref: false });
  }
}
