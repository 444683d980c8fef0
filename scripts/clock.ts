import type { NodeOutput } from "../components/nfsCluster";
import { onNode } from "./remote";

/** Seconds since 1970 on this machine's clock. */
export function seconds(): number {
  return Date.now() / 1000;
}

/** How far a node's clock is ahead of ours, seconds, to about half a round trip: the best of five. */
export async function clockOffset(node: NodeOutput): Promise<number> {
  let best = { trip: Infinity, offset: 0 };
  for (let i = 0; i < 5; i++) {
    const sent = seconds();
    const theirs = Number(await onNode(node, "date +%s.%N"));
    const trip = seconds() - sent;
    if (trip < best.trip) {
      best = { trip, offset: theirs - (sent + trip / 2) };
    }
  }
  return best.offset;
}
