import { closeSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { UserError } from "../toolchain/process";
import { nodeDir } from "./paths";

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
