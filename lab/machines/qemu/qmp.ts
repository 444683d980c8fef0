import { UserError } from "../../../toolchain/process";
import { connectTo } from "../../unixSocket";

interface Message {
  return?: unknown;
  error?: { desc: string };
}

/** Has the QEMU of a node execute one QMP command. A UserError when it refuses, or says nothing for 10 s. */
export async function qmp(stack: string, node: string, command: string, args: object = {}): Promise<unknown> {
  const socket = await connectTo(stack, node, "qmp.sock");
  socket.setTimeout(10_000, () =>
    socket.destroy(new UserError(`QEMU of ${node} does not answer ${command}: is the node paused?`)),
  );
  socket.setEncoding("utf8");
  socket.write('{"execute": "qmp_capabilities"}\n');
  socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
  let [text, answers] = ["", 0];
  for await (const chunk of socket) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const message of lines.map((line) => JSON.parse(line) as Message)) {
      if (message.error) throw new UserError(`QEMU of ${node} refuses ${command}: ${message.error.desc}`);
      if ("return" in message && ++answers === 2) return message.return;
    }
  }
  throw new UserError(`QEMU of ${node} has ended`);
}
