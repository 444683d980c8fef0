import { spawn } from "node:child_process";
import { closeSync, createWriteStream, existsSync, openSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { notice, UserError } from "../../../toolchain/process";
import { findProcess, management, processState, vmName } from "../../guest";
import { nodeDir } from "../../paths";
import { readSpec, specHash, type VmSpec } from "../../spec";
import { stackLock } from "../../stack";
import { requireTools, run, tryRun, withLock, writeWhole } from "../../support";
import { type Machine, PortTaken } from "../machine";
import { MachineType, otherWay } from "../type";
import { umlArguments } from "./arguments";
import { makeNetwork, managementTap, namespace, removeCables, removeNetwork, setCable } from "./network";
import { memoryObstacle, obstacle } from "./obstacle";
import { leastUsed, usedProcessors } from "./processors";
import { findRunner, runnerPidFile } from "./runner";

const script = join(__dirname, "guest.sh");
/** The guest's kernel, which goes by the name that guest.sh gives it. */
const kernel = (stack: string, node: string) => findProcess(stack, node, "guest.pid", /^false$/);

/** Guests as processes of this machine. Their network is in a namespace of the stack's own. */
export const uml: Machine = {
  type: MachineType.Uml,
  tools: "uml",
  obstacle,

  async start(spec) {
    requireTools("uml");
    const { stack, name, sshPort, memoryMiB } = spec;
    const directory = nodeDir(stack, name);
    const missing = existsSync(join(directory, "linux"))
      ? memoryObstacle(memoryMiB)
      : "its disk was made from an image without the kernel of user-mode Linux";
    if (missing) throw new UserError(`${name}: ${missing}; ${otherWay(MachineType.Uml)}`);
    if (await isTaken(sshPort)) throw new PortTaken();
    // What a killed kernel has left: it would count as one that runs as long as its number is taken.
    for (const left of ["guest.pid", "uml"]) rmSync(join(directory, left), { recursive: true, force: true });
    if (!isFifo(join(directory, "console.in")))
      await run("mkfifo", ["-m", "600", join(directory, "console.in")]);
    // The network and the processors are shared with guests that start at the same time.
    await withLock(stackLock(stack), async () => {
      await makeNetwork(spec);
      const processor = leastUsed(usedProcessors());
      notice(`${name}: starting (user-mode Linux, processor ${processor})`);
      writeWhole(join(directory, runnerPidFile), `${launch(spec, processor)}\n`);
    });
    while (findRunner(stack, name) && !kernel(stack, name)) await sleep(20);
  },

  running(stack, node) {
    const found = findRunner(stack, node);
    if (!found) return undefined;
    const [, , name = "", port] = found.command;
    const { paused, rssMiB } = processState(kernel(stack, node)?.pid ?? found.pid);
    return {
      pid: found.pid,
      spec: name.slice(vmName(stack, node).length),
      sshPort: Number(port),
      paused,
      rssMiB,
    };
  },

  // By its kernel's control socket, which has no other client here (uml_mconsole(1)): Ctrl-Alt-Del, which the image
  // makes a power button. One datagram: magic, version 2, length, command.
  async powerDown(stack, node) {
    const packet = String.raw`\xbe\xba\xfe\xca\x02\0\0\0\x03\0\0\0cad\0`;
    const socket = join("uml", vmName(stack, node), "mconsole");
    const send = `printf '${packet}' | timeout 5 socat -u - UNIX-SENDTO:${socket}`;
    await tryRun("bash", ["-c", send], { cwd: nodeDir(stack, node) });
  },

  frozen: (stack, node) => [kernel(stack, node)?.pid ?? []].flat(),

  setLink: setCable,

  console: (stack, node) => Promise.resolve(consoleOf(nodeDir(stack, node))),

  async forget(stack, node, last) {
    const { nics } = readSpec(stack, node);
    await removeCables(
      stack,
      node,
      nics.map(({ role }) => role),
    );
    if (last) await removeNetwork(stack);
  },
};

/** Starts guest.sh in a session of its own and returns its process number. */
function launch(spec: VmSpec, processor: number): number {
  const { stack, name, sshPort } = spec;
  const directory = nodeDir(stack, name);
  const log = openSync(join(directory, "console.log"), "w", 0o600);
  const words = [vmName(stack, name) + specHash(spec), `${sshPort}`, `${processor}`, namespace(stack)];
  const child = spawn("bash", [script, ...words, managementTap(stack, name), ...umlArguments(spec)], {
    cwd: directory,
    detached: true,
    stdio: ["ignore", log, log],
    env: {
      PATH: process.env.PATH,
      GUEST: management.guest,
      FENCE_ADDRESS: management.fence.address,
      FENCE_PORT: `${management.fence.port}`,
      ...(process.env.HA_NFS_LAB_DIR && { HA_NFS_LAB_DIR: process.env.HA_NFS_LAB_DIR }),
    },
  });
  child.unref();
  closeSync(log);
  if (child.pid === undefined) throw new UserError(`${name}: cannot run bash`);
  return child.pid;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(true));
    server.listen(port, "127.0.0.1", () => server.close(() => done(false)));
  });
}

function isFifo(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

/** The console is two files: what the guest has said, and a pipe that takes what is typed. */
function consoleOf(directory: string): Duplex {
  const log = join(directory, "console.log");
  const said = spawn("tail", ["--follow=name", "--bytes=0", log], { stdio: ["ignore", "pipe", "ignore"] });
  const typed = createWriteStream(join(directory, "console.in"));
  const stream = Duplex.from({ readable: said.stdout, writable: typed });
  stream.once("close", () => said.kill());
  return stream;
}
