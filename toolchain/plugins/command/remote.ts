import { constants } from "node:os";
import type { Client, ClientChannel } from "ssh2";
import { errorMessage } from "../server";
import type { Operation } from "../provider";
import { connectionField, dial, lost, normalizeConnection } from "./connection";
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
  const { signal } = operation;
  signal.addEventListener("abort", close);
  const output = new Output(inputs.logging, operation);
  try {
    signal.throwIfAborted();
    const shell: Shell = { client, to: inputs.connection };
    const environment = inputs.environment ?? {};
    await expectAccepted(shell, environment);
    const { channel, ended } = await open(shell, command, { ...environment, ...previousOutput(inputs) });
    output.collect("stdout", channel);
    output.collect("stderr", channel.stderr);
    channel.end(inputs.stdin ?? "");
    const failure = await ended;
    if (failure) throw output.failure(failure, command);
    return output.printed();
  } catch (error) {
    throw signal.aborted ? output.failure(errorMessage(signal.reason), command) : error;
  } finally {
    signal.removeEventListener("abort", close);
    client.end();
  }
}

/** A connection that stands. */
interface Shell {
  client: Client;
  to: Connection;
}

interface Started {
  channel: ClientChannel;
  /** See `ended`. */
  ended: Promise<string | undefined>;
}

/** Listens for the end before anything else runs: the exit status may be in the packet that says the command runs. */
function open(shell: Shell, command: string, env: Record<string, string>): Promise<Started> {
  const { client, to } = shell;
  return new Promise((resolve, reject) => {
    client.on("error", (error) => reject(new Error(lost(error, to))));
    client.on("close", () => reject(new Error("ssh: unexpected EOF")));
    client.exec(command, { env }, (error, channel) =>
      error ? reject(error) : resolve({ channel, ended: ended(shell, channel) }),
    );
  });
}

/** Why a command failed, in the words of the official plugin; undefined if it did not. */
function ended({ client, to }: Shell, channel: ClientChannel): Promise<string | undefined> {
  return new Promise((resolve) => {
    let failure: string | undefined = "wait: remote command exited without exit status or exit signal";
    channel.on("exit", (status: number | null, signal?: string) => {
      failure = status === 0 ? undefined : `Process exited with status ${status ?? signalled(signal ?? "")}`;
    });
    channel.on("close", () => resolve(failure));
    client.on("error", (error) => (failure = lost(error, to))).on("close", () => resolve(failure));
  });
}

/** @param signal with SIG, as ssh2 has it. */
function signalled(signal: string): string {
  return `${128 + (constants.signals[signal as NodeJS.Signals] ?? 0)} from signal ${signal.replace(/^SIG/, "")}`;
}

/** sshd ignores variables that its AcceptEnv does not name, and ssh2 does not tell: so ask for each of them. */
async function expectAccepted(shell: Shell, environment: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(environment)) {
    const { channel, ended } = await open(shell, `printenv ${name}`, { [name]: value });
    channel.resume();
    if ((await ended) === undefined) continue;
    throw new Error(
      `could not set environment variable ${JSON.stringify(name)}: the SSH server's AcceptEnv must name it, ` +
        "or the command be prefixed with NAME=value",
    );
  }
}
