import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const REPO = process.cwd();

/**
 * A CLI that knows a stack with these resources, and notes the commands it is given.
 * @param install the exit status of `plugin install`
 */
export const fakeCli = (version: string, install: number, resources = "[]") => `
echo "$*" >>"$PULUMI_LOG"
case "$*" in
version) echo ${version} ;;
"plugin install"*) echo no route >&2; exit ${install} ;;
"stack export"*) echo '{"deployment":{"resources":${resources}}}' ;;
"stack output"*) echo '{}' ;;
home) echo "$PULUMI_HOME" ;;
esac`;

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A Pulumi project in a temporary folder, which toolchain/main.ts is run in. */
export class Project {
  readonly root = mkdtempSync(path.join(tmpdir(), "ha-nfs-project-"));
  /** Where executables can be put that PATH has before all others. */
  readonly bin = path.join(this.root, "bin");
  /** The user's environment: no Pulumi settings, and a home without any. */
  readonly env: NodeJS.ProcessEnv = {
    PATH: [this.bin, process.env["PATH"]].join(path.delimiter),
    HOME: process.env["HOME"],
    PULUMI_HOME: this.file("pulumi-home"),
  };

  constructor() {
    symlinkSync(path.join(REPO, "node_modules"), this.file("node_modules"));
    mkdirSync(this.bin);
    this.write("Pulumi.yaml", "name: it\nruntime: nodejs\nmain: index.ts\n");
    this.write("Pulumi.dev.yaml", "config:\n  ha-nfs:platform: hosts\n");
    this.write("package.json", '{ "name": "it" }\n');
    this.write("preflight/main.ts", ""); // finds nothing
    this.write(
      "tsconfig.json",
      '{ "compilerOptions": { "module": "nodenext", "strict": true, "skipLibCheck": true } }\n',
    );
  }

  file(name: string): string {
    return path.join(this.root, name);
  }

  write(name: string, text: string): void {
    mkdirSync(path.dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), text);
  }

  read(name: string): string {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), "utf8") : "";
  }

  /** Puts a shell script on PATH. */
  fake(name: string, script: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(this.bin, name), 0o755);
  }

  /** Puts the official plugins where the official CLI has them. */
  installPlugins(): void {
    for (const plugin of ["command-v1.2.1", "random-v4.21.1"])
      this.write(`pulumi-home/plugins/resource-${plugin}/PulumiPlugin.yaml`, "");
  }

  /** Leaves of PATH only the fakes, and what a shell script needs. */
  isolate(...tools: string[]): void {
    for (const tool of ["sh", "env", ...tools]) symlinkSync(which(tool), path.join(this.bin, tool));
    this.env["PATH"] = this.bin;
    this.env["XDG_CACHE_HOME"] = this.file("cache");
  }

  /** The words of a command that runs a verb. */
  command(...args: string[]): string[] {
    return [process.execPath, "--import", "tsx", path.join(REPO, "toolchain/main.ts"), ...args];
  }

  start(...args: string[]): ChildProcess & { ended: Promise<Ended> } {
    const [program = "", ...words] = this.command(...args);
    const child = spawn(program, words, { cwd: this.root, env: this.env });
    return Object.assign(child, { ended: collect(child) });
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function collect(child: ChildProcess): Promise<Ended> {
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => (text[name] += chunk));
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (status) => resolve({ status, ...text }));
  });
}

function which(tool: string): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const found = folders.map((folder) => path.join(folder, tool)).find((file) => existsSync(file));
  if (!found) throw new Error(`${tool} is not on PATH`);
  return found;
}
