import type { NodeOutput, ShareOutput } from "../components/nfsCluster";
import { startNode } from "../lab/vm";
import { stackOutputs } from "../toolchain/stack";
import { clockOffset } from "./clock";
import { type NodeEvent, parseEvents } from "./drillReport";
import { Health } from "./judge";
import { type Nodes, ofRole, volumeOf } from "./nodes";
import { onNode } from "./remote";
import { status } from "./status";
import { until } from "./until";

/** Who serves on a pair either of whose masters could be lost now; else why that is not so. */
export type Condition = { active: string } | { active: null; why: string };

/** Two masters and a client of the lab, as a drill sees them: ours, or another's. */
export interface Pair {
  /** Of the lab. */
  readonly stack: string;
  readonly client: NodeOutput;
  readonly masters: Nodes;
  /** What the client may mount. */
  readonly shares: Readonly<Record<string, ShareOutput>>;
  condition(): Promise<Condition>;
  /** Moves the service by plan. Ends once the old master has given it up, or later. */
  handOver(from: string, to: string): Promise<unknown>;
  /** Starts a master whose power was cut. */
  bringBack(master: string): Promise<void>;
  /**
   * What the masters tell of a move since then (seconds since 1970 on our clock), as `phasesOf` reads it.
   *
   * @param from the old master; null when it is off
   */
  account(from: string | null, to: string, since: number): Promise<NodeEvent[]>;
}

/** Seconds in which the new master must have told that it has started the service, which then answers already. */
const ACCOUNT_LIMIT = 180;

/**
 * The pair of a stack of ours.
 *
 * @throws Error when the stack has no client
 */
export function pairOf(stack: string): Pair {
  const { shares, nodes } = stackOutputs(stack) as {
    shares: Record<string, ShareOutput>;
    nodes: Nodes;
  };
  const [client] = ofRole(nodes, "client").map(([, node]) => node);
  if (!client) throw new Error("a drill needs a client among the stack's nodes: it runs in the lab");
  const masters = Object.fromEntries(ofRole(nodes, "master"));
  const node = (name: string) => masters[name] as NodeOutput;
  return {
    ...{ stack, client, masters, shares },
    condition: async () => {
      const { health, active, findings } = await status(nodes);
      return health === Health.Redundant && active !== null
        ? { active }
        : { active: null, why: `${health}. ${findings.join(" ")}` };
    },
    handOver: (from) => onNode(node(from), `/usr/local/lib/ha-nfs/give ${volumeOf(node(from))}`, 70_000),
    bringBack: (master) => startNode(stack, master),
    account: async (from, to, since) => {
      const taken = await until(`${to} has started the service`, ACCOUNT_LIMIT, async () => {
        const events = await eventsOf(to, node(to), since);
        return events.some(({ what }) => what.endsWith("start end")) ? events : undefined;
      });
      return from === null ? taken : [...taken, ...(await eventsOf(from, node(from), since))];
    },
  };
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
