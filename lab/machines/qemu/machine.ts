import { join } from "node:path";
import { notice, UserError } from "../../../toolchain/process";
import { findProcess, processState } from "../../guest";
import { nodeDir } from "../../paths";
import { requireTools, tryRun } from "../../support";
import { connectTo } from "../../unixSocket";
import { type Machine, PortTaken } from "../machine";
import { MachineType } from "../type";
import { pidFile, qemuArguments } from "./arguments";
import { accelerator } from "./kvm";
import { qmp } from "./qmp";

const program = /(^|\/)qemu-system-[^/]+$/;
const find = (stack: string, node: string) => findProcess(stack, node, pidFile, program);

/** Guests under QEMU. It has no networks on this machine: the LANs are multicast groups on the loopback. */
export const qemu: Machine = {
  type: MachineType.Qemu,

  tools: "qemu",
  obstacle: () => Promise.resolve(undefined),

  async start(spec) {
    requireTools("qemu");
    const directory = nodeDir(spec.stack, spec.name);
    const accel = await accelerator(join(directory, "kernel"));
    notice(`${spec.name}: starting (QEMU, ${accel})`);
    const { code, stderr } = await tryRun("qemu-system-x86_64", qemuArguments(spec, accel), {
      cwd: directory,
    });
    if (code === 0) return;
    if (/Could not set up host forwarding rule/.test(stderr)) throw new PortTaken();
    throw new UserError(`${spec.name}: QEMU: ${stderr.trim()}`);
  },

  running(stack, node) {
    const found = find(stack, node);
    if (!found) return undefined;
    const { pid, command } = found;
    return {
      pid,
      spec: /\.(\w+)$/.exec(command[command.indexOf("-name") + 1] ?? "")?.[1] ?? "",
      sshPort: Number(/hostfwd=tcp:127\.0\.0\.1:(\d+)-/.exec(command.join(" "))?.[1]),
      ...processState(pid),
    };
  },

  async powerDown(stack, node) {
    await qmp(stack, node, "system_powerdown");
  },

  frozen: (stack, node) => [find(stack, node)?.pid ?? []].flat(),

  async setLink(stack, node, role, up) {
    await qmp(stack, node, "set_link", { name: role, up });
  },

  console: (stack, node) => connectTo(stack, node, "console.sock"),

  forget: () => Promise.resolve(),
};
