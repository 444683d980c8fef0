import { setTimeout as sleep } from "node:timers/promises";
import type { NodeOutput, ShareOutput } from "../components/nfsCluster";
import { quote } from "../components/render/shell";
import { killNode, startNode } from "../lab/vm";
import { notice } from "../toolchain/process";
import { stackOutputs } from "../toolchain/stack";
import { clockOffset, seconds } from "./clock";
import type { DrillName } from "./drillOptions";
import { phasesOf } from "./drillPhases";
import { type Ack, type Drill, missingRecords, type NodeEvent, parseEvents, ticksOf } from "./drillReport";
import { Health } from "./judge";
import { type Nodes, volumeOf } from "./nodes";
import { onNode } from "./remote";
import { status } from "./status";
import { Writer } from "./writer";

interface Outputs {
  shares: Record<string, ShareOutput>;
  nodes: Nodes;
}

const RECORD_MS = 20;
const FRESH_MS = 100;
const RECOVERY_LIMIT_S = 180;
const REDUNDANT_LIMIT_S = 300;
const AFTERWARDS_S = 3;

/** What each drill does to the active master. */
const drills: Record<DrillName, (stack: string, active: string, node: NodeOutput) => Promise<unknown>> = {
  "kill-active": (stack, active) => killNode(stack, active),
  switchover: (_stack, _active, node) => onNode(node, `/usr/local/lib/ha-nfs/give ${volumeOf(node)}`, 70_000),
};

async function until<T>(what: string, limit: number, probe: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = seconds() + limit;
  for (;;) {
    const result = await probe();
    if (result) {
      return result;
    }
    if (seconds() > deadline) {
      throw new Error(`timed out after ${limit} s: ${what}`);
    }
    await sleep(250);
  }
}

/** A node's own account: what its cluster manager has decided, and the steps of the service. */
async function eventsOf(name: string, node: NodeOutput, since: number): Promise<NodeEvent[]> {
  const offset = await clockOffset(node);
  const verdict = `/usr/local/lib/ha-nfs/manager.py events ${Math.floor(since + offset)}`;
  const manager = await onNode(node, verdict);
  const service = await onNode(node, "cat /run/ha-nfs/events 2>/dev/null || :");
  return [
    ...parseEvents(manager, offset).map((e) => ({ ...e, what: `manager: ${e.what}` })),
    ...parseEvents(service, offset).map((e) => ({ ...e, what: `service: ${e.what}` })),
  ]
    .filter(({ at }) => at >= since)
    .map((e) => ({ ...e, what: `${name} ${e.what}` }));
}

/**
 * One exercise on a pair that is redundant, under load; leaves it redundant.
 *
 * @param patience seconds in which the pair must be redundant
 * @throws Error when it is not, or does not become so again
 */
export async function drillOnce(name: DrillName, stack: string, patience: number): Promise<Drill> {
  const { shares, nodes } = stackOutputs(stack) as unknown as Outputs;
  const client = Object.values(nodes).find((node) => node.role === "client");
  if (!client) {
    throw new Error("a drill needs a client among the stack's nodes: it runs in the lab");
  }
  const deadline = seconds() + patience;
  let before = await status(nodes);
  while (before.health !== Health.Redundant && seconds() < deadline) {
    await sleep(1000);
    before = await status(nodes);
  }
  const from = before.active;
  if (before.health !== Health.Redundant || from === null) {
    throw new Error(
      `the pair is ${before.health}: a drill would stop the service. ${before.findings.join(" ")}`,
    );
  }
  const to = Object.keys(before.masters).find((master) => master !== from) ?? from;
  const node = (master: string) => nodes[master] as NodeOutput;

  const writer = await Writer.start(client, shares, RECORD_MS, await clockOffset(client), FRESH_MS);
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
    await drills[name](stack, from, node(from));
    // the masters are not asked meanwhile: each question would cost the one that starts the service some of its time
    const done = seconds();
    await both(`${to} answers, and goes on`, RECOVERY_LIMIT_S, (acks) => {
      const answered = acks.find(({ begun }) => begun > done)?.acknowledged ?? Infinity;
      return (acks.at(-1)?.acknowledged ?? 0) > answered + AFTERWARDS_S;
    });
    await writer.stop();
    const acks = writer.acks();
    const written = await onNode(node(to), `cat ${quote(writer.path)}`, 60_000);
    const events = await until(`${to} has started the service`, RECOVERY_LIMIT_S, async () => {
      const account = await eventsOf(to, node(to), injected);
      return account.some(({ what }) => what.endsWith("start end")) ? account : undefined;
    });
    const others = name === "kill-active" ? [] : await eventsOf(from, node(from), injected);
    const served = events.find(({ what }) => what.endsWith("start vip"))?.at ?? injected;
    const firstOf = (those: Ack[]) => those.find(({ acknowledged }) => acknowledged > served)?.acknowledged;
    const first = firstOf(acks) ?? NaN;
    const timeline = [
      ...events,
      ...others,
      { at: first, what: "first acknowledgement" },
      { at: firstOf(opened()) ?? NaN, what: "first fresh open with a lock" },
    ]
      .sort((a, b) => a.at - b.at)
      .map(({ at, what }) => ({ seconds: at - injected, what }));
    if (name === "kill-active") {
      notice(`starting ${from} again`);
      await startNode(stack, from);
    }
    await until("the pair is redundant again", REDUNDANT_LIMIT_S, async () => {
      return (await status(nodes)).health === Health.Redundant;
    });
    const [ticks, fresh] = [ticksOf(acks, injected), ticksOf(opened(), injected)];
    const stall = ({ gap }: typeof ticks) => gap.end - gap.begin;
    return {
      report: {
        drill: name,
        from,
        to,
        stallSeconds: stall(ticks),
        fresh: { stallSeconds: stall(fresh), acknowledged: fresh.acknowledged.length },
        phases: phasesOf(timeline, to, first - injected),
        timeline,
        acknowledged: acks.length,
        missing: missingRecords(acks, written),
        redundantAfterSeconds: seconds() - injected,
      },
      writer: ticks,
      fresh,
    };
  } finally {
    await writer
      .clean()
      .catch((error: Error) => notice(`could not clean up on the client: ${error.message}`));
  }
}
