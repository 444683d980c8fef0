import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { cacheDir } from "../../../toolchain/cache";
import { notice } from "../../../toolchain/process";
import { accelArguments, type Accelerator } from "./arguments";
import { tryRun, withLock, writeWhole } from "../../support";

/** How long a kernel under KVM has to boot, in seconds. One that works needs one or two. */
const patience = 15;

/**
 * `kvm` where a guest was seen to run under it, else `tcg`: a /dev/kvm may be there, open, and its guests hang. Tried
 * once for each boot of this machine.
 * @param kernel the kernel to try it with
 */
export async function accelerator(kernel: string): Promise<Accelerator> {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "tcg";
  }
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const verdict = join(cacheDir(), `kvm-${release()}-${boot}`);
  return withLock(join(cacheDir(), "kvm.lock"), async () => {
    if (!existsSync(verdict)) {
      notice(`trying KVM, ${patience} s at most`);
      writeWhole(verdict, (await kvmWorks(kernel)) ? "kvm" : "tcg");
    }
    return readFileSync(verdict, "utf8") === "kvm" ? "kvm" : "tcg";
  });
}

/** Whether a kernel under KVM gets as far as its panic for want of a root disk, after which QEMU ends by itself. */
async function kvmWorks(kernel: string): Promise<boolean> {
  const machine = [
    "-machine",
    "q35",
    "-cpu",
    "max",
    "-m",
    "256",
    "-no-user-config",
    "-nodefaults",
    "-no-reboot",
  ];
  const guest = [
    "-display",
    "none",
    "-serial",
    "stdio",
    "-kernel",
    kernel,
    "-append",
    "console=ttyS0 panic=-1",
  ];
  const qemu = ["qemu-system-x86_64", ...accelArguments("kvm"), ...machine, ...guest];
  const { code, stdout } = await tryRun("timeout", ["--signal=KILL", `${patience}`, ...qemu]);
  return code === 0 && stdout.includes("Kernel panic");
}
