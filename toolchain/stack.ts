import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import type { Deployment } from "./deployment";
import { settle, underWay } from "./interrupted";
import { clearLocks } from "./locks";
import { capture, notice, UserError } from "./process";
import { copyConfig, STATE } from "./state";

/** How the CLI begins to say so. */
const NO_STACK = "no stack named";

export const noStack = (stack: string) =>
  `there is no stack ${stack}: npm run up -- --stack ${stack} makes it`;

/**
 * The stack's outputs, secrets masked unless `--show-secrets` is among the flags. Needs the environment that
 * toolchain/main.ts makes.
 * @throws UserError if there is no such stack.
 */
export function stackOutputs(stack: string, ...flags: string[]): Record<string, unknown> {
  const args = ["stack", "output", "--json", "--stack", stack, ...flags];
  const { status, stdout, stderr } = capture("pulumi", args);
  if (status === 0) return JSON.parse(stdout) as Record<string, unknown>;
  throw stderr.includes(NO_STACK) ? new UserError(noStack(stack)) : failure(stderr);
}

/** The stack's state, secrets encrypted unless `--show-secrets` is among the flags; undefined if there is no such stack. */
export function exportStack(stack: string, ...flags: string[]): Deployment | undefined {
  const { status, stdout, stderr } = capture("pulumi", ["stack", "export", "--stack", stack, ...flags]);
  if (status === 0) return JSON.parse(stdout) as Deployment;
  if (stderr.includes(NO_STACK)) return undefined;
  throw failure(stderr);
}

/** Puts another state in the place of the stack's. */
export function importStack(stack: string, state: Deployment): void {
  pulumi(["stack", "import", "--stack", stack], JSON.stringify(state));
}

/** Makes an empty stack. `stack init` knows no --config-file, and writes beside the Pulumi.yaml it finds. */
export function createStack(stack: string, config: string): void {
  const folder = mkdtempSync(path.join(STATE, "init-"));
  try {
    const written = path.join(folder, path.basename(config));
    copyFileSync("Pulumi.yaml", path.join(folder, "Pulumi.yaml"));
    renameSync(config, written);
    pulumi(["stack", "init", stack, "--no-select", "--cwd", folder]);
    renameSync(written, config);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an operation wants of its stack. */
export interface Wish {
  /** Whether to make a stack that is not there yet. */
  create?: boolean;
  /** Whether it changes nothing: then it may run beside one that does. */
  reads?: boolean;
}

/**
 * Makes the stack ready for an operation: after a run that was killed, drops its lock and settles what was
 * under way. Returns the configuration file for the CLI; undefined if there is no stack.
 *
 * @throws UserError if another run is at work on the stack.
 */
export function prepareStack(
  stack: string,
  given: string | undefined,
  { create = false, reads = false }: Wish,
): string | undefined {
  const living = clearLocks(stack);
  if (living !== undefined && !reads) throw new UserError(living);
  const state = exportStack(stack);
  if (!state && !create) return undefined;
  const config = copyConfig(stack, given, !create);
  if (!state) createStack(stack, config);
  else if (living === undefined && state.deployment.pending_operations?.length) {
    notice(`a run was cut off while ${underWay(state)}: the next up does it again, destroy removes it`);
    importStack(stack, settle(state));
  }
  return config;
}

/** Runs the CLI, and returns what it printed. */
export function pulumi(args: string[], input?: string): string {
  const { status, stdout, stderr } = capture("pulumi", args, input);
  if (status !== 0) throw failure(stderr);
  return stdout;
}

function failure(stderr: string): UserError {
  return new UserError(stderr.trim().replace(/^error: /, ""));
}
