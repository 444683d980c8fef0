import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { cacheDir } from "./cache";
import { capture, isAtLeast, isExecutable, onPath, UserError } from "./process";
import { Progress } from "./progress";

/** The oldest CLI that runs this program: the version of @pulumi/pulumi. */
const OLDEST_CLI = "3.248.0";

/** What may be installed instead. */
const FIT = `Pulumi ${OLDEST_CLI} or later`;

const PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/** The Go module of the CLI that we build. */
const MODULE = path.join(__dirname, "cli");

export interface Cli {
  path: string;
  /** Whether it is a distribution of Pulumi's, which brings the Node.js language host. */
  official: boolean;
}

/** The official CLI if PATH has a fit one, else ours, built if need be. */
export async function findCli(): Promise<Cli> {
  const found = onPath("pulumi");
  const unfit = found === undefined ? "the Pulumi CLI is not on PATH" : unfitness(found);
  if (found !== undefined && unfit === undefined) return { path: found, official: true };
  return { path: await builtCli(unfit ?? ""), official: false };
}

/** Why a CLI is not used; undefined if it is fit. */
function unfitness(cli: string): string | undefined {
  const version = capture(cli, ["version"]).stdout.trim();
  if (!isAtLeast(version, OLDEST_CLI)) return `the Pulumi CLI on PATH is ${version || "none that runs"}`;
  const host = "pulumi-language-nodejs";
  const beside = path.join(path.dirname(realpathSync(cli)), host);
  return onPath(host) || isExecutable(beside) ? undefined : `the Pulumi CLI on PATH has no ${host}`;
}

/**
 * Our own CLI, from the cache.
 * @param unfit why it is not the one on PATH.
 */
async function builtCli(unfit: string): Promise<string> {
  const module = readFileSync(path.join(MODULE, "go.mod"), "utf8");
  const version = pick(module, /^\s*github\.com\/pulumi\/pulumi\/pkg\/v3 v(\S+)/m);
  const flags = [
    "-mod=readonly",
    "-trimpath",
    `-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`,
  ];
  const sums = readFileSync(path.join(MODULE, "go.sum"));
  const hash = createHash("sha256").update(sums).update(flags.join("\n")).digest("hex").slice(0, 12);
  const folder = path.join(cacheDir(), `pulumi-${version}-${hash}`);
  const binary = path.join(folder, "pulumi");
  if (existsSync(binary)) return binary;

  requireGo(unfit, pick(module, /^go (\S+)/m));
  mkdirSync(folder, { recursive: true });
  const partial = path.join(folder, `building-${process.pid}`);
  try {
    await build(unfit, partial, version, flags);
    renameSync(partial, binary);
  } finally {
    rmSync(partial, { force: true });
  }
  return binary;
}

function pick(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`toolchain/cli/go.mod has no line like ${pattern.source}`);
  return found;
}

function requireGo(unfit: string, needed: string): void {
  const why = `${unfit}, and to build ours Go ${needed} or later is needed`;
  const what = `install either (${FIT})`;
  const found = /go version go(\S+)/.exec(capture("go", ["version"]).stdout)?.[1];
  if (found === undefined) throw new UserError(`${why}, but there is no Go: ${what}`);
  if (!isAtLeast(found, needed)) throw new UserError(`${why}, but Go is ${found}: ${what}`);
}

async function build(
  unfit: string,
  output: string,
  version: string,
  flags: readonly string[],
): Promise<void> {
  process.env["GOTOOLCHAIN"] = "local";
  const progress = new Progress(
    `${unfit}, so ${version} is built, once, which takes some minutes; or end this with Ctrl-C and install ${FIT}`,
    "downloading its modules",
  );
  try {
    const listed = await go(
      ["list", "-C", MODULE, "-mod=readonly", "-deps", PACKAGE],
      "stdout",
      (line, count) => progress.show(`source of ${count} packages, now ${line}`),
    );
    await go(["build", "-C", MODULE, "-v", ...flags, "-o", output, PACKAGE], "stderr", (_line, count) =>
      progress.show(`${count} of ${listed} packages compiled`),
    );
  } finally {
    progress.end();
  }
}

/** Runs Go and resolves to the number of lines that it printed on the stream. */
async function go(
  args: string[],
  stream: "stdout" | "stderr",
  each: (line: string, count: number) => void,
): Promise<number> {
  const child = spawn("go", args, { stdio: ["ignore", "pipe", "pipe"] });
  const tail: string[] = [];
  let count = 0;
  for (const name of ["stdout", "stderr"] as const) {
    createInterface({ input: child[name] }).on("line", (line) => {
      tail.push(line);
      if (tail.length > 12) tail.shift();
      if (name === stream) each(line, ++count);
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (status === 0) return count;
  throw new UserError(
    [
      ...tail,
      `go ${args[0]} failed: the last lines above say why. Running it again goes on where it stopped; ` +
        "without a Go module proxy, install the Pulumi CLI",
    ].join("\n"),
  );
}
