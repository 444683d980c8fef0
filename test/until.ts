import assert from "node:assert/strict";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";

/** Resolves once `check` holds, and what processes had printed by then has been read. */
export async function until(what: string, check: () => boolean, seconds = 20): Promise<void> {
  for (const end = performance.now() + 1000 * seconds; !check();) {
    assert.ok(performance.now() < end, `not within ${seconds} s: ${what}`);
    await sleep(5);
  }
  await sleep(1);
  await setImmediate(); // after the timers Node.js reads its pipes, and then comes this
}
