import { setTimeout as sleep } from "node:timers/promises";
import type { NodeOutput, ShareOutput } from "../components/nfsCluster";
import { quote } from "../components/render/shell";
import { killNode, startNode } from "../lab/vm";
import { stackOutputs } from "../toolchain/stack";
import { clockOffset, seconds } from "./clock";
import {
  type DrillReport,
  drillText,
  longestGap,
  missingRecords,
  type NodeEvent,
  parseEvents,
} from "./drillReport";
import { Health } from "./judge";
import { stackName, volumeOf } from "./nodes";
import { onNode } from "./remote";
import { status } from "./status";
import { Writer } from "./writer";

interface Outputs {
  shares: Record<string, ShareOutput>;
  nodes: Record<string, NodeOutput>;
}

const INTERVAL_MS = 20;
const RECOVERY_LIMIT_S = 180;
const REDUNDANT_LIMIT_S = 300;
const AFTERWARDS_S = 3;

/** What each drill does to the active master. */
const drills: Record<string, (stack: string, active: string, node: NodeOutput) => Promise<unknown>> = {
  "kill-active": (stack, active) => killNode(stack, active),
  switchover: (_stack, _active, node) => onNode(node, `/usr/local/lib/ha-nfs/give ${volumeOf(node)}`),
};

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

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

async function drill(name: string, stack: string): Promise<DrillReport> {
  const { shares, nodes } = stackOutputs(stack) as unknown as Outputs;
  const inject = drills[name];
  const client = Object.values(nodes).find((node) => node.role === "client");
  if (!inject || !client) {
    throw new Error("a drill needs a client among the stack's nodes: it runs in the lab");
  }
  const before = await status(nodes);
  const from = before.active;
  if (before.health !== Health.Redundant || from === null) {
    throw new Error(
      `the pair is ${before.health}: a drill would stop the service. ${before.findings.join(" ")}`,
    );
  }
  const to = Object.keys(before.masters).find((master) => master !== from) ?? from;
  const node = (master: string) => nodes[master] as NodeOutput;

  const writer = await Writer.start(client, shares, INTERVAL_MS, await clockOffset(client));
  try {
    say(`${from} is active; the client writes a record to ${writer.share} every ${INTERVAL_MS} ms`);
    await until("the client's first 100 acknowledgements", 60, () => writer.acks().length >= 100);
    const injected = seconds();
    say(`${name} now`);
    await inject(stack, from, node(from));
    const events = await until(`${to} serves`, RECOVERY_LIMIT_S, async () => {
      const account = await eventsOf(to, node(to), injected);
      return account.some(({ what }) => what.endsWith("start end")) ? account : undefined;
    });
    const serves = Math.max(...events.map(({ at }) => at));
    const first = await until(`an acknowledgement by ${to}`, RECOVERY_LIMIT_S, () =>
      writer.acks().find((ack) => ack.acknowledged > serves),
    );
    await until("the writing goes on", RECOVERY_LIMIT_S, () =>
      writer.acks().some((ack) => ack.acknowledged > first.acknowledged + AFTERWARDS_S),
    );
    await writer.stop();
    const acks = writer.acks();
    const written = await onNode(node(to), `cat ${quote(writer.path)}`, 60_000);
    const others = name === "kill-active" ? [] : await eventsOf(from, node(from), injected);
    const timeline = [...events, ...others, { at: first.acknowledged, what: "first acknowledgement" }]
      .sort((a, b) => a.at - b.at)
      .map(({ at, what }) => ({ seconds: at - injected, what }));
    if (name === "kill-active") {
      say(`starting ${from} again`);
      await startNode(stack, from);
    }
    await until("the pair is redundant again", REDUNDANT_LIMIT_S, async () => {
      return (await status(nodes)).health === Health.Redundant;
    });
    return {
      drill: name,
      from,
      to,
      stallSeconds: longestGap(acks).seconds,
      timeline,
      acknowledged: acks.length,
      missing: missingRecords(acks, written),
      redundantAfterSeconds: seconds() - injected,
    };
  } finally {
    await writer.clean().catch((error: Error) => say(`could not clean up on the client: ${error.message}`));
  }
}

async function main(): Promise<void> {
  const name = process.argv[2] ?? "";
  if (!(name in drills)) {
    say(`usage: npm run drill -- ${Object.keys(drills).join("|")} [--json]; found: ${name || "nothing"}`);
    process.exitCode = 2;
    return;
  }
  try {
    const report = await drill(name, stackName());
    process.stdout.write(
      process.argv.includes("--json") ? `${JSON.stringify(report, null, 2)}\n` : drillText(report),
    );
    process.exitCode = report.missing.length === 0 ? 0 : 1;
  } catch (error) {
    say(`error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

void main();
