import { existsSync, readFileSync } from "node:fs";
import { notice, UserError } from "../../toolchain/process";
import { machineFile, nodes, rootDisk } from "../paths";
import { stackLock } from "../stack";
import { withLock, writeWhole } from "../support";
import type { Machine, RunningVm } from "./machine";
import { qemu } from "./qemu/machine";
import { asMachineType, configured, MachineType, otherWay } from "./type";
import { uml } from "./uml/machine";

const machines: Record<MachineType, Machine> = { [MachineType.Uml]: uml, [MachineType.Qemu]: qemu };

/** The VM of a node, if it runs, and what runs it. */
export function running(stack: string, node: string): (RunningVm & { machine: Machine }) | undefined {
  for (const machine of Object.values(machines)) {
    const vm = machine.running(stack, node);
    if (vm) return { ...vm, machine };
  }
  return undefined;
}

/**
 * What executes the guests of a stack: what those that run have; else the type that is asked for; else the one that the
 * stack had; else user-mode Linux where it can run, and QEMU where it can't. It is kept with the stack.
 * @throws UserError when the type asked for can't run here, or is another than that of guests that run
 */
export async function chooseMachine(stack: string, asked?: MachineType): Promise<Machine> {
  return withLock(stackLock(stack), async () => {
    const machine = await choose(stack, asked);
    writeWhole(machineFile(stack), `${machine.type}\n`);
    return machine;
  });
}

/** What `chooseMachine` would choose for it. */
export async function choose(stack: string, asked?: MachineType): Promise<Machine> {
  const [alive] = nodes(stack).flatMap((node) => running(stack, node)?.machine ?? []);
  if (alive && asked && alive.type !== asked) {
    throw new UserError(
      `the VMs of stack ${stack} run as ${alive.type}, and ${asked} is asked for: a stack is all of one type. ` +
        `Keep them with ${configured(alive.type)}, or stop them all (npm run lab -- --stack ${stack} stop) and go on: ` +
        "their disks serve both types",
    );
  }
  if (alive) return alive;
  const wanted = asked ?? kept(stack);
  if (wanted) {
    const obstacle = await machines[wanted].obstacle();
    if (!obstacle) return machines[wanted];
    throw new UserError(`${obstacle}; ${otherWay(wanted)}`);
  }
  const obstacle = await uml.obstacle();
  if (!obstacle) return uml;
  notice(`the VMs run under QEMU: ${obstacle}`);
  return qemu;
}

/** The type that a stack was last started with; QEMU was the only one before that was written down. */
function kept(stack: string): MachineType | undefined {
  if (!existsSync(machineFile(stack)))
    return nodes(stack).some((node) => existsSync(rootDisk(stack, node))) ? MachineType.Qemu : undefined;
  const type = readFileSync(machineFile(stack), "utf8").trim();
  return asMachineType(type);
}

/** Removes what a node, or with its last node the stack, has on this machine outside its directory. */
export async function forgetNode(stack: string, node: string): Promise<void> {
  if (!nodes(stack).includes(node)) return;
  const last = nodes(stack).every((name) => name === node);
  for (const machine of Object.values(machines)) await machine.forget(stack, node, last);
}
