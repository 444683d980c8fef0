import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fenceConf } from "../../components/render/fencing";
import { until } from "../until";
import { DEVICE, DRBDADM } from "./stubs";

/** The code as it is on a node: Python leaves what it has compiled beside it. */
export const CODE = fs.mkdtempSync(path.join(os.tmpdir(), "ha-nfs-safety-code-"));
fs.cpSync(path.join(__dirname, "../../components/scripts/safety"), CODE, { recursive: true });
process.on("exit", () => fs.rmSync(CODE, { recursive: true }));

export const DOOR_PORT = 7790;
export const WITNESS_PORT = 7791;
/** An address that the kernel refuses to connect to at once, as it does where no host answers ARP. */
export const NOBODY = "127.255.255.255";

/** The generation that both have, one that followed it, and the same as a node which has none in common. */
export const SAME = "000000000000A000:0000000000000000:0000000000000000:0000000000000000";
export const LATER = "000000000000B000:000000000000A000:0000000000000000:0000000000000000";
export const FOREIGN = "000000000000F000:000000000000E000:0000000000000000:0000000000000000";

export interface State {
  connection?: string;
  role?: string;
  disk?: string;
  generations?: string;
}

export interface Options {
  device?: boolean;
  witness?: boolean;
  /** Where the peer's doors are asked. @default the peer's own address */
  peerAddresses?: readonly string[];
  deviceSeconds?: number;
  silenceMs?: number;
}

export interface Verdict {
  code: number | null;
  /** Whether the device was told to switch the peer off. */
  shot: boolean;
  /** Whether the node has rebooted itself. */
  deposed: boolean;
  ms: number;
  /** What it said in the kernel's log. */
  log: string;
  stderr: string;
}

let pairs = 0;

/** Two masters and a witness as plain processes in a temporary directory, each at an address of its own. */
export class Pair {
  readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "ha-nfs-safety-"));
  private readonly net = `127.${(process.pid % 250) + 1}.${++pairs % 256}`;
  private readonly processes = new Set<ChildProcess>();
  readonly n1 = new Node(this, "n1", "n2", `${this.net}.1`);
  readonly n2 = new Node(this, "n2", "n1", `${this.net}.2`);
  readonly witness = new Node(this, "witness", "", `${this.net}.3`);

  /** Both at the same generation, unconnected; n1 is primary. */
  constructor(options: Options = {}) {
    for (const node of [this.n1, this.n2, this.witness]) node.keys("fence-key", "witness-key");
    for (const node of [this.n1, this.n2]) node.configure(options);
    this.n1.state({ role: "Primary" });
    this.n2.state({});
  }

  spawn(command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.processes.add(child);
    child.on("exit", () => this.processes.delete(child));
    return child;
  }

  async remove(): Promise<void> {
    for (const child of this.processes) child.kill("SIGKILL");
    await until("all processes are gone", () => this.processes.size === 0);
    for (const node of [this.n1, this.n2, this.witness]) node.close();
    fs.rmSync(this.directory, { recursive: true });
  }
}

export class Node {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** A pipe, for what is written to the kernel's log stays there also when the next one opens it for writing. */
  private readonly kmsg: number;

