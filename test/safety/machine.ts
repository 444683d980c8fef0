import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { vipConf, volumeConf } from "../../components/render/agent";
import { fenceConf, WITNESS_PORT } from "../../components/render/fencing";
import { nodeFile } from "../../components/remote/hostScript";
import { until } from "../until";
import { Sandbox } from "../scripts/sandbox";
import { SAME } from "./pair";
import { MACHINE_STUBS } from "./stubs";

const LIB = "/usr/local/lib/ha-nfs";
/** A door; what it answers is in a file, and a letter for each question in another. */
const door = (address: string, port: number, keys: string, file: string) => `import os, sys
sys.path.insert(0, "${LIB}")
import node, wire
def answer(words):
    open("${file}.asked", "a").write("x")
    return open("${file}").read().strip()
wire.serve("${address}", ${port}, node.${keys}, answer)`;
const PYTHON = ["manager", "metrics", "node", "parts", "rules", "upkeep", "wire"].map((name) => `${name}.py`);
const PROGRAMS = ["compare-disks", "guard", "leave", "split", "wish"];

/** How much sooner things happen here, so that a test has not to wait for it: by file, what stands there and instead. */
const SOONER: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  guard: [
    ["STOP_S = 15", "STOP_S = 2"],
    ["MOVE_S = 15", "MOVE_S = 1"],
    ["RETRY_S = 5", "RETRY_S = 2"],
  ],
  "manager.py": [["ANSWER_S = 3", "ANSWER_S = 1"]],
  "parts.py": [["PROBE_S = 5", "PROBE_S = 3"]],
};

/** A file of the node's scripts as the machine has it. */
function hurried(name: string): string {
  return (SOONER[name] ?? []).reduce(
    (text, [long, short]) => {
      assert.ok(text.includes(long), long);
      return text.replace(long, short);
    },
    nodeFile(name === "manager.py" ? "managers/heartbeat/manager.py" : `safety/${name}`),
  );
}

/**
 * The master n1 with the scripts as they are on a node, in a machine of its own: its mounts, network and processes. What
 * is DRBD's, nfsd's and systemd's are stubs, whose state is in /stub.
 */
export class Machine extends Sandbox {
  private readonly holder: ChildProcess;
  private pid = "";

  private readonly started: ChildProcess[] = [];

  constructor() {
    super(MACHINE_STUBS);
    for (const name of PYTHON) this.write(`${LIB}/${name}`, hurried(name));
    for (const name of PROGRAMS) this.write(`${LIB}/${name}`, hurried(name), 0o755);
    this.write(`${LIB}/service`, nodeFile("service"), 0o755);
    this.write(`${LIB}/connections`, "#!/bin/sh\nexec sleep 1000\n", 0o755);
    this.write(
      "/etc/ha-nfs/data.conf",
      volumeConf({ volume: "data", minor: 0, mount: "/srv/nfs", shares: ["data"] }),
    );
    this.write(
      "/etc/ha-nfs/vip.conf",
      vipConf({
        address: "10.9.9.9",
        aliases: [],
        prefixLength: 24,
        device: "lo",
        arpCount: 1,
        arpIntervalMs: 1,
      }),
    );
    this.fencing({});
    this.write("/etc/ha-nfs/secrets/fence", "key\n");
    this.write("/etc/ha-nfs/secrets/witness", "key\n");
    this.write("/etc/exports.d/ha-nfs.exports", "/srv/nfs/data 10.0.0.0/8(rw)\n");
    this.write("/var/lib/nfs/etab", "");
    for (const part of ["stub", "run"]) fs.mkdirSync(path.join(this.directory, part));
    for (const part of ["srv/nfs", "stub", "volume", "var/lib/ha-nfs"]) {
      fs.mkdirSync(path.join(this.directory, "upper", part), { recursive: true });
    }
    this.drbd({});
    this.put("/stub/generations", `${SAME}\n`);
    this.holder = this.boot();
  }

