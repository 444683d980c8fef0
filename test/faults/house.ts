import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Manager } from "../../components/enums";
import { UNITS } from "../../components/managers/manager";
import { stackDir } from "../../lab/paths";
import { onNode } from "../../scripts/remote";
import { status } from "../../scripts/status";
import { capture, notice, UserError } from "../../toolchain/process";
import { type Outputs, ROOT, TestStack } from "../lab/stack";
import { configuration, type Settings } from "./configuration";
import { type Fault, type Mode, PATIENCE, type Run } from "./fault";
import type { Operator } from "./hands";
import { type Patient, redundant, repair } from "./heal";
import { play, type Theatre } from "./play";

/** Seconds that a stack which may just have been made has to be redundant. */
const SETTLE = 20;
/** The same after a change: a blank master copies the whole disk, at c-min-rate while clients write (148 s for 512 MiB). */
const COPIES = 300;
/** Characters of a failed verb's output that are kept: its end. */
const LOG = 2000;

/** The stack under test, in one mode after the other. */
export class House {
  private readonly stack: TestStack;
  private generation = 1;

  private outputs: Outputs | undefined;
  private lines: string[];
  /** What the stack is by an `up` of this process; empty before. */
  private is = "";
  /** The file that has the same of the last `up` at all. */
  private readonly mark: string;

  constructor(
    private readonly name: string,
    private readonly manager = Manager.Heartbeat,
  ) {
    this.stack = new TestStack(name);
    this.lines = configuration("both", manager, this.generation);
    this.mark = join(stackDir(name), "faults.config");
  }

  /** Whether there is a stack, in whatever mode. */
  private get stands(): boolean {
    return existsSync(this.mark);
  }

  /** Brings the stack into a mode, by an `up` when it is in another one, or may be of another code. */
  private async enter(mode: Mode, changes: Settings = {}): Promise<void> {
    const lines = configuration(mode, this.manager, this.generation, changes);
    const wanted = [...lines, `# ${codeOf()}`].join("\n");
    if (this.is === wanted) return;
    if (this.stands && readFileSync(this.mark, "utf8") === wanted && !wanted.endsWith(CHANGED)) return;
    notice(["up, mode", mode, "under", this.manager, ...Object.entries(changes).flat()].join(" "));
    await this.up(lines);
    writeFileSync(this.mark, wanted);
    this.is = wanted;
  }

  /** An `up`, after which nobody knows what the stack is: one that fails may have changed half of it. */
  private async up(lines: string[], ...args: string[]): Promise<void> {
    this.lines = lines;
    rmSync(this.mark, { force: true });
    this.is = "";
    await this.run("up", ...args);
  }

  private async run(verb: string, ...args: string[]): Promise<void> {
    this.stack.configure(...this.lines);
    const { status: code, log } = await this.stack.run(verb, ...args);
    this.stack.forget();
    if (code !== 0) throw new UserError(`${verb} has failed:\n${log.slice(-LOG)}`);
  }

  /** Destroys the stack, whatever state it is in. */
  async remove(): Promise<void> {
    await this.run("destroy");
  }

  /** An `up` with these settings; the next one has nothing to do, and the nodes are as they must be. */
  private async change(mode: Mode, settings: Settings): Promise<void> {
    await this.enter(mode, settings);
    this.outputs = await this.stack.outputs();
    if ((await redundant(this.patient(), COPIES)) === null)
      throw new Error("the pair is not redundant after it");
    await this.run("preview", "--expect-no-changes");
    await this.run("verify");
  }

  private async rotate(mode: Mode): Promise<void> {
    this.generation++;
    await this.enter(mode);
  }

  /** One run, on a pair that is made redundant before; what came of it, and all that was seen. */
  async play(fault: Fault, mode: Mode, patience = PATIENCE): Promise<{ run: Run; seen: object }> {
    if (this.stands) await makeRedundant(await this.theatre(mode, patience));
    await this.enter(mode);
    const theatre = await this.theatre(mode, patience);
    await makeRedundant(theatre);
    return play(fault, theatre);
  }

  private operator(mode: Mode): Operator {
    return {
      rotate: () => this.rotate(mode),
      change: (settings) => this.change(mode, settings),
      changeWithout: (host, settings) =>
        this.up(configuration(mode, this.manager, this.generation, settings), "--without", host),
    };
  }

  private async theatre(mode: Mode, patience: number): Promise<Theatre> {
    this.outputs = await this.stack.outputs();
    const patient = this.patient();
    return {
      ...{ patient, outputs: this.outputs, mode, code: codeOf(), patience, say: notice },
      ...this.operator(mode),
    };
  }

  /** The pair as it is by the last `up`, which may have given it another master. */
  private patient(): Patient {
    const nodes = () => this.outputs?.nodes ?? {};
    return {
      stack: this.name,
      unit: UNITS[this.manager],
      get all() {
        return Object.keys(nodes());
      },
      get masters() {
        return Object.keys(nodes()).filter((node) => nodes()[node]?.role === "master");
      },
      status: () => status(nodes()),
      on: async (name, command) => {
        const node = nodes()[name];
        if (!node) throw new Error(`no node ${name}`);
        return onNode(node, command, 120_000);
      },
    };
  }
}

/** What is behind the commit of code that is in no commit. */
const CHANGED = " and more";

/** The commit of the code, and whether something but the report has been changed since. */
function codeOf(): string {
  const git = (...args: string[]) => capture("git", ["-C", ROOT, ...args]).stdout.trim();
  const changed = git("status", "--porcelain", "--", ".", ":!docs/faults*");
  return git("rev-parse", "--short", "HEAD") + (changed === "" ? "" : CHANGED);
}

async function makeRedundant({ patient }: Theatre): Promise<void> {
  if ((await redundant(patient, SETTLE)) !== null) return;
  notice("  the pair is not redundant: repairing");
  notice(`  ${(await repair(patient)).join(", ")}`);
}