  constructor(
    private readonly pair: Pair,
    readonly name: string,
    private readonly peer: string,
    readonly address: string,
  ) {
    this.directory = path.join(pair.directory, name);
    for (const part of ["etc/secrets", "run", "lib", "bin"])
      fs.mkdirSync(this.file(part), { recursive: true });
    fs.writeFileSync(this.file("bin/drbdadm"), DRBDADM, { mode: 0o755 });
    fs.writeFileSync(this.file("bin/device"), DEVICE, { mode: 0o755 });
    execFileSync("mkfifo", [this.file("kmsg")]);
    this.kmsg = fs.openSync(this.file("kmsg"), fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
    this.env = {
      PATH: `${this.file("bin")}:/usr/bin:/bin`,
      STUB: this.directory,
      DRBD_RESOURCE: "data",
      HA_NFS_CODE: CODE,
      HA_NFS_ETC: this.file("etc"),
      HA_NFS_RUN: this.file("run"),
      HA_NFS_LIB: this.file("lib"),
      HA_NFS_PROC_DRBD: this.file("drbd"),
      HA_NFS_KMSG: this.file("kmsg"),
      HA_NFS_SYSRQ: this.file("sysrq"),
    };
  }

  file(name: string): string {
    return path.join(this.directory, name);
  }

  write(name: string, text: string): void {
    fs.writeFileSync(this.file(name), text);
  }

  /** Its text without the last line's end; empty where there is none. */
  read(name: string): string {
    return this.exists(name) ? fs.readFileSync(this.file(name), "utf8").trim() : "";
  }

  exists(name: string): boolean {
    return fs.existsSync(this.file(name));
  }

  /** Ends when somebody has made the file. */
  appears(name: string): Promise<void> {
    return until(`${this.name} has ${name}`, () => this.exists(name));
  }

  forget(name: string): void {
    fs.rmSync(this.file(name), { force: true });
  }

  configure({
    device = true,
    witness = false,
    peerAddresses = [(this.name === "n1" ? this.pair.n2 : this.pair.n1).address],
    deviceSeconds = 5,
    silenceMs = 400,
  }: Options): void {
    const conf = {
      me: this.name,
      peer: this.peer,
      volume: "data",
      addresses: peerAddresses.map(() => this.address),
      peerAddresses,
      silenceMs,
      device: device ? this.file("bin/device") : "",
      deviceSeconds,
      witness: witness ? this.pair.witness.address : "",
    };
    this.write("etc/fence.conf", fenceConf(conf));
    this.write("etc/data.conf", "VOLUME=data\nMINOR=0\n");
  }

  keys(fence: string, witness = "witness-key"): void {
    this.write("etc/secrets/fence", `${fence.split(" ").join("\n")}\n`);
    this.write("etc/secrets/witness", `${witness.split(" ").join("\n")}\n`);
  }

  /** What DRBD shows, and what was noted of its generations before the promote. */
  state(state: State): void {
    const { connection = "WFConnection", role = "Secondary", disk = "UpToDate", generations = SAME } = state;
    const flags = role === "Primary" && connection !== "Connected" ? "s-----" : "r-----";
    this.write(
      "drbd",
      `version: 8.4.11 (api:1/proto:86-101)\n 0: cs:${connection} ro:${role}/Unknown ds:${disk}/DUnknown C ${flags}\n    ns:0 nr:0\n`,
    );
    this.write("generations", `${generations}\n`);
    this.write("run/data.generations", `${generations}:1:1:0:1:0:0\n`);
  }

  /** What was written to the kernel's log since the last call. */
  heard(): string {
    const text = Buffer.alloc(65536);
    try {
      return text.toString("utf8", 0, fs.readSync(this.kmsg, text));
    } catch {
      return ""; // nothing
    }
  }

  close(): void {
    fs.closeSync(this.kmsg);
  }

  get disk(): string {
    return /ds:(\w+)/.exec(this.read("drbd"))?.[1] ?? "";
  }

  get calls(): string[] {
    return this.read("calls").split("\n");
  }

  /** Its door, once it is open. `shell` runs before it, in its process. */
  async door(role: "peer" | "witness" = "peer", shell = ":"): Promise<ChildProcess> {
    const port = role === "peer" ? DOOR_PORT : WITNESS_PORT;
    const command = `${shell}; exec "$0" ${role} ${this.address} ${port}`;
    const child = this.pair.spawn("bash", ["-c", command, path.join(CODE, "door")], this.env);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => fs.appendFileSync(this.file("journal"), text));
    }
    await listening(this.address, port, child);
    return child;
  }

  /** The handler as DRBD runs it. `shell` runs before it, in its process. */
  start(shell = ":"): { child: ChildProcess; ended: Promise<Verdict> } {
    for (const file of ["shots", "sysrq"]) this.forget(file);
    const began = Date.now();
    const child = this.pair.spawn(
      "bash",
      ["-c", `${shell}; exec "$0"`, path.join(CODE, "fence-peer")],
      this.env,
    );
    let stderr = "";
    child.stderr?.on("data", (text: Buffer) => (stderr += text.toString()));
    const ended = new Promise<Verdict>((resolve) =>
      child.on("close", (code) =>
        resolve({
          code,
          shot: this.exists("shots"),
          deposed: this.read("sysrq") === "b",
          ms: Date.now() - began,
          log: this.heard(),
          stderr,
        }),
      ),
    );
    return { child, ended };
  }

  fence(): Promise<Verdict> {
    return this.start().ended;
  }

  /** Runs Python text with the node's own modules at hand, and returns what it prints. */
  async python(text: string, ...args: string[]): Promise<string> {
    const head = `import os, sys; sys.path.insert(0, os.environ["HA_NFS_CODE"]); import node, rules, wire\n`;
    const child = this.pair.spawn("/usr/bin/python3", ["-I", "-c", head + text, ...args], this.env);
    let out = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (t: Buffer) => (out += t.toString()));
    await new Promise((resolve) => child.on("close", resolve));
    return out.trim();
  }

  /** What a door says to `words`, asked with `key`. */
  ask(host: Node, words: string, key = "fence-key", port = DOOR_PORT): Promise<string> {
    const text = `print(wire.ask(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4].encode(), 0.4))`;
    return this.python(text, host.address, String(port), words, key);
  }

  askWitness(words: string): Promise<string> {
    return this.ask(this.pair.witness, words, "witness-key", WITNESS_PORT);
  }
}

async function listening(address: string, port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, address, () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    if (child.exitCode !== null) throw new Error(`the door has ended with ${child.exitCode}`);
    await sleep(20);
  }
  throw new Error(`nothing listens at ${address}:${port}`);
}
