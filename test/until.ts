import assert from "node:assert/strict";

/** Resolves once `check` holds. */
export async function until(what: string, check: () => boolean, seconds = 20): Promise<void> {
  for (const end = performance.now() + 1000 * seconds; !check();) {
    assert.ok(performance.now() < end, `not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}
