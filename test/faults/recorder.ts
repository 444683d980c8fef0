import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeOutput } from "../../components/nfsCluster";
import { quote } from "../../components/render/shell";
import { namespace } from "../../lab/machines/uml/network";
import { stackDir } from "../../lab/paths";
import { readSpec } from "../../lab/spec";
import { seconds } from "../../scripts/clock";
import { startOnNode } from "../../scripts/remote";
import type { Outputs } from "../lab/stack";
import {
  countShots,
  type Frame,
  type Hold,
  type Line,
  parseFrames,
  parseHolds,
  parseProbe,
  type Sample,
} from "./samples";

const program = (name: string) => readFileSync(join(__dirname, "programs", name), "utf8");
/** Where the clients mount the share for the lock and for a fresh look: a view of its own each. */
const MOUNT = "/run/ha-nfs-faults";
const LOCK_FILE = "fault-lock";
const PROBE_MS = 50;
const HELD_MS = 150;

/** A program that runs on, and what it has printed. */
class Running {
  readonly lines: Line[] = [];
  errors = "";
  readonly ended: Promise<unknown>;
  private rest = "";

  constructor(readonly child: ChildProcessWithoutNullStreams) {
    child.stdin.on("error", () => undefined);
    child.stderr.on("data", (data) => (this.errors += String(data)));
    child.stdout.on("data", (data) => {
      const arrived = seconds();
      const texts = (this.rest + String(data)).split("\n");
      this.rest = texts.pop() ?? "";
      for (const text of texts) this.lines.push({ arrived, text });
    });
    this.ended = new Promise((resolve) => child.on("close", resolve));
  }

  get text(): string {
    return this.lines.map(({ text }) => `${text}\n`).join("");
  }

  /** Ends its stdin, and the program itself when it does not follow. */
  async stop(): Promise<void> {
    this.child.stdin.end();
    await Promise.race([this.ended, sleep(3000)]);
    this.child.kill();
  }
}

/** What is seen of a stack while a fault runs: from inside each master, from the bridge, and by two clients with a lock. */
export class Recorder {
  private readonly probes: Record<string, Running[]> = {};
  private readonly holders: { client: string; running: Running }[] = [];
  private capture?: Running;
  /** Of the masters at the start: one may be replaced meanwhile. */
  private nodeOfMac: Readonly<Record<string, string>> = {};
  private stopped = false;

  constructor(
    private readonly stack: string,
    private readonly outputs: Outputs,
  ) {}

  /** Starts all, and waits until each has seen something. */
  async start(clients: readonly string[]): Promise<void> {
    rmSync(join(stackDir(this.stack), "fence.log"), { force: true });
    const [address] = Object.values(this.outputs.shares).map(({ server }) => server);
    const capture = ["netns", "exec", namespace(this.stack), "perl", join(__dirname, "programs/capture.pl")];
    this.nodeOfMac = Object.fromEntries(this.masters.map((node) => [this.macOf(node), node]));
    this.capture = new Running(spawn("ip", [...capture, "br-service", address ?? "", "2049"]));
    for (const node of this.masters) void this.probe(node, `${address}`);
    for (const client of clients) this.hold(client);
    const seen = () =>
      [
        this.capture,
        ...this.masters.map((node) => this.probes[node]?.at(-1)),
        ...this.holders.map((h) => h.running),
      ].every((running) => running && running.lines.length > 0);
    for (let tries = 0; !seen(); tries++) {
      if (tries > 300) throw new Error(`not every recorder runs: ${this.complaints().join("; ")}`);
      await sleep(100);
    }
  }

  /** All that there is so far. */
  seen(): { samples: Record<string, Sample[]>; frames: Frame[]; holds: Hold[] } {
    const lines = (node: string) => (this.probes[node] ?? []).flatMap((running) => running.lines);
    return {
      samples: Object.fromEntries(this.masters.map((node) => [node, parseProbe(lines(node))])),
      frames: parseFrames(this.capture?.text ?? "", this.nodeOfMac),
      holds: this.holders.flatMap(({ client, running }) => parseHolds(running.lines, client)),
    };
  }

  private macOf(node: string): string {
    return readSpec(this.stack, node).nics.find(({ role }) => role === "service")?.mac ?? "";
  }

  shots(): number {
    try {
      return countShots(readFileSync(join(stackDir(this.stack), "fence.log"), "utf8"));
    } catch {
      return 0; // nobody has asked the device anything
    }
  }

  /** What the programs have complained of. A probe's SSH ends with each life of its node. */
  complaints(): string[] {
    const all = [this.capture, ...this.holders.map(({ running }) => running)];
    return all.map((running) => running?.errors.trim() ?? "").filter((text) => text !== "");
  }

  /** Ends what loads the share. */
  async release(): Promise<void> {
    await Promise.all(this.holders.map(({ running }) => running.stop()));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const last = this.masters.flatMap((node) => this.probes[node]?.at(-1) ?? []);
    last.forEach(({ child }) => child.kill());
    await Promise.all([this.capture?.stop(), this.release()]);
  }

  /** The shell command that makes a new view of the share on a client. */
  mount(directory: string): string {
    const [share] = Object.values(this.outputs.shares);
    const options = `${share?.mountOptions},nosharecache`;
    return `mkdir -p ${directory} && { mountpoint -q ${directory} || mount -t nfs -o ${options} ${share?.server}:${share?.path} ${directory}; }`;
  }

  private get masters(): string[] {
    return Object.entries(this.outputs.nodes).flatMap(([name, { role }]) =>
      role === "master" ? [name] : [],
    );
  }

  private node(name: string): NodeOutput {
    const node = this.outputs.nodes[name];
    if (!node) throw new Error(`no node ${name}`);
    return node;
  }

  /** Probes a master as long as the recorder runs, in each of its lives. It outlives a pause, and a dead guest ends it. */
  private async probe(name: string, address: string): Promise<void> {
    const node = this.node(name);
    const patient = "-o ControlPath=none -o ServerAliveInterval=1 -o ServerAliveCountMax=90";
    const connection = { ...node, sshCommand: `${node.sshCommand} ${patient}` };
    const runs = (this.probes[name] = [] as Running[]);
    while (!this.stopped) {
      const command = `exec perl -e ${quote(program("probe.pl"))} ${address} 0 ${PROBE_MS}`;
      const running = new Running(startOnNode(connection, command));
      runs.push(running);
      await running.ended;
      await sleep(300);
    }
  }

  private hold(client: string): void {
    const command = `${this.mount(MOUNT)} && exec perl -e ${quote(program("holder.pl"))} ${MOUNT}/${LOCK_FILE} ${HELD_MS}`;
    this.holders.push({ client, running: new Running(startOnNode(this.node(client), command)) });
  }
}
