import { setTimeout as sleep } from "node:timers/promises";
import { seconds } from "./clock";

/**
 * Asks four times a second until there is an answer.
 *
 * @param limit seconds
 * @throws Error with `what` when they are over
 */
export async function until<T>(
  what: string,
  limit: number,
  probe: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const deadline = seconds() + limit;
  for (;;) {
    const result = await probe();
    if (result) return result;
    if (seconds() > deadline) throw new Error(`timed out after ${limit} s: ${what}`);
    await sleep(250);
  }
}
