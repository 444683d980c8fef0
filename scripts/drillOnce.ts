import { setTimeout as sleep } from "node:timers/promises";
import type { NodeOutput } from "../components/nfsCluster";
import { quote } from "../components/render/shell";
import { killNode } from "../lab/vm";
import { notice } from "../toolchain/process";
import { clockOffset, seconds } from "./clock";
import type { DrillName } from "./drillOptions";
import { phasesOf } from "./drillPhases";
import { type Ack, type Drill, missingRecords, resumed, ticksOf } from "./drillReport";
import type { Pair } from "./pair";
import { onNode } from "./remote";
import { until } from "./until";
import { Writer } from "./writer";

const RECORD_MS = 20;
const FRESH_MS = 100;
/** Seconds in which the client must be answered again: without our means, grace alone can be 90 of them. */
const RECOVERY_LIMIT_S = 300;
const REDUNDANT_LIMIT_S = 300;
const AFTERWARDS_S = 3;

/** A drill after which the pair has not become redundant again. */
export class NotRedundantAgain extends Error {
  constructor(
    readonly drill: Drill,
    why: string,
  ) {
    super(`not redundant again within ${REDUNDANT_LIMIT_S} s: ${why}`);
  }
}

/** What each drill does to the active master. */
const drills: Record<DrillName, (pair: Pair, from: string, to: string) => Promise<unknown>> = {
  "kill-active": ({ stack }, from) => killNode(stack, from),
  switchover: (pair, from, to) => pair.handOver(from, to),
};

/** Who serves on the pair that is redundant within `patience` seconds. */
async function activeOf(pair: Pair, patience: number): Promise<string> {
  const deadline = seconds() + patience;
  for (;;) {
    const condition = await pair.condition();
    if (condition.active !== null) return condition.active;
    if (seconds() >= deadline)
      throw new Error(`the pair is ${condition.why} A drill would stop the service.`);
    await sleep(1000);
  }
}

/**
 * One exercise on a pair that is redundant, under load; leaves it redundant.
 *
 * @param patience seconds in which the pair must be redundant
 * @throws Error when it is not, or a NotRedundantAgain
 */
export async function drillOnce(name: DrillName, pair: Pair, patience: number): Promise<Drill> {
  const { client, masters } = pair;
  const from = await activeOf(pair, patience);
  const to = Object.keys(masters).find((master) => master !== from) ?? from;

  const writer = await Writer.start(client, pair.shares, RECORD_MS, await clockOffset(client), FRESH_MS);
  const opened = () => writer.fresh?.acks() ?? [];
  /** Waits for what is asked of both processes' acknowledgements. */
  const both = (what: string, limit: number, probe: (acks: Ack[]) => boolean) =>
    until(what, limit, () => probe(writer.acks()) && probe(opened()));
  try {
    notice(
      `${from} is active; the client writes a record to ${writer.share} every ${RECORD_MS} ms, and a new file every ${FRESH_MS} ms`,
    );
    await both("the client's first acknowledgements", 60, ({ length }) => length * FRESH_MS >= 2000);
    const injected = seconds();
    notice(`${name} now`);
    await drills[name](pair, from, to);
    // the masters are not asked meanwhile: each question would cost the one that starts the service some of its time
    const done = seconds();
    await both(`${to} answers, and goes on`, RECOVERY_LIMIT_S, (acks) => {
      const answered = acks.find(({ begun }) => begun > done)?.acknowledged ?? Infinity;
      return (acks.at(-1)?.acknowledged ?? 0) > answered + AFTERWARDS_S;
    });
    await writer.stop();
    const acks = writer.acks();
    const written = await onNode(masters[to] as NodeOutput, `cat ${quote(writer.path)}`, 60_000);
    const events = await pair.account(name === "kill-active" ? null : from, to, injected);
    const [ticks, fresh] = [ticksOf(acks, injected), ticksOf(opened(), injected)];
    const vip = events.find(({ what }) => what === `${to} service: start vip`)?.at;
    const served = vip === undefined ? undefined : vip - injected;
    const first = resumed(ticks, served);
    const timeline = [
      ...events.map(({ at, what }) => ({ seconds: at - injected, what })),
      { seconds: first, what: "first acknowledgement" },
      { seconds: resumed(fresh, served), what: "first fresh open with a lock" },
    ].sort((a, b) => a.seconds - b.seconds);
    if (name === "kill-active") {
      notice(`starting ${from} again`);
      await pair.bringBack(from);
    }
    const why = await activeOf(pair, REDUNDANT_LIMIT_S).then(
      () => null,
      (error: Error) => error.message,
    );
    const stall = ({ gap }: typeof ticks) => gap.end - gap.begin;
    const drill: Drill = {
      report: {
        drill: name,
        from,
        to,
        stallSeconds: stall(ticks),
        fresh: { stallSeconds: stall(fresh), acknowledged: fresh.acknowledged.length },
        phases: phasesOf(timeline, to, first),
        timeline,
        acknowledged: acks.length,
        missing: missingRecords(acks, written),
        redundantAfterSeconds: why === null ? seconds() - injected : null,
      },
      writer: ticks,
      fresh,
    };
    if (why !== null) throw new NotRedundantAgain(drill, why);
    return drill;
  } finally {
    await writer
      .clean()
      .catch((error: Error) => notice(`could not clean up on the client: ${error.message}`));
  }
}
