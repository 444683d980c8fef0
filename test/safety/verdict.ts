import assert from "node:assert/strict";
import type { Verdict } from "./pair";

/** Exit codes of the handler, see rules.py. */
export const NO_PROOF = 1;
export const PEER_INCONSISTENT = 3;
export const PEER_OUTDATED = 4;
export const SELF_OUTDATED = 6;
export const PEER_OFF = 7;

/** That the handler has ended with `code`, and has done what is named and no more. */
export function assertEnd(
  verdict: Verdict,
  code: number,
  does: { shot?: boolean; deposed?: boolean } = {},
): void {
  const { shot = false, deposed = false } = does;
  const found = { code: verdict.code, shot: verdict.shot, deposed: verdict.deposed };
  assert.deepEqual(found, { code, shot, deposed }, `${verdict.log}\n${verdict.stderr}`);
}
