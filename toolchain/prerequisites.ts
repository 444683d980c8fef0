import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { capture, notice, onPath, runScript, UserError } from "./process";

/** The Debian packages of the tests: linters, and what makes disks to be refused. */
const TESTS = [
  "curl",
  "shellcheck",
  "shfmt",
  "python3-venv",
  "e2fsprogs",
  "mount",
  "perl-base",
  "procps",
  "rsync",
];

/** What a stack's configuration says of the lab's machines. */
export interface LabWish {
  /** What executes them, where it says so. A word that is none is left to the program, which tells all such mistakes at once. */
  machine?: string | undefined;
}

/** The settings in a stack's configuration file. */
export function settings(config: string): Record<string, unknown> {
  const { config: values = {} } = (parse(readFileSync(config, "utf8")) ?? {}) as {
    config?: Record<string, unknown>;
  };
  return values;
}

/** The lab's part of a stack's configuration; undefined when its machines are not the lab's. */
export function labWish(config: string): LabWish | undefined {
  const values = settings(config);
  const platform = values["ha-nfs:platform"] ?? "lab";
  if (platform !== "lab") return undefined;
  const { machine } = Object(values["ha-nfs:lab"]) as { machine?: unknown };
  return { machine: typeof machine === "string" ? machine : undefined };
}

/** Installs what the lab's virtual machines need of the system, and builds what they start from, unless it is there. */
export async function prepareLab(stack: string, { machine }: LabWish): Promise<void> {
  install("the lab", labPackages(stack, machine));
  const built = await runScript("lab/main.ts", ["image"], ["inherit", process.stderr, "inherit"]);
  if (built !== 0) throw new UserError("the lab's image could not be built: see above");
}

/** The Debian packages that the lab needs for a stack. */
function labPackages(stack: string, machine?: string): string[] {
  const lab = ["--import", "tsx", "lab/main.ts", "--stack", stack, "packages"];
  const { status, stdout, stderr } = capture(process.execPath, machine ? [...lab, machine] : lab);
  if (status !== 0) throw new UserError(stderr.trim().replace(/^error: /, ""));
  return stdout.trim().split("\n");
}

/** Installs what the tests need of the system, those of the lab for both types of machine. */
export function prepareTests(suite = "all"): void {
  const lab = ["quick", "faults"].includes(suite) ? [] : labPackages("machines", "all");
  install("the tests", [...TESTS, ...lab]);
}

function isInstalled(name: string): boolean {
  return capture("dpkg-query", ["-W", "-f", "${db:Status-Status}", name]).stdout === "installed";
}

function install(purpose: string, wanted: readonly string[]): void {
  const packages = [...new Set(wanted)].filter((name) => !isInstalled(name));
  if (packages.length === 0) return;
  const command = ["apt-get", "install", "--yes", "--no-install-recommends", ...packages];
  const advice = `for ${purpose}, install ${packages.join(", ")}: as root, run ${command.join(" ")}`;
  if (!onPath("apt-get")) throw new UserError(`${advice} (or your system's like)`);
  if (process.getuid?.() !== 0) throw new UserError(advice);
  notice(`installing ${packages.join(", ")} for ${purpose}`);
  process.env["DEBIAN_FRONTEND"] = "noninteractive";
  for (const step of [["apt-get", "update"], command]) {
    const [program = "", ...args] = step;
    const { status, stdout, stderr } = capture(program, args);
    if (status !== 0) throw new UserError(`${(stdout + stderr).trim()}\n${step.join(" ")} failed: see above`);
  }
}
