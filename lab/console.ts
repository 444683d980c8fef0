import { notice } from "../toolchain/process";
import { consoleTail } from "./ready";
import { mustRun } from "./vm";

const leave = 0x1d; // Ctrl-]

/** Joins this terminal to the serial console of a node, where root is logged in, until Ctrl-] or the VM's end. */
export async function attachConsole(stack: string, node: string): Promise<void> {
  const socket = await mustRun(stack, node).machine.console(stack, node);
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
