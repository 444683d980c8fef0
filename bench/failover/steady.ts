import { setTimeout as sleep } from "node:timers/promises";

/** Seconds that a pair has to become redundant: a blank disk is copied first. */
const REDUNDANT_LIMIT = 300;
/** Seconds for which it must be: what has just come together may have a passing finding, or fail back. */
const STEADY = 20;

/**
 * Waits until a pair has been redundant for a while.
 *
 * @param complaint why it is not; null when it is
 * @throws Error when it does not become so
 */
export async function steady(complaint: () => Promise<string | null>): Promise<void> {
  const begun = Date.now();
  let since = Infinity;
  for (;;) {
    const why = await complaint();
    since = why === null ? Math.min(since, Date.now()) : Infinity;
    if (Date.now() - since >= STEADY * 1000) return;
    if (Date.now() - begun > REDUNDANT_LIMIT * 1000)
      throw new Error(`not redundant for ${STEADY} s within ${REDUNDANT_LIMIT} s:\n${why}`);
    await sleep(2000);
  }
}
