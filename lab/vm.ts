import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { notice, UserError } from "../toolchain/process";
import { makeDisks } from "./disks";
import { accelerator } from "./kvm";
import { nodeDir } from "./paths";
import { movePort } from "./ports";
import { runningVm, type RunningVm } from "./process";
import { qemuArguments } from "./qemu";
import { qmp } from "./qmp";
import { waitForSsh } from "./ready";
import { listed, readSpec, writeSpec, type VmSpec } from "./spec";
import { writeSshConfig } from "./sshConfig";
import { bootLocks, nodeLock, stackLock } from "./stack";
import { requireTools, tryRun, withLock, withOneLock } from "./support";

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
    const vm = runningVm(stack, node);
    if (!vm) return;
    if (vm.paused) resumeNode(stack, node);
    await qmp(stack, node, "system_powerdown");
    const end = Date.now() + stopLimit * 1000;
    while (runningVm(stack, node) && Date.now() < end) await sleep(200);
    if (!runningVm(stack, node)) return;
    notice(`${node}: has not powered off in ${stopLimit} s, its power is cut`);
    await killNode(stack, node);
  });
}

/**
 * Makes what the VM of `spec` lacks, starts it unless it runs, and waits for SSH. With the node's lock held only. One
 * that it has started and that does not let us in is stopped: it would not mend itself, and the next run starts it anew.
 */
export async function powerOn(spec: VmSpec): Promise<void> {
  requireTools("vm");
  const { stack, name } = spec;
  const before = runningVm(stack, name);
  if (before?.paused) throw new UserError(`${name} is paused: npm run lab -- resume ${name}`);
  await makeDisks(spec);
  const reachable = async () => {
    await withLock(stackLock(stack), () => writeSshConfig(stack));
    await waitForSsh(stack, name);
  };
  if (before) return reachable();
  await withOneLock(bootLocks(), async () => {
    const begin = Date.now();
    await startQemu(spec);
    try {
      await reachable();
    } catch (error) {
      if (runningVm(stack, name)) await killNode(stack, name);
      throw error;
    }
    notice(`${name}: up, SSH after ${Math.round((Date.now() - begin) / 1000)} s`);
  });
}

/** Starts QEMU. When something else listens on the SSH port by now, the node gets another. */
async function startQemu(spec: VmSpec): Promise<void> {
  const { stack, name, sshPort } = spec;
  const directory = nodeDir(stack, name);
  const accel = await accelerator(join(directory, "kernel"));
  notice(`${name}: starting (${accel})`);
  const { code, stderr } = await tryRun("qemu-system-x86_64", qemuArguments(spec, accel), directory);
  if (code === 0) return;
  if (!/Could not set up host forwarding rule/.test(stderr))
    throw new UserError(`${name}: QEMU: ${stderr.trim()}`);
  const moved = await withLock(stackLock(stack), () => movePort(stack, name, sshPort));
  notice(`${name}: port ${sshPort} is taken, SSH moves to ${moved}; the next \`pulumi up\` follows`);
  writeSpec({ ...spec, sshPort: moved });
  await startQemu({ ...spec, sshPort: moved });
}

/** Cuts a node's power: QEMU is killed, and gone when this returns. */
export async function killNode(stack: string, node: string): Promise<void> {
  process.kill(mustRun(stack, node).pid, "SIGKILL");
  while (runningVm(stack, node)) await sleep(20);
}

/** Freezes a node: it keeps its memory and its connections, and does nothing. */
export function pauseNode(stack: string, node: string): void {
  process.kill(mustRun(stack, node).pid, "SIGSTOP");
}

/** Lets a paused node go on. Its clock has gone on meanwhile. */
export function resumeNode(stack: string, node: string): void {
  process.kill(mustRun(stack, node).pid, "SIGCONT");
}

/** Pulls the cable of a NIC, given by its role. The guest loses the carrier, until `linkUp` or the VM's next start. */
export function linkDown(stack: string, node: string, role: string): Promise<void> {
  return setLink(stack, node, role, false);
}

/** Plugs the cable of a NIC in again. */
export function linkUp(stack: string, node: string, role: string): Promise<void> {
  return setLink(stack, node, role, true);
}

async function setLink(stack: string, node: string, role: string, up: boolean): Promise<void> {
  const roles = readSpec(stack, node).nics.map((nic) => nic.role);
  if (!roles.includes(role)) throw new UserError(`no NIC ${role} in ${node}; there is: ${listed(roles)}`);
  mustRun(stack, node);
  await qmp(stack, node, "set_link", { name: role, up });
}

function mustRun(stack: string, node: string): RunningVm {
  readSpec(stack, node);
  const vm = runningVm(stack, node);
  if (!vm) throw new UserError(`${node} does not run: npm run lab -- start ${node}`);
  return vm;
}
