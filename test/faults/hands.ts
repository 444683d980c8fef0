import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { running } from "../../lab/machines/choice";
import { stackDir } from "../../lab/paths";
import { killNode, linkDown, linkUp, netem, pauseNode, resumeNode, startNode, stopNode } from "../../lab/vm";
import { seconds } from "../../scripts/clock";
import type { Ack } from "../../scripts/drillReport";
import { READER, type Settings } from "./configuration";
import type { Mode } from "./fault";
import type { Span } from "./samples";

/** What a person does with the stack. */
export interface Operator {
  /** Rotates the secrets, by an `up`. */
  rotate: () => Promise<void>;
  /**
   * An `up` with these settings, and what must be right after it: the next one would do nothing, and no node drifts.
   *
   * @throws Error with all that the verb printed
   */
  change: (settings: Settings) => Promise<void>;
  /** An `up` with these settings that leaves a host out. */
  changeWithout: (host: string, settings: Settings) => Promise<void>;
}

/** What the harness has to do with the stack while a fault runs. */
export interface Stage extends Operator {
  stack: string;
  mode: Mode;
  active: string;
  standby: string;
  acks: () => Ack[];
  on: (node: string, command: string) => Promise<string>;
  isRedundant: () => Promise<boolean>;
}

/** The words that faults are written in. Times are in seconds. */
export class Hands {
  /** Times in which nothing may be acknowledged. */
  readonly forbidden: Span[] = [];

  constructor(private readonly stage: Stage) {}

  /** The master that was active when the fault began, and the other one. */
  get active(): string {
    return this.stage.active;
  }
  get standby(): string {
    return this.stage.standby;
  }
  /** The second client, which is the witness too. */
  readonly witness = READER;

  wait = (time: number) => sleep(time * 1000);
  on = (node: string, command: string) => this.stage.on(node, command);

  cut = (node: string, ...roles: string[]) => this.cables(linkDown, node, roles);
  /** Plugs the cables in. A node that was shot meanwhile has them in at its next start. */
  join = async (node: string, ...roles: string[]) => {
    if (this.runs(node)) await this.cables(linkUp, node, roles);
  };
  netem = (node: string, role: string, words: string) => netem(this.stage.stack, node, role, words);

  pause = (node: string) => pauseNode(this.stage.stack, node);
  resume = (node: string) => this.runs(node) && resumeNode(this.stage.stack, node);
  /** Cuts the power. One that is off by now was shot. */
  kill = async (...nodes: string[]) => {
    await Promise.all(
      nodes.filter((node) => this.runs(node)).map((node) => killNode(this.stage.stack, node)),
    );
  };
  start = async (...nodes: string[]) => {
    await Promise.all(nodes.map((node) => startNode(this.stage.stack, node)));
  };
  /** Off by its own power button, and on again: with what its specification says now. */
  restart = async (node: string) => {
    await stopNode(this.stage.stack, node);
    await this.start(node);
  };
  panic = (node: string) => this.later(node, "echo c >/proc/sysrq-trigger");
  reboot = (node: string) => this.later(node, "systemctl reboot");
  rotateSecrets = () => this.stage.rotate();
  /** An `up` with other settings, which converges. */
  change = (settings: Settings) => this.stage.change(settings);
  changeWithout = (host: string, settings: Settings) => this.stage.changeWithout(host, settings);

  /** Spoils the fence device: `delay` with seconds, `broken` with refuses or hangs; nothing mends it. */
  device(file: "delay" | "broken", text = ""): void {
    const path = join(stackDir(this.stage.stack), `fence.${file}`);
    if (text) writeFileSync(path, `${text}\n`);
    else rmSync(path, { force: true });
  }

  /** Waits until a record that was begun after now is acknowledged, for `limit` at most; whether it was. */
  service = (limit: number) => {
    const since = seconds();
    return this.until(limit, () => this.stage.acks().some(({ begun }) => begun > since));
  };

  /** For so long nothing may be acknowledged, in the modes named, default all. Half a second is for what is under way. */
  async noService(time: number, ...only: Mode[]): Promise<void> {
    const from = seconds() + 0.5;
    await this.wait(time);
    if (only.length === 0 || only.includes(this.stage.mode)) this.forbidden.push({ from, to: seconds() });
  }

  get hasWitnessAlone(): boolean {
    return this.stage.mode === "witness";
  }

  redundant = (limit: number) => this.until(limit, this.stage.isRedundant);

  /** Waits until a command succeeds on a node. */
  succeeds = (node: string, command: string, limit: number) =>
    this.until(limit, () =>
      this.on(node, command).then(
        () => true,
        () => false,
      ),
    );

  private async until(limit: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    for (const end = seconds() + limit; seconds() < end; await this.wait(0.2)) if (await holds()) return true;
    return false;
  }

  private runs(node: string): boolean {
    return running(this.stage.stack, node) !== undefined;
  }

  private async cables(set: typeof linkDown, node: string, roles: string[]): Promise<void> {
    await Promise.all(roles.map((role) => set(this.stage.stack, node, role)));
  }

  /** The shell ends before the command does, so that SSH does not wait for a node that is gone. */
  private later(node: string, command: string): Promise<string> {
    return this.on(node, `(sleep 0.1; ${command}) >/dev/null 2>&1 </dev/null &`);
  }
}
