import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster } from "../cluster";
import type { Disk } from "../disk";
import { QueueStore } from "../queueStore";
import { randomly } from "../random";
import { act, isEvent, type Operation, operationsOf, withChains } from "./operations";

/** Seconds in which slaves have to have everything. */
const SETTLE = 30;
const STEPS = 120;

/** What a run has come to. */
export interface Outcome {
  /** Operations that were possible, and how long they and what follows took; milliseconds. */
  done: number;
  milliseconds: number;
  /** What went wrong; undefined: nothing. */
  failure?: string;
}

/** The operations of a seed. */
export function operationsOfSeed(seed: number, steps = STEPS): Operation[] {
  return operationsOf(randomly(seed), steps);
}

/** The same with chains of renames. */
export function chainsOfSeed(seed: number, steps: number): Operation[] {
  return withChains(operationsOfSeed(seed, steps), randomly(~seed));
}

/**
 * Does the operations on a volume of which the real `watch` tells, with two slaves, and compares.
 *
 * @param disk that the volume lies on
 */
export async function run(disk: Disk, operations: readonly Operation[]): Promise<Outcome> {
  const start = performance.now();
  const fuzz = new Run(disk);
  const rejected = (reason: unknown) => fuzz.rejections.push(String(reason));
  process.on("unhandledRejection", rejected);
  let failure: string | undefined;
  try {
    await fuzz.go(operations);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    await fuzz.end().catch((error: unknown) => (failure ??= String(error)));
    process.off("unhandledRejection", rejected);
  }
  return {
    done: fuzz.done,
    milliseconds: performance.now() - start,
    ...(failure === undefined ? {} : { failure }),
  };
}

class Run {
  done = 0;
  readonly rejections: string[] = [];
  private readonly cluster: Cluster;
  private readonly queue = new QueueStore();
  /** Made to have `watch` lose what comes next, as by an overflow. */
  private readonly lose: string;
  private deep = false;

  constructor(disk: Disk) {
    this.cluster = new Cluster(["data"], ["s1", "s2"], disk.directory);
    this.lose = join(this.cluster.directory, "lose");
    this.cluster.config.watch = this.queue.losing(this.lose);
    this.cluster.config.coalesceMs = 10;
  }

  async go(operations: readonly Operation[]): Promise<void> {
    await this.start();
    const left = [...operations];
    for (let operation = left.shift(); operation; operation = left.shift()) {
      if (operation.pause > 0) await sleep(operation.pause);
      if (operation.kind === "hold") this.hold(left.splice(0, operation.n));
      else if (isEvent(operation.kind)) await this.happen(operation);
      else this.act(operation);
    }
    await this.settle();
  }

  async end(): Promise<void> {
    await this.cluster.stop();
    this.queue.remove();
    await this.cluster.remove();
  }

  private act(operation: Operation): void {
    if (!act(this.cluster.volume.root, operation)) return;
    this.done++;
    this.deep ||= operation.kind === "deep";
  }

  /** `watch` takes nothing from its queue meanwhile. */
  private hold(operations: readonly Operation[]): void {
    this.queue.stopped(() => operations.forEach((operation) => this.act(operation)));
  }

  private start(): Promise<unknown> {
    return this.cluster.start({ beaconMs: 40 });
  }

  private async happen({ kind, n }: Operation): Promise<void> {
    const { cluster, queue } = this;
    const slave = cluster.slave(n % 2 ? "s1" : "s2");
    if (kind === "cut") slave.cut();
    if (kind === "receiver") await slave.restart();
    if (kind === "overflow") writeFileSync(this.lose, "");
    if (kind === "settle") await this.settle();
    if (kind !== "restart" && kind !== "restartEmpty") return;
    await cluster.stop();
    if (kind === "restartEmpty") queue.drop();
    await this.start();
  }

  private async settle(): Promise<void> {
    const { cluster } = this;
    await cluster.settled(undefined, SETTLE);
    assert.deepEqual(this.rejections, [], "unhandled rejections");
    cluster.assertEqual();
    if (this.deep) return; // of a path that is too long the slaves tell
    for (const [name, { failures }] of Object.entries(cluster.daemon.status.slaves)) {
      assert.equal(failures, undefined, `${name} fails: ${JSON.stringify(failures)}`);
    }
  }
}
