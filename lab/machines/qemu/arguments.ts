import { join } from "node:path";
import { kernelArguments, management, vmName } from "../../guest";
import { fenceFile, nodeDir } from "../../paths";
import { specHash, type VmSpec } from "../../spec";

/** Where QEMU writes its process number, in the node's directory. */
export const pidFile = "qemu.pid";

/** What executes the guest's instructions. `kvm` only where it was seen to work, see kvm.ts. */
export type Accelerator = "kvm" | "tcg";

/**
 * What executes the guest, and what it is told it runs on. TCG emulates AVX so slowly that programs are better off
 * without: measured, sha256sum takes a third of the time and a boot a tenth less. Its cache of translated code is
 * bounded, since the default is 1 GiB for each VM; programs that compile themselves, as node, fill it quickly.
 */
export function accelArguments(accelerator: Accelerator): string[] {
  return accelerator === "kvm"
    ? ["-accel", "kvm", "-cpu", "max"]
    : ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max,avx=off,avx2=off,la57=off"];
}

/**
 * QEMU's arguments for a VM. Every file is relative to the node's directory, where QEMU must be started, since a
 * socket's path may have 107 bytes.
 */
export function qemuArguments(spec: VmSpec, accelerator: Accelerator): string[] {
  // TCG's cmpxchg16b (QEMU 7.2) leaves rubbish in the flags, of which a kernel has died in its allocator.
  const words = [...kernelArguments(spec, "/dev/vda"), ...(accelerator === "tcg" ? ["clearcpuid=cx16"] : [])];
  return [
    ["-name", vmName(spec.stack, spec.name) + specHash(spec)],
    ["-machine", "q35,sata=off,smbus=off"],
    accelArguments(accelerator),
    ["-smp", `${spec.cpus}`],
    ["-m", `${spec.memoryMiB}`],
    ["-no-user-config", "-nodefaults", "-display", "none"],
    ["-rtc", "base=utc,clock=host"],
    ["-kernel", "kernel", "-initrd", "initrd"],
    ["-append", words.join(" ")],
    disk("root", "file=root.img,cache=unsafe"),
    spec.dataDiskMiB > 0 ? disk("data", "file=data.img,cache=writeback") : [],
    disk("seed", "file=seed.tar,read-only=on"),
    nic(
      "management",
      `user,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:${spec.sshPort}-:22${fence(spec)}`,
      management.mac,
    ),
    ...spec.nics.map(({ role, group, mac }) => nic(role, `socket,mcast=${group},localaddr=127.0.0.1`, mac)),
    ["-device", "virtio-rng-pci"],
    ["-chardev", "socket,id=console,path=console.sock,server=on,wait=off,logfile=console.log"],
    ["-serial", "chardev:console"],
    ["-qmp", "unix:qmp.sock,server=on,wait=off"],
    ["-pidfile", pidFile, "-daemonize"],
  ].flat();
}

/** A disk that the guest finds as /dev/disk/by-id/virtio-NAME. */
function disk(name: string, options: string): string[] {
  return [
    "-drive",
    `if=none,id=${name},format=raw,${options}`,
    "-device",
    `virtio-blk-pci,drive=${name},serial=${name}`,
  ];
}

/** A NIC whose device has its role as id, which is how `linkDown` finds it. */
function nic(role: string, backend: string, mac: string): string[] {
  const [type = "", ...options] = backend.split(",");
  return [
    "-netdev",
    [type, `id=${role}-lan`, ...options].join(","),
    "-device",
    `virtio-net-pci,id=${role},netdev=${role}-lan,mac=${mac},romfile=`,
  ];
}

/** The fence device of a guest that may fence others: QEMU runs its program for each connection. */
function fence({ stack, name, fences = [] }: VmSpec): string {
  if (fences.length === 0) return "";
  const program = `'${join(nodeDir(stack, name), fenceFile).replaceAll("'", String.raw`'\''`)}'`;
  const { address, port } = management.fence;
  return `,guestfwd=tcp:${address}:${port}-cmd:${program.replaceAll(",", ",,")}`;
}
