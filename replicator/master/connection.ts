import { spawn } from "node:child_process";
import { Duplex } from "node:stream";

/**
 * What a command reads and writes. Destroyed when the command ends, with what it said last as the error; and destroying
 * it ends the command.
 */
export function connectBy(command: readonly string[]): Duplex {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const { stdin, stdout, stderr } = child;
  let said = "";
  let next: (() => void) | undefined;
  const connection = new Duplex({
    writableHighWaterMark: 256 * 1024,
    read: () => stdout.resume(),
    write: (bytes, _, done) => {
      if (stdin.write(bytes)) done();
      else next = done;
    },
    final: (done) => stdin.end(done),
    destroy: (error, done) => {
      child.kill("SIGKILL");
      done(error);
    },
  });
  stdin.on("drain", () => next?.());
  stdin.on("error", () => undefined);
  stdout.on("data", (bytes: Buffer) => {
    if (!connection.push(bytes)) stdout.pause();
  });
  stderr.on("data", (text: Buffer) => (said = (said + text.toString()).slice(-500)));
  const ended = (reason: string) => {
    connection.destroy(new Error(`${program}: ${said.trim().split("\n").at(-1) || reason}`));
  };
  child.on("error", ({ message }) => ended(message));
  child.on("close", (code, signal) => ended(`it has ended with ${signal ?? code}`));
  return connection;
}