  /** A process that has the machine's mounts, network and processes, ends with them, and waits for who has no parent. */
  private boot(): ChildProcess {
    const inside = [
      "if [[ -e /proc/sysrq-trigger ]]; then mount --bind /stub/sysrq /proc/sysrq-trigger; fi",
      "mount -t tmpfs tmpfs /proc/fs && mkdir /proc/fs/nfsd && echo 0 >/proc/fs/nfsd/threads",
      "mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir -p /sys/fs/cgroup/system.slice/ha-nfs-mountd.service",
      "echo 1 >/sys/fs/cgroup/system.slice/ha-nfs-mountd.service/cgroup.procs",
      "if [[ -e /dev/kmsg ]]; then mount --bind /dev/null /dev/kmsg; fi",
      "cp /usr/bin/sleep /run/heartbeat && { /run/heartbeat 100000 & echo $! >/run/heartbeat.pid; }",
      "ip link set lo up && : >/stub/ready && while :; do sleep 1000 & wait; done",
    ].join(" && ");
    const run = "mount -t tmpfs -o size=8m tmpfs $0/root/run && mount --bind $0/stub $0/root/stub";
    this.put("/stub/sysrq", "");
    fs.writeFileSync(path.join(this.directory, "boot"), "");
    const holder = spawn(
      "unshare",
      [
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        this.enter(run, inside),
        this.directory,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    holder.stdout.on("data", (text: Buffer) => fs.appendFileSync(path.join(this.directory, "boot"), text));
    return holder;
  }

  async ready(): Promise<this> {
    await until("the machine is up", () => {
      assert.equal(this.holder.exitCode, null, String(fs.readFileSync(path.join(this.directory, "boot"))));
      return fs.existsSync(path.join(this.directory, "stub/ready"));
    });
    const children = `/proc/${this.holder.pid}/task/${this.holder.pid}/children`;
    this.pid = fs.readFileSync(children, "utf8").trim();
    return this;
  }

  fencing(more: { device?: string; witness?: string }): void {
    const conf = { me: "n1", peer: "n2", volume: "data", silenceMs: 400 };
    const addresses = { addresses: ["127.0.0.1"], peerAddresses: ["127.0.0.2"] };
    this.put(
      "/etc/ha-nfs/fence.conf",
      fenceConf({ ...conf, ...addresses, device: "", deviceSeconds: 5, witness: "", ...more }),
    );
  }

  /** As /proc/drbd shows it. */
  drbd(state: {
    connection?: string;
    roles?: string;
    disks?: string;
    flags?: string;
    counters?: string;
  }): void {
    const { connection = "Connected", roles = "Secondary/Secondary", disks = "UpToDate/UpToDate" } = state;
    const { flags = "r-----", counters = "dw:0 oos:0" } = state;
    this.put("/stub/drbd", ` 0: cs:${connection} ro:${roles} ds:${disks} C ${flags}\n    ${counters}\n`);
  }

  /** A file of the machine as it runs. */
  put(file: string, text: string): void {
    if (this.pid !== "") fs.writeFileSync(`/proc/${this.pid}/root${file}`, text);
    else if (file.startsWith("/stub")) fs.writeFileSync(path.join(this.directory, file), text);
    else this.write(file, text);
  }

  /** Its text without the last line's end; empty where there is none. */
  text(file: string): string {
    try {
      return fs.readFileSync(`/proc/${this.pid}/root${file}`, "utf8").trim();
    } catch {
      return "";
    }
  }

  has(file: string): boolean {
    return fs.existsSync(`/proc/${this.pid}/root${file}`);
  }

  get mounted(): boolean {
    return fs.readFileSync(`/proc/${this.pid}/mounts`, "utf8").includes(" /srv/nfs ");
  }

  get addresses(): string {
    return execFileSync("nsenter", ["--target", this.pid, "--net", "ip", "-o", "address"], {
      encoding: "utf8",
    });
  }

  private inside(shell: string): string[] {
    const environment =
      "export HA_NFS_PROC_DRBD=/stub/drbd HA_NFS_SYSRQ=/stub/sysrq HA_NFS_KMSG=/dev/null PATH=/stubs:$PATH";
    const all = [
      "--target",
      this.pid,
      "--mount",
      "--net",
      "--pid",
      "chroot",
      path.join(this.directory, "root"),
    ];
    return [...all, "bash", "-c", `${environment}; { ${shell}\n} 2>&1`];
  }

  /** Runs shell in the machine, to its end. */
  sh(shell: string, input = ""): { status: number | null; output: string } {
    const { status, stdout } = spawnSync("nsenter", this.inside(shell), {
      input,
      encoding: "utf8",
      timeout: 30_000,
    });
    return { status, output: stdout };
  }

  /** Starts shell in the machine, and returns what it prints until it is asked. */
  start(shell: string): { child: ChildProcess; said: () => string } {
    const child = spawn("nsenter", this.inside(shell), { stdio: ["ignore", "pipe", "ignore"] });
    this.started.push(child);
    let said = "";
    child.stdout.on("data", (text: Buffer) => (said += text.toString()));
    return { child, said: () => said };
  }

  /** The guard, once it has looked; `said` is its journal. */
  async guard(): Promise<{ said: () => string; kill: (signal: NodeJS.Signals) => Promise<void> }> {
    this.sh("rm -f /run/ha-nfs/guard.pid /run/ha-nfs/fit");
    const { child, said } = this.start(`exec ${LIB}/guard data`);
    await until(`the guard looks: ${said()}`, () => this.has("/run/ha-nfs/fit"));
    const kill = async (signal: NodeJS.Signals) => {
      this.sh(`kill -${signal.slice(3)} $(</run/ha-nfs/guard.pid)`);
      await until("the guard has ended", () => child.exitCode !== null || child.signalCode !== null);
    };
    return { said, kill };
  }

  /** A guard whose service serves. */
  async serving(): Promise<Awaited<ReturnType<Machine["guard"]>>> {
    const guard = await this.guard();
    this.wish("up");
    await this.is("serving");
    return guard;
  }

  wish(what: "up" | "down"): { status: number | null; output: string } {
    return this.sh(`${LIB}/wish ${what}`);
  }

  /** Waits for what the guard is at. */
  async is(state: string | RegExp, seconds?: number): Promise<void> {
    const matches = (found: string) => (typeof state === "string" ? found === state : state.test(found));
    await until(`the guard is at ${String(state)}`, () => matches(this.text("/run/ha-nfs/state")), seconds);
  }

  async finds(finding: RegExp, seconds?: number): Promise<void> {
    await until(
      `a finding ${String(finding)}`,
      () => finding.test(this.text("/run/ha-nfs/findings")),
      seconds,
    );
  }

  /** A peer whose door answers `words`. */
  peer(words: string): Promise<void> {
    return this.answers("127.0.0.2", 7790, "KEYS", words);
  }

  /** How often the peer's door has been asked. */
  get peerAsked(): number {
    return this.text("/stub/127.0.0.2-says.asked").length;
  }

  /** A witness at 127.0.0.3 that answers `words`. */
  witness(words: string): Promise<void> {
    return this.answers("127.0.0.3", WITNESS_PORT, "WITNESS_KEYS", words);
  }

  private async answers(address: string, port: number, keys: string, words: string): Promise<void> {
    const file = `/stub/${address}-says`;
    const open = this.has(file);
    this.put(file, `${words}\n`);
    if (open) return;
    this.start(`exec /usr/bin/python3 -I -c '${door(address, port, keys, file)}'`);
    await until("the door is open", () => this.sh(`: </dev/tcp/${address}/${port}`).status === 0);
  }

  /** How often a stub was called so. */
  count(call: RegExp): number {
    return this.calls.filter((line) => call.test(line)).length;
  }

  async end(): Promise<void> {
    this.holder.kill("SIGKILL");
    this.started.forEach((child) => child.kill("SIGCONT")); // nsenter stops with what it runs, and does not go on with it
    await until("the machine is gone", () => !fs.existsSync(`/proc/${this.pid}/root/stub`));
    this.remove();
  }
}
