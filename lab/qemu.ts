import { labHash } from "./paths";
import { specHash, type VmSpec } from "./spec";

/** How long a VM has from its start until SSH works, in seconds. */
export const startLimit = 240;

/** What executes the guest's instructions. `kvm` only where it was seen to work, see kvm.ts. */
export type Accelerator = "kvm" | "tcg";

/** The start of the -name of a node's QEMU. No other process of this machine has it. */
export function qemuName(stack: string, node: string): string {
  return `${node}.${labHash("vm", stack, node).slice(0, 12)}.`;
}

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
 * socket's path may have 107 bytes. A guest whose kernel panics starts again after 5 s.
 */
export function qemuArguments(spec: VmSpec, accelerator: Accelerator): string[] {
  const machineId = labHash("machine", spec.stack, spec.name).slice(0, 32);
  return [
    ["-name", qemuName(spec.stack, spec.name) + specHash(spec)],
    ["-machine", "q35,sata=off,smbus=off"],
    accelArguments(accelerator),
    ["-smp", `${spec.cpus}`],
    ["-m", `${spec.memoryMiB}`],
    ["-no-user-config", "-nodefaults", "-display", "none"],
    ["-rtc", "base=utc,clock=host"],
    ["-kernel", "kernel", "-initrd", "initrd"],
    [
      "-append",
      "root=/dev/vda net.ifnames=0 console=ttyS0 quiet mitigations=off audit=0 panic=5 " +
        // TCG's cmpxchg16b (QEMU 7.2) leaves rubbish in the flags, of which a kernel has died in its allocator.
        (accelerator === "tcg" ? "clearcpuid=cx16 " : "") +
        // Many that start at once need longer than systemd's 90 s.
        `systemd.default_device_timeout_sec=${startLimit} ` +
        `systemd.hostname=${spec.name} systemd.machine_id=${machineId}`,
    ],
    disk("root", "file=root.img,cache=unsafe"),
    spec.dataDiskMiB > 0 ? disk("data", "file=data.img,cache=writeback") : [],
    disk("seed", "file=seed.tar,read-only=on"),
    nic("management", `user,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:${spec.sshPort}-:22`),
    ...spec.nics.map(({ role, group, mac }) => nic(role, `socket,mcast=${group},localaddr=127.0.0.1`, mac)),
    ["-device", "virtio-rng-pci"],
    ["-chardev", "socket,id=console,path=console.sock,server=on,wait=off,logfile=console.log"],
    ["-serial", "chardev:console"],
    ["-qmp", "unix:qmp.sock,server=on,wait=off"],
    ["-pidfile", "qemu.pid", "-daemonize"],
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
function nic(role: string, backend: string, mac = "52:54:00:12:34:56"): string[] {
  const [type = "", ...options] = backend.split(",");
  return [
    "-netdev",
    [type, `id=${role}-lan`, ...options].join(","),
    "-device",
    `virtio-net-pci,id=${role},netdev=${role}-lan,mac=${mac},romfile=`,
  ];
}
