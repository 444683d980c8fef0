import { readFileSync } from "node:fs";
import { capture, notice, onPath, runScript, UserError } from "./process";

/** The Debian packages of the lab. */
const LAB = ["qemu-system-x86", "ipxe-qemu", "mmdebstrap", "e2fsprogs", "openssh-client"];

/** Those of the tests: linters, and what makes disks to be refused. */
const TESTS = ["shellcheck", "shfmt", "e2fsprogs", "mount", "perl-base", "procps", "rsync"];

/** Whether the stack's machines are the lab's: so it is where its configuration names no platform. */
export function isLab(config: string): boolean {
  const platform = /^\s*["']?ha-nfs:platform["']?:\s*["']?([\w-]+)/m.exec(readFileSync(config, "utf8"))?.[1];
  return platform === undefined || platform === "lab";
}

/** Installs what the lab's virtual machines need of the system, and builds their image, unless they are there. */
export async function prepareLab(): Promise<void> {
  install("the lab", LAB);
  const status = await runScript("lab/main.ts", ["image"], ["inherit", process.stderr, "inherit"]);
  if (status !== 0) throw new UserError("the lab's image could not be built: see above");
}

/** Installs what the tests need of the system, but for the lab, which they prepare as a user does. */
export function prepareTests(): void {
  install("the tests", TESTS);
}

function isInstalled(name: string): boolean {
  return capture("dpkg-query", ["-W", "-f", "${db:Status-Status}", name]).stdout === "installed";
}

function install(purpose: string, wanted: readonly string[]): void {
  const packages = wanted.filter((name) => !isInstalled(name));
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
