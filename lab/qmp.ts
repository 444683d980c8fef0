import { closeSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { UserError } from "../toolchain/process";
import { nodeDir } from "./paths";

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

/** Connects to a Unix socket in a node's directory, however long the path of that is. */
export function connectTo(stack: string, node: string, name: string): Promise<Socket> {
  const directory = openSync(nodeDir(stack, node), "r");
  return new Promise<Socket>((done, fail) => {
    const socket = connect(join("/proc/self/fd", `${directory}`, name));
    socket.once("connect", () => done(socket));
    socket.once("error", (error) =>
      fail(new UserError(`no connection to ${name} of ${node}: ${error.message}`)),
    );
  }).finally(() => closeSync(directory));
}
