import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { NodeOutput, ReadsOutput, ShareOutput } from "../../components/nfsCluster";
import { onNode } from "../../scripts/remote";

export const ROOT = path.join(__dirname, "../..");

export interface Result {
  status: number | null;
  stdout: string;
  /** stdout and stderr in the order of their arrival. */
  log: string;
  seconds: number;
}

export interface Outputs {
  shares: Record<string, ShareOutput>;
  nodes: Record<string, NodeOutput>;
  reads: ReadsOutput;
}

/** A stack of the lab, used as a person uses it: by the npm scripts' own command. */
export class TestStack {
  /** All that the verbs have printed. */
  log = "";
  readonly config: string;

  constructor(readonly name: string) {
    this.config = path.join(os.tmpdir(), `ha-nfs-${name}-${process.pid}.yaml`);
  }

  /** Removes what the test itself has written; the stack must have been destroyed. */
  forget(): void {
    fs.rmSync(this.config, { force: true });
  }

  /** Writes the stack's configuration: YAML lines below `config:`. */
  configure(...lines: string[]): void {
    fs.writeFileSync(this.config, ["config:", ...lines.map((line) => `  ${line}`), ""].join("\n"));
  }

  private arguments(verb: string, args: string[]): string[] {
    const takesConfig = ["up", "preview", "preflight", "destroy"].includes(verb);
    return [verb, "--stack", this.name, ...(takesConfig ? ["--config-file", this.config] : []), ...args];
  }

  /** Runs a verb to its end. */
  async run(verb: string, ...args: string[]): Promise<Result> {
    const begun = Date.now();
    const child = spawn("toolchain/run.sh", this.arguments(verb, args), {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let log = "";
    child.stdout.on("data", (data) => {
      stdout += String(data);
      log += String(data);
    });
    child.stderr.on("data", (data) => (log += String(data)));
    const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
    this.log += log;
    return { status, stdout, log, seconds: (Date.now() - begun) / 1000 };
  }

  /** Starts a verb, and kills it and all that it started when its output matches. */
  async killWhen(pattern: RegExp, verb: string, ...args: string[]): Promise<void> {
    const child = spawn("toolchain/run.sh", this.arguments(verb, args), {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const look = (data: unknown) => {
      this.log += String(data);
      if (pattern.test(String(data))) {
        process.kill(-(child.pid as number), "SIGKILL");
      }
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    await new Promise((resolve) => child.on("close", resolve));
  }

  async outputs(): Promise<Outputs> {
    return JSON.parse((await this.run("outputs")).stdout) as Outputs;
  }

  async on(node: string, command: string, timeoutMs = 120_000): Promise<string> {
    if (!this.nodes[node]) this.nodes = (await this.outputs()).nodes;
    const known = this.nodes[node];
    if (!known) {
      throw new Error(`no node ${node}`);
    }
    return onNode(known, command, timeoutMs);
  }

  private nodes: Record<string, NodeOutput> = {};

  /** Processes of this machine whose command line has the text. */
  processes(text: string): string[] {
    const { stdout } = spawnSync("ps", ["-eo", "pid,args"], { encoding: "utf8" });
    return stdout.split("\n").filter((line) => line.includes(text));
  }
}
