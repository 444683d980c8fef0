import { DOOR_PORT, WITNESS_PORT } from "../../components/render/fencing";
import type { Draft } from "../draft";
import { NONE } from "../fencingSchema";
import { HeartbeatTransport, Manager } from "../../components/enums";
import { show, type Lookup, type Report } from "../report";
import { checkUnique } from "./unique";

export function checkShares(draft: Draft, report: Report): void {
  const names = (draft.shares ?? []).map((share, i) => ({ path: ["shares", i, "name"], value: share?.name }));
  checkUnique(names, "a name that no other share has", "choose another one", report);
  draft.shares?.forEach((share, i) => {
    const clients = (share?.clients ?? []).map((client, j) => ({
      path: ["shares", i, "clients", j, "from"],
      value: client?.from?.replace(/\/32$/, ""),
    }));
    checkUnique(
      clients,
      "an address or network that the share has not listed yet",
      "merge the two entries",
      report,
    );
    for (const { path, value } of clients) {
      const proxy =
        draft.readPool?.proxies?.findIndex((each) => value && each?.serviceAddress === value) ?? -1;
      if (proxy < 0) continue;
      const found = `${show(value)}, which is readPool.proxies[${proxy}].serviceAddress`;
      const allowed = "no proxy: it reads for others, and slaves let it in by themselves";
      report(path, found, allowed, "name the readers themselves");
    }
  });
}

/** The options of a cluster manager that is not the chosen one would have no effect. */
export function checkManager(draft: Draft, written: Lookup, report: Report): void {
  for (const manager of Object.values(Manager)) {
    if (draft.manager === undefined || draft.manager === manager || written([manager]) === undefined)
      continue;
    report(
      [manager],
      show(written([manager])),
      `nothing with manager ${draft.manager}`,
      `remove it, or set manager to ${manager}`,
    );
  }
}

/** The third vote is on the witness' host. */
export function checkQuorumDevice(draft: Draft, report: Report): void {
  if (!draft.pacemaker?.quorumDevice || (draft.fencing?.witness ?? NONE) !== NONE) return;
  const allowed = "false without fencing.witness, whose host has the third vote";
  report(["pacemaker", "quorumDevice"], "true", allowed, "remove it, or name a witness");
}

/** The order and distances of the heartbeat's times, in milliseconds: ha.cf(5). */
export function checkHeartbeat(draft: Draft, report: Report): void {
  const { keepalive = NaN, warntime = NaN, deadtime = NaN, initdead = NaN } = draft.heartbeat ?? {};
  // Comparisons with NaN are false, so a rule about an invalid time reports nothing.
  const atLeast = (
    key: string,
    found: number,
    bounds: readonly [ms: number, why: string, mend: string][],
  ) => {
    const broken = bounds.filter(([ms]) => found < ms).sort((a, b) => b[0] - a[0])[0];
    if (broken === undefined) return;
    const [ms, why, mend] = broken;
    report(["heartbeat", key], `${found}ms`, `at least ${ms}ms, ${why}`, mend);
  };
  atLeast("warntime", warntime, [[keepalive + 1, "more than keepalive", "raise it, or lower keepalive"]]);
  atLeast("deadtime", deadtime, [
    [warntime + 1, "more than warntime", "raise it, or lower warntime"],
    [2 * keepalive, "twice keepalive", "raise it, or lower keepalive"],
    [1000, "or a busy master counts as dead", "raise it"],
  ]);
  atLeast("initdead", initdead, [[2 * deadtime, "twice deadtime", "raise it, or lower deadtime"]]);
  const { transport, udpPort } = draft.heartbeat ?? {};
  if (transport === HeartbeatTransport.Multicast && udpPort === 65535) {
    const allowed = "at most 65534 with mcast, whose second network has the next port";
    report(["heartbeat", "udpPort"], `${udpPort}`, allowed, "lower it");
  }
}

export function checkReplication(draft: Draft, report: Report): void {
  const { coalesce = NaN, maxLag = NaN } = draft.replication ?? {};
  if (coalesce < maxLag || Number.isNaN(coalesce + maxLag)) return;
  const allowed = `less than maxLag, ${maxLag}ms, or every slave is late while changes are gathered`;
  report(["replication", "coalesce"], `${coalesce}ms`, allowed, "lower it, or raise maxLag");
}

/** Ports that a machine of the cluster may have in use already. */
const IN_USE = new Map([
  [22, "SSH"],
  [80, "HTTP"],
  [2049, "NFS"],
  [DOOR_PORT, "fencing"],
  [WITNESS_PORT, "fencing"],
]);

export function checkPorts(draft: Draft, report: Report): void {
  const { metricsPort, healthPort } = draft.replication ?? {};
  const ports = [
    { path: ["drbd", "port"], value: draft.drbd?.port },
    { path: ["replication", "metricsPort"], value: metricsPort },
    { path: ["replication", "healthPort"], value: healthPort },
  ];
  for (const { path, value = NaN } of ports) {
    const owner = IN_USE.get(value);
    if (owner === undefined) continue;
    report(path, `${value}`, `a port other than ${owner}'s ${value}`, "choose another one");
  }
  checkUnique(ports, "a port of its own", "choose another one", report);
}

/** A client that notices the failover at its next renewal must still be within the grace period. */
export function checkGrace(draft: Draft, report: Report): void {
  const { leaseSeconds, graceSeconds } = draft.nfs ?? {};
  if (leaseSeconds !== undefined && graceSeconds !== undefined && graceSeconds < leaseSeconds) {
    const mend = "raise it, or lower leaseSeconds: a client may notice the failover only at its next renewal";
    report(["nfs", "graceSeconds"], `${graceSeconds}`, `at least leaseSeconds, ${leaseSeconds}`, mend);
  }
}
