import { kernelArguments, management, vmName } from "../../guest";
import type { VmSpec } from "../../spec";
import { managementTap, tap } from "./network";

/**
 * The arguments of a guest's kernel, which is a program. Every file is relative to the node's directory, where it must be
 * started. The serial line is its stdin and stdout, and its control socket is in `uml/`.
 */
export function umlArguments(spec: VmSpec): string[] {
  const { stack, name, memoryMiB, dataDiskMiB, nics } = spec;
  const taps = [
    { ifname: managementTap(stack, name), mac: management.mac },
    ...nics.map(({ role, mac }) => ({ ifname: tap(stack, name, role), mac })),
  ];
  return [
    `umid=${vmName(stack, name)}`,
    "uml_dir=uml/",
    `mem=${memoryMiB}M`,
    "seccomp=auto",
    "ubd0=root.img,,root",
    ...(dataDiskMiB > 0 ? ["ubd1=data.img,,data"] : []),
    "ubd2r=seed.tar,,seed",
    ...taps.map(({ ifname, mac }, i) => `vec${i}:transport=tap,ifname=${ifname},depth=128,gro=1,mac=${mac}`),
    ...["con=null", "ssl=null", "ssl0=fd:0,fd:1"],
    ...kernelArguments(spec, "/dev/ubda"),
    // What only slows it here: Debian's security modules, and 512 terminals of old that udev looks at in each boot.
    ...["lsm=capability", "pty.legacy_count=0"],
    // So no guest mounts a directory of this machine's: nothing is below a directory that is not there.
    "hostfs=/nonexistent",
    // A process with io_uring's rings mapped that forks (node does) brings this kernel down: bad page map, panic (7.2.7).
    "sysctl.kernel.io_uring_disabled=2",
  ];
}
