import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { notice, UserError } from "./process";

/** The project's root: toolchain/run.sh goes there before anything else. */
const ROOT = process.cwd();

/** What runs of this project leave behind, for this user alone; Git ignores it. */
export const STATE = path.join(ROOT, ".state");
const BACKEND = path.join(STATE, "backend");
const PASSPHRASE = path.join(STATE, "passphrase");

/** The settings that the CLI adds to a stack's file when it first encrypts something for it. */
const ENCRYPTION = /^(encryptionsalt|encryptedkey):/;

/** Without metadata beside each file: those are written in two steps, and a kill between them makes the state unreadable. */
const URL = `file://${BACKEND}?metadata=skip`;

/** The folder of the state, the user's own if $PULUMI_BACKEND_URL names one; undefined if it is on no disk here. */
export function backendFolder(): string | undefined {
  const [, folder] = /^file:\/\/([^?]*)/.exec(process.env["PULUMI_BACKEND_URL"] || URL) ?? [];
  return folder === undefined ? undefined : path.resolve(ROOT, folder.replace(/^~(?=$|\/)/, homedir()));
}

/** Whether the state is where the user wants it, and not in `.state`. */
const elsewhere = () => backendFolder() !== BACKEND;

/** The project's name, as the CLI has it. */
export function projectName(): string {
  return (parse(readFileSync(path.join(ROOT, "Pulumi.yaml"), "utf8")) as { name: string }).name;
}

/** The state backend and the passphrase of its secrets, as environment variables; the user's own win. */
export function stateEnvironment(stack: string, config: string | undefined): NodeJS.ProcessEnv {
  mkdirSync(BACKEND, { recursive: true, mode: 0o700 });
  const env: NodeJS.ProcessEnv = {};
  if (!process.env["PULUMI_BACKEND_URL"]) env["PULUMI_BACKEND_URL"] = URL;
  if (
    process.env["PULUMI_CONFIG_PASSPHRASE"] === undefined &&
    !process.env["PULUMI_CONFIG_PASSPHRASE_FILE"]
  ) {
    if (!existsSync(PASSPHRASE)) makePassphrase(sourceOf(stack, config));
    env["PULUMI_CONFIG_PASSPHRASE_FILE"] = PASSPHRASE;
  }
  return env;
}

/** @throws UserError if there was one before, under which something is encrypted. */
function makePassphrase(config: string): void {
  const name = path.relative(ROOT, PASSPHRASE);
  const under = stackFiles().map((file) => `the stack ${path.basename(file, ".json")}`);
  if (isEncrypted(config)) under.push(path.basename(config));
  if (under.length > 0) {
    throw new UserError(
      `there is no ${name}, and the secrets of ${under.join(" and ")} are under the passphrase that was in it: put ` +
        "the file back, or set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    );
  }
  const others = configFiles(ROOT).filter((file) => isEncrypted(path.join(ROOT, file)));
  if (others.length > 0) notice(`a new passphrase is in ${name}: it is not that of ${others.join(", ")}`);
  for (const file of configFiles(STATE)) rmSync(path.join(STATE, file));
  writeFileSync(PASSPHRASE, randomBytes(32).toString("hex"), { mode: 0o600 });
}

/** Whether there is certainly no stack: then nothing needs the CLI. */
export function isEmpty(): boolean {
  return !elsewhere() && stackFiles().length === 0;
}

const stackFiles = () =>
  files(path.join(BACKEND, ".pulumi", "stacks")).filter((file) => file.endsWith(".json"));

const sourceOf = (stack: string, given = `Pulumi.${stack}.yaml`) => path.resolve(ROOT, given);

/**
 * The configuration file for the CLI: a copy of the stack's own, or of the one that the user names. The CLI
 * writes a salt into it, and a clean clone has to stay clean; the copy keeps the salt of the one before.
 * With `old`, the copy before serves where the stack's own file is gone.
 */
export function copyConfig(stack: string, given?: string, old = false): string {
  const source = sourceOf(stack, given);
  if (!existsSync(source) && old && existsSync(copyOf(stack))) return copyOf(stack);
  if (!existsSync(source)) {
    const stacks = configFiles(ROOT).map((file) => file.slice("Pulumi.".length, -".yaml".length));
    throw new UserError(
      `there is no ${path.relative(ROOT, source)}; the stacks here are ${stacks.join(", ") || "none"}`,
    );
  }
  const copy = copyOf(stack);
  const kept = encryption(source).length === 0 && existsSync(copy) ? encryption(copy) : [];
  const text = [readFileSync(source, "utf8").trimEnd(), ...kept].join("\n");
  writeFileSync(copy, `${text}\n`, { mode: 0o600 });
  return copy;
}

/** The configuration of a stack: its own file, the one that the user names, or the copy before; undefined if there is none. */
export function configOf(stack: string, given?: string): string | undefined {
  return [sourceOf(stack, given), copyOf(stack)].find((file) => existsSync(file));
}

const copyOf = (stack: string) => path.join(STATE, `Pulumi.${stack}.yaml`);

function configFiles(folder: string): string[] {
  return readdirSync(folder).filter((file) => /^Pulumi\..+\.yaml$/.test(file));
}

const isEncrypted = (file: string) => existsSync(file) && encryption(file).length > 0;

/** The lines that the CLI added to a stack's file. */
function encryption(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => ENCRYPTION.test(line));
}

/**
 * Removes what a stack left in `.state`, and with the last stack all of it; but not the passphrase as long as
 * a configuration file of the user's has secrets under it.
 */
export function forget(stack: string): void {
  rmSync(copyOf(stack), { force: true });
  if (!existsSync(STATE) || !isEmpty() || configFiles(STATE).length > 0) return;
  const needed = configFiles(ROOT).some((file) => isEncrypted(path.join(ROOT, file)));
  for (const name of readdirSync(STATE)) {
    if (!needed || name !== path.basename(PASSPHRASE)) rmSync(path.join(STATE, name), { recursive: true });
  }
  if (!needed) rmdirSync(STATE);
}

/** All files in a folder, at any depth; none if there is no such folder. */
export function files(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
