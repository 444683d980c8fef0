import { setImmediate } from "node:timers/promises";

/** Thrown at a breath, once the work is not wanted any more. */
export class Interrupted extends Error {}

/** Lets the event loop in between pieces of long synchronous work, so that health is answered meanwhile. */
export class Breath {
  private since = performance.now();
  private over = false;

  /** @param slice milliseconds of work from one breath to the next */
  constructor(private readonly slice = 10) {}

  /** Whether it is time to `take` one. */
  get due(): boolean {
    return performance.now() - this.since > this.slice;
  }

  /** @throws Interrupted after `end` */
  async take(): Promise<void> {
    await setImmediate();
    if (this.over) throw new Interrupted();
    this.since = performance.now();
  }

  end(): void {
    this.over = true;
  }
}
