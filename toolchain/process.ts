import { spawn, spawnSync } from "node:child_process";
import type { StdioOptions } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { constants as os } from "node:os";
import path from "node:path";

/** An error that is the user's to mend: its message is one line that says what is wrong and what to do. */
export class UserError extends Error {}

/** What `parse` makes of a command line; what it throws becomes a UserError with the usage behind it. */
export function orUsage<T>(usage: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${usage}`);
  }
}

/** One line for the user, on stderr: stdout belongs to the CLI. */
export function notice(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a command with our terminal and resolves to its exit status, 128 and the signal's number if one
 * ended it. Ctrl-C reaches the command by itself, so it is left to cancel in its own way.
 */
export function run(
  command: string,
  args: readonly string[],
  stdio: StdioOptions = "inherit",
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio });
    const interrupted = () => undefined;
    const terminated = () => child.kill("SIGTERM");
    process.on("SIGINT", interrupted).on("SIGTERM", terminated);
    child.on("error", reject);
    child.on("close", (status, signal) => {
      process.off("SIGINT", interrupted).off("SIGTERM", terminated);
      resolve(status ?? 128 + (signal ? os.signals[signal] : 0));
    });
  });
}

/** Runs one of our own TypeScript programs, given by its path from the project's root. */
export function runScript(script: string, args: readonly string[], stdio?: StdioOptions): Promise<number> {
  return run(process.execPath, ["--import", "tsx", script, ...args], stdio);
}

export interface Captured {
  /** null if the command could not be started, or was killed. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a command to its end without showing it.
 * @param timeout milliseconds, after which it is killed.
 */
export function capture(command: string, args: readonly string[], input = "", timeout?: number): Captured {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    input,
    timeout,
    killSignal: "SIGKILL",
    maxBuffer: Infinity,
  });
  return { status, stdout: stdout ?? "", stderr: stderr ?? "" };
}

/** Where an executable is on PATH; undefined if it is not. */
export function onPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter(Boolean);
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether version a, like 3.248.0 or v3.248.0, is b or later. */
export function isAtLeast(a: string, b: string): boolean {
  const parts = (version: string) =>
    version
      .replace(/^\D+/, "")
      .split(/[.\-+]/, 3)
      .map(Number);
  const [left, right] = [parts(a), parts(b)];
  const i = right.findIndex((part, index) => part !== left[index]);
  return i < 0 || (left[i] ?? 0) > (right[i] ?? 0);
}
