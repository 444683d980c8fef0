import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onPath, UserError } from "../toolchain/process";

/** Exit status of flock(1) when it does not wait for a lock that another one has. */
const HELD = 1;
/** Milliseconds between looks for a lock that is free. */
const LOOK_AGAIN = 300;

/** Writes a file of mode 600 whole or not at all. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, content, { mode: 0o600 });
  renameSync(partial, file);
}

/** How a command ended, and what it wrote. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Where a command runs (default: here) and what it reads (default: nothing). */
export interface CommandOptions {
  cwd?: string;
  input?: string;
}

/** Runs a command to its end. A command that does not exist is a UserError; a failure is not. */
export function tryRun(
  command: string,
  args: string[],
  { cwd, input = "" }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd });
    child.stdin.on("error", () => undefined).end(input); // one that reads nothing may be gone by now
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
    child.on("error", (error) => fail(new UserError(`cannot run ${command}: ${error.message}`)));
    child.on("close", (code) => done({ code, ...out }));
  });
}

/** Like `tryRun`, but a failure is a UserError with the command's stderr. */
export async function run(command: string, args: string[], options?: CommandOptions): Promise<void> {
  const { code, stderr } = await tryRun(command, args, options);
  if (code !== 0) throw new UserError(`${[command, ...args].join(" ")} failed (${code}): ${stderr.trim()}`);
}

/**
 * Runs `work` while it alone, among all processes of this machine, holds the lock `file`.
 * The kernel drops the lock with the process that holds it, however it ends, so no lock is ever stale.
 */
export async function withLock<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  const holder = await hold(file);
  if (!holder) throw new UserError(`cannot lock ${file}: flock has not waited`);
  return whileHeld(holder, work);
}

/** The same with any of several locks: as many processes work at once. */
export async function withOneLock<T>(files: readonly string[], work: () => T | Promise<T>): Promise<T> {
  for (;;) {
    for (const file of files) {
      const holder = await hold(file, "--nonblock");
      if (holder) return whileHeld(holder, work);
    }
    await sleep(LOOK_AGAIN);
  }
}

/** A process that holds the lock until its stdin ends; undefined: another one has it, and flock is not to wait. */
async function hold(file: string, ...flags: string[]): Promise<ChildProcess | undefined> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const command = [...flags, file, "sh", "-c", "echo; exec cat"];
  const holder = spawn("flock", command, { stdio: ["pipe", "pipe", "ignore"] });
  return new Promise((done, fail) => {
    holder.once("error", () => fail(new UserError("cannot run flock: install util-linux")));
    holder.once("exit", (code) => {
      if (code === HELD) done(undefined);
      else fail(new UserError(`cannot lock ${file}: flock ended with ${code}`));
    });
    holder.stdout.once("data", () => done(holder));
  });
}

async function whileHeld<T>(holder: ChildProcess, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    holder.stdin?.end();
  }
}

/** A program the lab calls: what it is for, and the Debian package that has it. */
interface Tool {
  name: string;
  purpose: string;
  package: string;
}

const ssh = [
  { name: "ssh", purpose: "reaches the VMs", package: "openssh-client" },
  { name: "ssh-keygen", purpose: "makes their keys", package: "openssh-client" },
];

const tools = {
  image: [
    { name: "mmdebstrap", purpose: "gets the VMs' Debian", package: "mmdebstrap" },
    { name: "mke2fs", purpose: "makes their file system", package: "e2fsprogs" },
    { name: "strip", purpose: "makes their modules small", package: "binutils" },
  ],
  ssh,
  qemu: [{ name: "qemu-system-x86_64", purpose: "runs the VMs", package: "qemu-system-x86" }],
  uml: [
    { name: "ip", purpose: "makes the VMs' networks", package: "iproute2" },
    { name: "socat", purpose: "leads to their SSH", package: "socat" },
    { name: "setpriv", purpose: "runs them with no rights", package: "util-linux" },
  ],
} satisfies Record<string, Tool[]>;

/** Something that the lab does with programs of the system. */
export type Task = keyof typeof tools;

/** What is no program: QEMU's firmware for the NICs. */
const files: Partial<Record<Task, string[]>> = { qemu: ["ipxe-qemu"] };

/** The Debian packages that tasks need. */
export function packages(...tasks: Task[]): string[] {
  const names = tasks.flatMap((task) => [...tools[task].map((tool) => tool.package), ...(files[task] ?? [])]);
  return [...new Set(names)];
}

/** Throws one UserError that names all the missing programs of `task`, what each is for, and how to get them. */
export function requireTools(task: Task): void {
  const missing = tools[task].filter(({ name }) => !onPath(name));
  if (missing.length === 0) return;
  const list = missing.map(({ name, purpose }) => `${name} (${purpose})`).join(", ");
  throw new UserError(
    `not on PATH: ${list}; apt-get install --no-install-recommends ${packages(task).join(" ")}`,
  );
}
