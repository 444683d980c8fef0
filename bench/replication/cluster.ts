import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeOutput, ShareOutput } from "../../components/nfsCluster";
import { Health } from "../../scripts/judge";
import { onNode, startOnNode } from "../../scripts/remote";
import { status } from "../../scripts/status";
import { stackOutputs } from "../../toolchain/stack";
import { UserError } from "../../toolchain/process";

export interface Machine {
  name: string;
  node: NodeOutput;
}

/** How far a machine's clock is ahead of ours, seconds, and by how much that may be wrong. */
export interface Clock {
  offset: number;
  error: number;
}

const PROBES = 15;

/** The nodes of a stack that is up. Whatever is done with them ends, with an Error, once `signal` is aborted. */
export class Cluster {
  readonly masters: readonly Machine[];
  readonly slaves: readonly Machine[];
  readonly client: Machine;
  readonly shares: Readonly<Record<string, ShareOutput>>;
  private readonly nodes: Readonly<Record<string, NodeOutput>>;
  private readonly aborted: Promise<never>;
  private serving: Machine | undefined;

  /**
   * @param most how many slaves to use
   * @throws UserError when the stack has no client or no slave
   */
  constructor(
    readonly stack: string,
    most: number,
    readonly signal: AbortSignal,
  ) {
    const outputs = stackOutputs(stack) as {
      nodes: Record<string, NodeOutput>;
      shares: Record<string, ShareOutput>;
    };
    const machines = Object.entries(outputs.nodes).map(([name, node]) => ({ name, node }));
    const role = (role: string) => machines.filter(({ node }) => node.role === role);
    const [client] = role("client");
    if (!client) throw new UserError(`the bench needs a client, and stack ${stack} has none`);
    this.client = client;
    this.masters = role("master");
    this.slaves = role("slave").slice(0, most);
    if (this.slaves.length === 0) throw new UserError(`the bench needs slaves, and stack ${stack} has none`);
    this.shares = outputs.shares;
    this.nodes = outputs.nodes;
    this.aborted = new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("interrupted"))),
    );
    this.aborted.catch(() => undefined);
  }

  /** The master that serves, as far as is known. */
  get active(): Machine {
    if (!this.serving) throw new Error("no master is known to serve");
    return this.serving;
  }

  set active(master: Machine) {
    this.serving = master;
  }

  get standby(): Machine {
    return this.masters.find((master) => master !== this.active) ?? this.active;
  }

  /** Asks the masters which of them serves; undefined unless the pair is redundant. */
  async findActive(): Promise<Machine | undefined> {
    const { health, active } = await this.or(status(this.nodes));
    if (health === Health.Redundant) this.serving = this.masters.find(({ name }) => name === active);
    return health === Health.Redundant ? this.serving : undefined;
  }

  /** Runs a command as root on a machine, and returns its stdout. `limit`: seconds. */
  async run({ name, node }: Machine, command: string, limit = 60, stdin = ""): Promise<string> {
    try {
      return await this.or(onNode(node, command, limit * 1000, stdin));
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`);
    }
  }

  /** Runs the same command on several machines at once. */
  all(machines: readonly Machine[], command: string, limit?: number): Promise<string[]> {
    return Promise.all(machines.map((machine) => this.run(machine, command, limit)));
  }

  /** Asks again and again; `undefined` once `limit` seconds are over. */
  async until<T>(limit: number, probe: () => Promise<T | undefined>, pause = 1): Promise<T | undefined> {
    for (const deadline = Date.now() + limit * 1000; ;) {
      const result = await probe();
      if (result !== undefined || Date.now() > deadline) return result;
      await sleep(pause * 1000, undefined, { signal: this.signal });
    }
  }

  /** Starts a question that can be asked often: a login costs a small machine a good part of a second. */
  question(machine: Machine, command: string): Question {
    return new Question(machine.name, startOnNode(machine.node, eachLine(command)), (answer) =>
      this.or(answer),
    );
  }

  /** Compares a machine's clock with ours over one connection: the round trip that was shortest tells. */
  async clock({ node }: Machine): Promise<Clock> {
    const child = startOnNode(node, `exec perl -MTime::HiRes=time -ne '$| = 1; printf "%.6f\\n", time'`);
    try {
      return await this.or(probe(child.stdin, child.stdout));
    } finally {
      child.kill();
    }
  }

  private or<T>(promise: Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    return Promise.race([promise, this.aborted]);
  }
}

/** Runs `command`, which prints one line, for every line of its stdin. */
const eachLine = (command: string) => `while read -r line; do echo "$(${command})"; done`;

/** A command on a machine that is run again and again over one connection. */
export class Question {
  private readonly answers: AsyncIterator<string>;

  constructor(
    private readonly machine: string,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly or: <T>(answer: Promise<T>) => Promise<T>,
  ) {
    child.stdin.on("error", () => undefined);
    child.stderr.resume();
    this.answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error when the connection is over, or the bench */
  async ask(): Promise<string> {
    this.child.stdin.write("\n");
    const answer = await this.or(this.answers.next());
    if (answer.done) throw new Error(`${this.machine}: does not answer any more`);
    return answer.value;
  }

  end(): void {
    this.child.kill();
  }
}

async function probe(stdin: NodeJS.WritableStream, stdout: NodeJS.ReadableStream): Promise<Clock> {
  let best: Clock = { offset: 0, error: Infinity };
  let sent = Date.now();
  let probes = 0;
  stdin.write("\n");
  for await (const answer of stdout) {
    const now = Date.now();
    const error = (now - sent) / 2000;
    if (error < best.error) best = { offset: Number(answer) - (sent + now) / 2000, error };
    if (++probes === PROBES) return best;
    sent = now;
    stdin.write("\n");
  }
  throw new Error("a node does not tell its time");
}
