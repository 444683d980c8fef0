import { constants } from "node:os";
import type { Client, ClientChannel } from "ssh2";
import { errorMessage } from "../server";
import type { Operation } from "../provider";
import { connectionField, dial, normalizeConnection } from "./connection";
import type { Connection } from "./connection";
import { Output } from "./output";
import { commandResource, previousOutput } from "./resource";
import type { CommonInputs, Printed } from "./resource";

interface RemoteInputs extends CommonInputs {
  connection: Connection;
}

/** `command:remote:Command`. */
export const remoteCommand = commandResource<RemoteInputs>({ connection: connectionField }, run, {
  normalize: (inputs) => ({ ...inputs, connection: normalizeConnection(inputs["connection"] ?? null) }),
});

/** Runs a command over an SSH connection of its own, which is closed when the operation is aborted. */
async function run(command: string, inputs: RemoteInputs, operation: Operation): Promise<Printed> {
  const client = await dial(inputs.connection, operation);
  const close = () => client.destroy();
  operation.signal.addEventListener("abort", close);
  try {
    operation.signal.throwIfAborted();
    const environment = inputs.environment ?? {};
    await expectAccepted(client, environment);
    const output = new Output(inputs.logging, operation);
    const { channel, ended } = await open(client, command, { ...environment, ...previousOutput(inputs) });
    output.collect("stdout", channel);
    output.collect("stderr", channel.stderr);
    channel.end(inputs.stdin ?? "");
    const failure = await ended;
    if (operation.signal.aborted) throw output.failure(errorMessage(operation.signal.reason), command);
    if (failure) throw output.failure(failure, command);
    return output.printed();
  } finally {
    operation.signal.removeEventListener("abort", close);
    client.end();
  }
}

interface Started {
  channel: ClientChannel;
  /** See `ended`. */
  ended: Promise<string | undefined>;
}

/** Listens for the end before anything else runs: the exit status may be in the packet that says the command runs. */
function open(client: Client, command: string, env: Record<string, string>): Promise<Started> {
  return new Promise((resolve, reject) => {
    client.exec(command, { env }, (error, channel) =>
      error ? reject(error) : resolve({ channel, ended: ended(client, channel) }),
    );
  });
}

/** Why a command failed, in the words of the official plugin; undefined if it did not. */
function ended(client: Client, channel: ClientChannel): Promise<string | undefined> {
  return new Promise((resolve) => {
    let failure: string | undefined = "wait: remote command exited without exit status or exit signal";
    channel.on("exit", (status: number | null, signal?: string) => {
      failure = status === 0 ? undefined : `Process exited with status ${status ?? signalled(signal ?? "")}`;
    });
    channel.on("close", () => resolve(failure));
    client.on("error", (error) => (failure = error.message)).on("close", () => resolve(failure));
  });
}

/** @param signal with SIG, as ssh2 has it. */
function signalled(signal: string): string {
  return `${128 + (constants.signals[signal as NodeJS.Signals] ?? 0)} from signal ${signal.replace(/^SIG/, "")}`;
}

/** sshd ignores variables that its AcceptEnv does not name, and ssh2 does not tell: so ask for each of them. */
async function expectAccepted(client: Client, environment: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(environment)) {
    const { channel, ended } = await open(client, `printenv ${name}`, { [name]: value });
    channel.resume();
    if ((await ended) === undefined) continue;
    throw new Error(
      `could not set environment variable ${JSON.stringify(name)}: the SSH server's AcceptEnv must name it, ` +
        "or the command be prefixed with NAME=value",
    );
  }
}
