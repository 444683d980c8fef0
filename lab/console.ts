import { notice, UserError } from "../toolchain/process";
import { running } from "./machines/choice";
import { consoleTail } from "./ready";
import { readSpec } from "./spec";

const leave = 0x1d; // Ctrl-]

/** Joins this terminal to the serial console of a node, where root is logged in, until Ctrl-] or the VM's end. */
export async function attachConsole(stack: string, node: string): Promise<void> {
  readSpec(stack, node);
  const vm = running(stack, node);
  if (!vm) throw new UserError(`${node} does not run: npm run lab -- start ${node}`);
  const socket = await vm.machine.console(stack, node);
  notice(`${consoleTail(stack, node)}\n-- console of ${node}, Ctrl-] leaves --`);
  const { stdin, stdout } = process;
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("data", (data: Buffer) => {
    if (data.includes(leave)) socket.end();
    else socket.write(data);
  });
  stdin.on("end", () => socket.end());
  socket.pipe(stdout, { end: false });
  await new Promise((closed) => socket.once("close", closed));
  if (stdin.isTTY) stdin.setRawMode(false);
  stdin.pause();
}
