import { existsSync } from "node:fs";
import { management } from "../../guest";
import { labHash } from "../../paths";
import type { VmSpec } from "../../spec";
import { run, tryRun } from "../../support";

/** The network namespace of a stack: its bridges and its guests' cables, and nothing else of this machine. */
export function namespace(stack: string): string {
  return `ha-nfs-${labHash("network", stack).slice(0, 8)}`;
}

/** The tap behind a NIC, which is its cable. The kernel allows 15 letters; the alias says what it is. */
export function tap(stack: string, node: string, role: string): string {
  return `tap${labHash("tap", stack, node, role).slice(0, 10)}`;
}

/** The tap behind a guest's management NIC, which is on no bridge. */
export function managementTap(stack: string, node: string): string {
  return tap(stack, node, "management");
}

/** The bridge that is the LAN of a role. */
function bridge(role: string): string {
  return `br-${role}`;
}

/**
 * The lines for `ip -batch` that make what a guest's NICs need and is not there yet, and plug every cable in.
 * @param there the names of the interfaces in the namespace
 */
export function networkLines({ stack, name, nics }: VmSpec, there: ReadonlySet<string>): string[] {
  const { operator, fence, prefix } = management;
  const own = managementTap(stack, name);
  const cable = (device: string, role: string) =>
    there.has(device) ? [] : [`tuntap add ${device} mode tap`, `link set ${device} alias ${name}/${role}`];
  return [
    "link set lo up",
    ...cable(own, "management"),
    // The same on each of them: who connects says over which.
    `address replace ${operator}/${prefix} dev ${own}`,
    `address replace ${fence.address}/${prefix} dev ${own}`,
    `link set ${own} up`,
    ...nics.flatMap(({ role }) => {
      const [device, lan] = [tap(stack, name, role), bridge(role)];
      return [
        ...(there.has(lan) ? [] : [`link add ${lan} type bridge mcast_snooping 0`]),
        `link set ${lan} up`,
        ...cable(device, role),
        `link set ${device} master ${lan} up`,
      ];
    }),
  ];
}

/** Makes the stack's namespace and what the guest's NICs need in it. Nothing that is there is touched. */
export async function makeNetwork(spec: VmSpec): Promise<void> {
  const name = namespace(spec.stack);
  if (!existsSync(`/run/netns/${name}`)) {
    await run("ip", ["netns", "add", name]);
    // No way through, whatever this machine's defaults are, and no addresses of the bridges' own.
    const settings = ["ipv4/ip_forward=0", "ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0"];
    const quiet = ["ipv6/conf/all/disable_ipv6=1", "ipv6/conf/default/disable_ipv6=1"];
    const set = 'for one; do f=/proc/sys/net/${one%=*}; [ ! -e "$f" ] || echo "${one#*=}" >"$f"; done';
    await run("ip", ["netns", "exec", name, "sh", "-euc", set, "sh", ...settings, ...quiet]);
  }
  const { stdout } = await tryRun("ip", ["-n", name, "-json", "link"]);
  const there = new Set((JSON.parse(stdout || "[]") as { ifname: string }[]).map(({ ifname }) => ifname));
  await run("ip", ["-n", name, "-batch", "-"], { input: networkLines(spec, there).join("\n") });
}

/** Pulls the cable of a NIC, or plugs it in. The guest keeps its carrier: what it sends goes nowhere. */
export async function setCable(stack: string, node: string, role: string, up: boolean): Promise<void> {
  const end = up ? ["master", bridge(role)] : ["nomaster"];
  await run("ip", ["-n", namespace(stack), "link", "set", tap(stack, node, role), ...end]);
}

/** Removes a guest's cables. */
export async function removeCables(stack: string, node: string, roles: string[]): Promise<void> {
  for (const role of ["management", ...roles])
    await tryRun("ip", ["-n", namespace(stack), "link", "delete", tap(stack, node, role)]);
}

/** Removes the namespace with all that is in it. */
export async function removeNetwork(stack: string): Promise<void> {
  if (existsSync(`/run/netns/${namespace(stack)}`)) await run("ip", ["netns", "delete", namespace(stack)]);
}
