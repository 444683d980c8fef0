import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { notice, UserError } from "../toolchain/process";
import { makeDisks } from "./disks";
import { writeFence } from "./fence";
import { vmName } from "./guest";
import { chooseMachine, running } from "./machines/choice";
import { type Machine, PortTaken } from "./machines/machine";
import { otherWay } from "./machines/type";
import { nodeDir } from "./paths";
import { movePort } from "./ports";
import { waitForSsh } from "./ready";
import { listed, readSpec, writeSpec, type VmSpec } from "./spec";
import { sshConfigFile, writeSshConfig } from "./sshConfig";
import { bootLocks, nodeLock, stackLock } from "./stack";
import { requireTools, run, withLock, withOneLock } from "./support";

/** How long a guest has to power off before its power is cut, in seconds. */
const stopLimit = 60;

/** Starts the VM of a node that exists, unless it runs, and waits until SSH lets us in. */
export function startNode(stack: string, node: string): Promise<void> {
  readSpec(stack, node);
  return withLock(nodeLock(stack, node), async () => {
    await powerOn(readSpec(stack, node));
  });
}

/** Powers the guest off, and cuts its power when that takes more than 60 s. Nothing when it does not run. */
export function stopNode(stack: string, node: string): Promise<void> {
  readSpec(stack, node);
  return withLock(nodeLock(stack, node), async () => {
    const vm = running(stack, node);
    if (!vm) return;
    if (vm.paused) resumeNode(stack, node);
    await vm.machine.powerDown(stack, node);
    const end = Date.now() + stopLimit * 1000;
    while (running(stack, node) && Date.now() < end) await sleep(200);
    if (!running(stack, node)) return;
    notice(`${node}: has not powered off in ${stopLimit} s, its power is cut`);
    await killNode(stack, node);
  });
}

/**
 * Makes what the VM of `spec` lacks, starts it unless it runs, and waits for SSH. With the node's lock held only. One
 * that it has started and that does not let us in is stopped: it would not mend itself, and the next run starts it anew.
 */
export async function powerOn(spec: VmSpec): Promise<void> {
  requireTools("ssh");
  const { stack, name } = spec;
  const before = running(stack, name);
  if (before?.paused) throw new UserError(`${name} is paused: npm run lab -- resume ${name}`);
  const machine = await chooseMachine(stack, spec.machine);
  await makeDisks(spec);
  writeFence(spec);
  const reachable = async () => {
    await withLock(stackLock(stack), () => writeSshConfig(stack));
    await waitForSsh(stack, name);
  };
  if (before) return reachable();
  await withOneLock(bootLocks(), async () => {
    const begin = Date.now();
    await start(machine, spec);
    try {
      await reachable();
    } catch (error) {
      if (running(stack, name)) await killNode(stack, name);
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`${error.message}\n${otherWay(machine.type)}`);
    }
    notice(`${name}: up, SSH after ${Math.round((Date.now() - begin) / 1000)} s`);
  });
}

/** Starts a VM. When something else listens on the SSH port by now, the node gets another. */
async function start(machine: Machine, spec: VmSpec): Promise<void> {
  const { stack, name, sshPort } = spec;
  try {
    await machine.start(spec);
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error;
    const moved = await withLock(stackLock(stack), () => movePort(stack, name, sshPort));
    notice(`${name}: port ${sshPort} is taken, SSH moves to ${moved}; the next \`pulumi up\` follows`);
    writeSpec({ ...spec, sshPort: moved });
    await start(machine, { ...spec, sshPort: moved });
  }
}

/** Cuts a node's power: all its processes are killed, and gone when this returns. */
export async function killNode(stack: string, node: string): Promise<void> {
  mustRun(stack, node);
  await run(join(__dirname, "power.sh"), ["off", nodeDir(stack, node), vmName(stack, node)]);
}

/** Freezes a node: it keeps its memory and its connections, and does nothing. */
export function pauseNode(stack: string, node: string): void {
  for (const pid of mustRun(stack, node).machine.frozen(stack, node)) process.kill(pid, "SIGSTOP");
}

/** Lets a paused node go on. Its clock has gone on meanwhile. */
export function resumeNode(stack: string, node: string): void {
  for (const pid of mustRun(stack, node).machine.frozen(stack, node).reverse()) process.kill(pid, "SIGCONT");
}

/** Pulls the cable of a NIC, given by its role, until `linkUp` or the VM's next start. */
export function linkDown(stack: string, node: string, role: string): Promise<void> {
  return setLink(stack, node, role, false);
}

/** Plugs the cable of a NIC in again. */
export function linkUp(stack: string, node: string, role: string): Promise<void> {
  return setLink(stack, node, role, true);
}

async function setLink(stack: string, node: string, role: string, up: boolean): Promise<void> {
  deviceOf(stack, node, role);
  await mustRun(stack, node).machine.setLink(stack, node, role, up);
}

/**
 * Makes what a NIC sends late, lost, doubled or slow, until told otherwise or the guest's next boot.
 * @param words what `tc qdisc add … netem` takes, as `delay 50ms loss 10%`; `off` ends it
 */
export async function netem(stack: string, node: string, role: string, words: string): Promise<void> {
  const device = deviceOf(stack, node, role);
  mustRun(stack, node);
  if (!/^[\w .%]+$/.test(words))
    throw new UserError(`netem takes words as "delay 50ms loss 10%", or off; got "${words}"`);
  const command =
    words === "off"
      ? `! tc qdisc show dev ${device} root | grep -q netem || tc qdisc delete dev ${device} root`
      : `tc qdisc replace dev ${device} root netem ${words}`;
  await run("ssh", ["-F", sshConfigFile(stack), node, command]);
}

/** The guest's device of a NIC. */
function deviceOf(stack: string, node: string, role: string): string {
  const { nics } = readSpec(stack, node);
  const nic = nics.find((candidate) => candidate.role === role);
  if (nic) return nic.device;
  throw new UserError(`no NIC ${role} in ${node}; there is: ${listed(nics.map((each) => each.role))}`);
}

/** The VM of a node; a UserError when it does not run. */
export function mustRun(stack: string, node: string) {
  readSpec(stack, node);
  const vm = running(stack, node);
  if (!vm) throw new UserError(`${node} does not run: npm run lab -- start ${node}`);
  return vm;
}
