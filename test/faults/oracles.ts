import { type Ack, longestGap } from "../../scripts/drillReport";
import type { Frame, Hold, Sample, Span } from "./samples";

/** Between two samples of one boot: the probe's 50 ms, and what a busy node takes more. Longer is a node that stood still. */
const GAP = 0.3;
/**
 * How exactly two nodes' times compare, seconds. Measured: the clocks of four guests differ by less than 1 ms, and the
 * quickest of 100 lines of each needs 0.8 to 1.7 ms to come here. See `parseProbe`.
 */
const CLOCKS = 0.005;
/** From an acknowledgement's leaving the server until the writer has noted it, and one sample, seconds. */
const UNDER_WAY = 0.15;
/** Who has acknowledged something in the last seconds is in service. */
const ALIVE = 3;

/** Whether a master serves: all that it takes, so that a takeover counts from its last step. */
export const serves = (s: Sample) => s.address && s.threads > 0 && takesWrites(s);
/** Whether its DRBD takes writes. */
export const takesWrites = (s: Sample) => s.role === "Primary" && !s.frozen;
/** Whether a master would serve, but its DRBD is frozen. */
const isFrozen = (s: Sample) => s.role === "Primary" && s.frozen;

/** The times in which something held for sure: from a sample to the next one of the same boot, when it held at both. */
export function spans(samples: readonly Sample[], holds: (sample: Sample) => boolean): Span[] {
  const found: Span[] = [];
  samples.forEach((sample, i) => {
    const before = samples[i - 1];
    if (!before || before.boot !== sample.boot || sample.at - before.at > GAP) return;
    if (!holds(before) || !holds(sample)) return;
    const last = found.at(-1);
    if (last && last.to === before.at) last.to = sample.at;
    else found.push({ from: before.at, to: sample.at });
  });
  return found;
}

/** Seconds in which spans of both lists hold, each overlap shorter by what the clocks may differ. */
function overlap(some: readonly Span[], others: readonly Span[]): number {
  return some
    .flatMap((one) => others.map((other) => Math.min(one.to, other.to) - Math.max(one.from, other.from)))
    .reduce((sum, common) => sum + Math.max(0, common - CLOCKS), 0);
}

/** O2, from inside: seconds in which something held on both masters. */
export function both(masters: readonly (readonly Sample[])[], holds: (sample: Sample) => boolean): number {
  const [one = [], other = []] = masters.map((samples) => spans(samples, holds));
  return overlap(one, other);
}

/** When each tenure of a master began: its address came, or was there when its boot was first seen. */
function tenures(samples: readonly Sample[]): number[] {
  return samples
    .filter((sample, i) => {
      const before = samples[i - 1];
      return sample.address && !(before?.boot === sample.boot && before.address);
    })
    .map(({ at }) => at);
}

/** Seconds in which a kernel answers what it had read before it was paused. */
const IN_HAND = 0.1;

/**
 * O2, from outside: the replies of a master after the other one had replied within its tenure. One that hands the
 * address over and gets it back has a new tenure; one that was paused meanwhile, or that nobody could reach, has not.
 * Frames without payload are left out: a kernel resets or acknowledges for a connection that it no longer serves. So is
 * what was sent before, and what a master that was paused had in hand: it goes out in the first moment after, on a
 * connection that no client has any more.
 */
export function lateReplies(
  frames: readonly Frame[],
  masters: Readonly<Record<string, readonly Sample[]>>,
): Frame[] {
  const begun = Object.fromEntries(Object.entries(masters).map(([node, s]) => [node, tenures(s)]));
  const last: Record<string, number> = {};
  const sent = new Set<string>();
  const resumed: Record<string, number> = {};
  return frames
    .filter(({ payload }) => payload > 0)
    .filter(({ node, place }) => !sent.has(`${node} ${place}`) && sent.add(`${node} ${place}`))
    .filter(({ at, node }) => {
      // the address is announced between two samples, so the tenure may be seen a little late
      const since = Math.max(-Infinity, ...(begun[node] ?? []).filter((start) => start <= at + GAP));
      const isLate = Object.entries(last).some(([other, replied]) => other !== node && replied > since + GAP);
      if (isLate && at - (resumed[node] ??= at) < IN_HAND) return false;
      last[node] = at;
      return isLate;
    });
}

/**
 * O3: the acknowledgements that came while some master was frozen and none could give them; and those that came in times
 * in which there must be none.
 */
export function wrongAcks(
  acks: readonly Ack[],
  masters: readonly (readonly Sample[])[],
  forbidden: readonly Span[],
): Ack[] {
  const frozen = masters.flatMap((samples) => spans(samples, isFrozen));
  const able = masters.map((samples) => samples.filter(serves).map(({ at }) => at)).flat();
  const within = (at: number, span: Span) => at > span.from && at < span.to;
  return acks.filter(({ acknowledged: at }) => {
    const nobody = !able.some((moment) => moment > at - UNDER_WAY && moment < at + UNDER_WAY);
    return forbidden.some((span) => within(at, span)) || (nobody && frozen.some((span) => within(at, span)));
  });
}

/** O4: times that a client had the lock while the other one had it, or that a number under it was written twice. */
export function lockFaults(holds: readonly Hold[]): Hold[] {
  const inOrder = [...holds].sort((a, b) => a.taken - b.taken);
  return inOrder.filter((hold, i) =>
    inOrder
      .slice(0, i)
      .some(
        (before) =>
          (before.client !== hold.client && before.released > hold.taken + CLOCKS) ||
          before.number >= hold.number,
      ),
  );
}

/**
 * The longest time between two acknowledgements from a little before the fault until `end`, seconds. Null: at the end there
 * was no service.
 */
export function stall(acks: readonly Ack[], fault: number, end: number): number | null {
  const near = acks.filter(({ acknowledged: at }) => at > fault - 2 && at <= end);
  const last = near.at(-1);
  return !last || end - last.acknowledged > ALIVE ? null : longestGap(near).seconds;
}
