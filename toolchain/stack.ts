import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { capture, notice, UserError } from "./process";
import { copyConfig, removeStaleLocks, STATE } from "./state";

/** The part of a stack's exported state that is read here. */
export interface Deployment {
  deployment: {
    resources?: unknown[];
    pending_operations?: { resource: { urn: string }; type: string }[];
  };
}

/**
 * The stack's outputs, secrets masked unless `--show-secrets` is among the flags. Needs the environment that
 * toolchain/main.ts makes.
 * @throws UserError if there is no such stack.
 */
export function stackOutputs(stack: string, ...flags: string[]): Record<string, unknown> {
  return JSON.parse(pulumi(["stack", "output", "--json", "--stack", stack, ...flags])) as Record<
    string,
    unknown
  >;
}

/** The stack's state, secrets encrypted; undefined if there is no such stack. */
export function exportStack(stack: string): Deployment | undefined {
  const { status, stdout, stderr } = capture("pulumi", ["stack", "export", "--stack", stack]);
  if (status === 0) return JSON.parse(stdout) as Deployment;
  if (stderr.includes("no stack named")) return undefined;
  throw failure(stderr);
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

/**
 * Makes the stack ready for an operation: after a run that was killed, drops its lock and what was under way.
 * The engine would only warn of that, at every run, for ever. All that was under way is done again, as every
 * step of the program can be. Returns the configuration file for the CLI; undefined if there is no stack.
 */
export function prepareStack(stack: string, given: string | undefined, create: boolean): string | undefined {
  removeStaleLocks();
  const state = exportStack(stack);
  if (!state && !create) return undefined;
  const config = copyConfig(stack, given, !create);
  if (!state) createStack(stack, config);
  else if (state.deployment.pending_operations?.length) dropPending(stack, state);
  return config;
}

function dropPending(stack: string, state: Deployment): void {
  const { pending_operations: pending = [], ...rest } = state.deployment;
  const names = pending.map(({ type, resource }) => `${type} ${resource.urn.split("::").at(-1)}`);
  notice(`a run was killed while ${names.join(", ")}: this one does it again`);
  pulumi(["stack", "import", "--stack", stack], JSON.stringify({ ...state, deployment: rest }));
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
