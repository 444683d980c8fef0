import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { utils } from "ssh2";
import { cacheDir } from "./cache";
import { capture, notice, UserError } from "./process";
import { STATE } from "./state";

/** What pip installs, and the Debian images that moto is to know. */
const REQUIREMENTS = path.join(__dirname, "moto/requirements.txt");
const IMAGES = path.join(__dirname, "moto/amis.json");

/** How long moto may take to listen, in milliseconds. */
const PATIENCE = 60_000;

interface Running {
  pid: number;
  port: number;
  /** A private key for hosts that nobody logs in on: a stack's configuration must have one. */
  sshKey: string;
}

/** A program of moto's Python environment, which is its own and in the cache. */
export function motoProgram(name: "moto_server" | "python"): string {
  const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 12);
  const folder = path.join(cacheDir(), `moto-${hash}`);
  const program = path.join(folder, "bin", name);
  if (existsSync(path.join(folder, "complete"))) return program;
  notice("installing moto, which imitates AWS: 140 MB, once");
  mkdirSync(cacheDir(), { recursive: true });
  // a virtual environment has its own path in its programs, so it can't be made elsewhere and moved here
  rmSync(folder, { recursive: true, force: true });
  const steps = [
    ["python3", "-m", "venv", folder],
    [path.join(folder, "bin/pip"), "install", "--quiet", "--requirement", REQUIREMENTS],
  ];
  for (const [command = "", ...args] of steps) {
    const { status, stdout, stderr } = capture(command, args);
    if (status === 0) continue;
    rmSync(folder, { recursive: true, force: true });
    const advice = "Python 3 with venv (Debian's python3-venv) and a package index are needed";
    throw new UserError(`${(stdout + stderr).trim()}\n${command} ${args.join(" ")} failed: ${advice}`);
  }
  writeFileSync(path.join(folder, "complete"), "");
  return program;
}

const recordOf = (stack: string) => path.join(STATE, `moto-${stack}.json`);

/** The moto of a stack, if it still runs. */
function running(stack: string): Running | undefined {
  if (!existsSync(recordOf(stack))) return undefined;
  const record = JSON.parse(readFileSync(recordOf(stack), "utf8")) as Running;
  const command = `/proc/${record.pid}/cmdline`;
  return existsSync(command) && readFileSync(command, "utf8").includes("moto_server") ? record : undefined;
}

/** Starts a moto for a stack, which outlives us, for it is all that has the stack's resources. */
async function start(stack: string): Promise<Running> {
  const log = path.join(STATE, `moto-${stack}.log`);
  const out = openSync(log, "w", 0o600);
  const child = spawn(motoProgram("moto_server"), ["-H", "127.0.0.1", "-p", "0"], {
    stdio: ["ignore", out, out],
    env: { ...process.env, MOTO_AMIS_PATH: IMAGES },
    detached: true,
  });
  child.unref();
  for (const end = Date.now() + PATIENCE; Date.now() < end && child.exitCode === null; await sleep(100)) {
    const [, port] = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(log, "utf8")) ?? [];
    if (port === undefined || child.pid === undefined) continue;
    const record: Running = {
      pid: child.pid,
      port: Number(port),
      sshKey: utils.generateKeyPairSync("ed25519").private,
    };
    writeFileSync(`${recordOf(stack)}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${recordOf(stack)}.new`, recordOf(stack));
    return record;
  }
  child.kill();
  throw new UserError(`moto does not start: see ${log}`);
}

/** The stack's moto, started unless it runs: the environment in which it is AWS, and the key for its hosts. */
export async function moto(stack: string): Promise<{ env: NodeJS.ProcessEnv; sshKey: string }> {
  const { port, sshKey } = running(stack) ?? (await start(stack));
  const env = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "pretended",
    AWS_SECRET_ACCESS_KEY: "pretended",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  return { env, sshKey };
}

/** Ends the stack's moto, if there is one, and with it all that it has. */
export async function endMoto(stack: string): Promise<void> {
  const record = running(stack);
  if (record) process.kill(record.pid);
  for (const end = Date.now() + PATIENCE; running(stack) && Date.now() < end;) await sleep(50);
  for (const file of [recordOf(stack), path.join(STATE, `moto-${stack}.log`)]) rmSync(file, { force: true });
}
