import { spawn } from "node:child_process";
import { once } from "node:events";
import { errorMessage } from "../server";
import type { Operation } from "../provider";
import type { Failure } from "../shape";
import type { Properties } from "../values";
import { Output } from "./output";
import { commandResource, previousOutput } from "./resource";
import type { CommonInputs, Printed } from "./resource";

interface LocalInputs extends CommonInputs {
  /** Default: /bin/sh -c. */
  interpreter?: string[];
  /** Default: the program's directory. */
  dir?: string;
}

/** `command:local:Command`. */
export const localCommand = commandResource<LocalInputs>(
  {
    interpreter: { type: "array" },
    dir: { type: "string" },
    assetPaths: { type: "array" },
    archivePaths: { type: "array" },
  },
  run,
  { failures: refuseAssets },
);

function refuseAssets(inputs: Properties): Failure[] {
  return ["assetPaths", "archivePaths"]
    .filter((property) => (inputs[property] ?? null) !== null)
    .map((property) => ({ property, reason: "ha-nfs's stand-in has no assets: use the official plugin" }));
}

/** Runs a command in a process group of its own, which is killed when the operation is aborted. */
async function run(command: string, inputs: LocalInputs, operation: Operation): Promise<Printed> {
  const [program = "/bin/sh", ...args] = inputs.interpreter?.length ? inputs.interpreter : ["/bin/sh", "-c"];
  const output = new Output(inputs.logging, operation);
  const child = spawn(program, [...args, command], {
    cwd: inputs.dir,
    env: { ...process.env, ...inputs.environment, ...previousOutput(inputs) },
    detached: true,
  });
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  output.collect("stdout", child.stdout);
  output.collect("stderr", child.stderr);
  child.stdin.on("error", () => undefined);
  child.stdin.end(inputs.stdin ?? "");
  const kill = () => killGroup(child.pid);
  operation.signal.addEventListener("abort", kill);
  try {
    const [status, signal] = await ended.catch((error: unknown) => {
      throw output.failure(errorMessage(error), command);
    });
    if (operation.signal.aborted) throw output.failure(errorMessage(operation.signal.reason), command);
    if (signal) throw output.failure(`signal: ${signal}`, command);
    if (status !== 0) throw output.failure(`exit status ${status}`, command);
    return output.printed();
  } finally {
    operation.signal.removeEventListener("abort", kill);
  }
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
