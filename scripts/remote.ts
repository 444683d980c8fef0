import { execFile, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { promisify } from "node:util";
import type { NodeOutput } from "../components/nfsCluster";
import { quote } from "../components/render/shell";

/** How a host is reached. */
type Login = Pick<NodeOutput, "sshCommand">;

/** The shell command that runs `command` as root on a node. ssh fails rather than ask for a password. */
function remote(node: Login, command: string, options = ""): string[] {
  const asRoot = `if [ "$(id -u)" = 0 ]; then exec sh -c ${quote(command)}; else exec sudo -n sh -c ${quote(command)}; fi`;
  return ["-c", `exec ${node.sshCommand} -o BatchMode=yes -o ConnectTimeout=8 ${options} "$0"`, asRoot];
}

/** The same for a command that a person talks to; without a terminal here it reads its standard input. */
export function terminal(node: NodeOutput, command: string): string[] {
  return remote(node, command, process.stdin.isTTY ? "-t" : "");
}

/**
 * Runs a command as root on a node, with `stdin`, and returns its stdout.
 *
 * @throws Error with the last line of stderr when ssh or the command fails, or the time is over.
 */
export async function onNode(node: Login, command: string, timeoutMs = 30_000, stdin = ""): Promise<string> {
  try {
    const running = promisify(execFile)("sh", remote(node, command), {
      timeout: timeoutMs,
      maxBuffer: 256 << 20,
    });
    running.child.stdin?.on("error", () => {}).end(stdin); // an ssh that ends before it has read all says why itself
    return (await running).stdout;
  } catch (error) {
    const { stderr, killed, message } = error as { stderr?: string; killed?: boolean; message: string };
    const why = killed ? `no answer within ${timeoutMs / 1000} s` : stderr?.trim().split("\n").at(-1);
    throw new Error(why || message);
  }
}

/** Starts a command as root on a node; its stdin, stdout and stderr are the child's. */
export function startOnNode(node: NodeOutput, command: string): ChildProcessWithoutNullStreams {
  return spawn("sh", remote(node, command));
}
