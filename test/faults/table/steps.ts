import type { Fault, Mode } from "../fault";
import type { Hands } from "../hands";

export const DEVICE: Mode[] = ["device", "both"];
export const WITNESS: Mode[] = ["witness", "both"];
const PROVEN: Mode[] = ["device", "witness", "both"];
/** All the networks between the masters. */
export const NETWORKS = ["link", "service"] as const;
/** The bits of DRBD's own fault injection: writes and reads of data, every one. */
export const DISK_FAILS =
  "cd /sys/module/drbd/parameters; echo 1 >fault_devs; echo 48 >enable_faults; echo 100 >fault_rate";

/** A fault; without a word on it, where some proof can be had, without a shot, and without a hand. */
export function fault(
  name: string,
  stands: string,
  more: Partial<Omit<Fault, "name" | "stands" | "inject">>,
  inject: Fault["inject"],
): Fault {
  return { modes: PROVEN, ...more, name, stands, inject };
}

/** Pulls cables for a time, and waits for the service. */
export async function cutFor(h: Hands, node: string, time: number, ...roles: string[]): Promise<void> {
  await h.cut(node, ...roles);
  await h.wait(time);
  await h.join(node, ...roles);
  await h.service(60);
}

export async function pauseFor(h: Hands, node: string, time: number): Promise<void> {
  h.pause(node);
  await h.wait(time);
  h.resume(node);
  await h.service(60);
}

/** Spoils what a NIC sends for a time. One that was shot meanwhile has forgotten it. */
export async function netemFor(h: Hands, node: string, words: string, ...roles: string[]): Promise<void> {
  await Promise.all(roles.map((role) => h.netem(node, role, words)));
  await h.wait(20);
  await Promise.all(roles.map((role) => h.netem(node, role, "off").catch(() => undefined)));
}

/** Does something to a node that whoever serves is to mend by itself, and waits for the service. */
export async function spoil(h: Hands, node: string, command: string, limit = 15): Promise<void> {
  await h.on(node, command);
  await h.service(limit);
}

/** A planned move of the service from a master to the other one, until it is there. */
export async function move(h: Hands, from: string): Promise<void> {
  await h.on(from, "/usr/local/lib/ha-nfs/manager.py hand-over");
  const there = "grep -q ' /srv/nfs ' /proc/mounts && grep -q '^th [1-9]' /proc/net/rpc/nfsd";
  await h.succeeds(from === h.active ? h.standby : h.active, there, 60);
  await h.service(60);
}

/** Cuts the active's power, sees whether the other one takes over, and starts it. */
export async function killActive(h: Hands): Promise<void> {
  await h.kill(h.active);
  await h.service(30);
  await h.start(h.active);
}

/** Takes the address of the link off a node for 15 s. */
export function loseAddress(h: Hands, node: string): Promise<void> {
  const away = "ip address del $4 dev eth2; sleep 15; ip address add $4 dev eth2";
  return spoil(h, node, `set -- $(ip -o -4 address show dev eth2); ${away}`);
}

/** Has the standby copy slowly what it missed. */
export async function slowResync(h: Hands): Promise<void> {
  await h.kill(h.standby);
  await h.service(20);
  const bulk = "dd if=/dev/urandom of=/srv/nfs/data/fault-bulk bs=1M count=60 conv=fsync status=none";
  const slow = "drbdadm disk-options --c-plan-ahead=0 --resync-rate=1M data";
  await h.on(h.active, `${bulk}; ${slow}`);
  await h.start(h.standby);
  await h.succeeds(h.standby, `${slow}; drbdadm cstate data | grep -q SyncTarget`, 60);
}

export async function endResync(h: Hands): Promise<void> {
  await h.start(h.active, h.standby);
  for (const node of [h.active, h.standby]) await h.on(node, "drbdadm adjust data");
}
