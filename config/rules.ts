import { Platform } from "./types";
import { isHostAddress, overlap } from "./network";
import type { Draft } from "./draft";
import { formatPath, HIDDEN, show, type Path, type Report } from "./report";

/** The value at `path` as the user wrote it, valid or not; undefined where there is none. */
export type Lookup = (path: Path) => unknown;

/** QEMU's own user-mode network, through which the lab manages its machines. */
const LAB_MANAGEMENT_NETWORK = "10.0.2.0/24";

const NETWORKS = ["serviceNetwork", "linkNetwork", "replicationNetwork"] as const;
const REQUIRED_ON_HOSTS = ["hostKey", "serviceDevice", "linkDevice", "dataDisk"] as const;
const DEVICES = ["serviceDevice", "linkDevice", "replicationDevice"] as const;
const ONLY_ON_HOSTS = ["sshHost", "sshPort", "sshUser", "hostKey", ...DEVICES, "dataDisk"] as const;

/** Reports what is wrong between the valid values of `draft`. */
export function checkRules(draft: Draft, written: Lookup, report: Report): void {
  if (draft.platform === Platform.Lab) checkLab(draft, written, report);
  if (draft.platform === Platform.Hosts) checkHosts(draft, written, report);
  checkMasterCount(draft, report);
  checkReplication(draft, written, report);
  checkNetworks(draft, report);
  checkAddresses(draft, report);
  checkPingNodes(draft, report);
  checkNames(draft, report);
  checkShares(draft, report);
  checkHeartbeat(draft, report);
  checkPortAndGrace(draft, report);
}

function checkLab(draft: Draft, written: Lookup, report: Report): void {
  const allowed = "nothing on platform lab, which sets it itself";
  const mend = "remove it, or set platform to hosts";
  if (written(["sshPrivateKey"]) !== undefined) report(["sshPrivateKey"], HIDDEN, allowed, mend);
  draft.masters?.forEach((_, i) => {
    for (const key of ONLY_ON_HOSTS) {
      const found = written(["masters", i, key]);
      if (found !== undefined) report(["masters", i, key], show(found), allowed, mend);
    }
  });
}

function checkHosts(draft: Draft, written: Lookup, report: Report): void {
  const lab = written(["lab"]);
  const labMend = "remove it, or set platform to lab";
  if (lab !== undefined) report(["lab"], show(lab), "nothing on platform hosts", labMend);
  const keyMend = "set it with `pulumi config set --secret sshPrivateKey < FILE`";
  if (written(["sshPrivateKey"]) === undefined) {
    report(["sshPrivateKey"], "nothing", "the private key that opens the hosts", keyMend);
  }
  if (written(["masters"]) === undefined) {
    report(["masters"], "nothing", "a list of exactly two masters", "see docs/config.md for an example");
  }
  draft.masters?.forEach((master, i) => {
    if (master === undefined) return;
    for (const key of REQUIRED_ON_HOSTS) {
      if (written(["masters", i, key]) !== undefined) continue;
      report(["masters", i, key], "nothing", "a value on platform hosts", `see ${key} in docs/config.md`);
    }
    const devices = DEVICES.map((key) => ({ path: ["masters", i, key], value: master[key] }));
    checkUnique(devices, "a network interface for each network", "choose another one", report);
  });
  const doors = draft.masters?.map((master, i) => ({
    path: ["masters", i, "sshHost"],
    value: master?.sshHost && `${master.sshHost}:${master.sshPort ?? 22}`,
  }));
  checkUnique(doors ?? [], "a host and port for each master", "the masters are two machines", report);
}

function checkMasterCount(draft: Draft, report: Report): void {
  const count = draft.masters?.length ?? 2;
  const mend = "an HA pair has one active and one standby";
  if (count !== 2) report(["masters"], `a list of ${count}`, "a list of exactly two masters", mend);
}

/** A replication network comes with an address, and on hosts an interface, for each master; or not at all. */
function checkReplication(draft: Draft, written: Lookup, report: Report): void {
  const wanted = written(["replicationNetwork"]) !== undefined;
  const devices = draft.platform === Platform.Hosts ? (["replicationDevice"] as const) : [];
  draft.masters?.forEach((master, i) => {
    if (master === undefined) return;
    for (const key of ["replicationAddress", ...devices] as const) {
      const path = ["masters", i, key];
      const found = written(path) ?? master[key];
      if (wanted && found === undefined) {
        report(
          path,
          "nothing",
          "a value where replicationNetwork is set",
          "set it, or remove replicationNetwork",
        );
      } else if (!wanted && found !== undefined) {
        const allowed = "nothing without replicationNetwork";
        report(path, show(found), allowed, "remove it, or set replicationNetwork");
      }
    }
  });
}

function checkNetworks(draft: Draft, report: Report): void {
  NETWORKS.forEach((key, i) => {
    const network = draft[key];
    if (network === undefined) return;
    for (const other of NETWORKS.slice(0, i)) {
      const taken = draft[other];
      if (taken === undefined || !overlap(network, taken)) continue;
      report(
        [key],
        show(network),
        `a network apart from ${other} ${taken}`,
        "choose one that does not overlap it",
      );
    }
    if (draft.platform === Platform.Lab && overlap(network, LAB_MANAGEMENT_NETWORK)) {
      const allowed = `a network apart from ${LAB_MANAGEMENT_NETWORK}, which QEMU uses to manage the lab`;
      report([key], show(network), allowed, "choose one that does not overlap it");
    }
  });
}

/** Every address that a machine or the cluster takes: masters first, the VIP last. */
function takenAddresses(draft: Draft) {
  const masters = (draft.masters ?? []).flatMap((master, i) => [
    { path: ["masters", i, "serviceAddress"], value: master?.serviceAddress, network: NETWORKS[0] },
    { path: ["masters", i, "linkAddress"], value: master?.linkAddress, network: NETWORKS[1] },
    { path: ["masters", i, "replicationAddress"], value: master?.replicationAddress, network: NETWORKS[2] },
  ]);
  const clients = (draft.lab?.clients ?? []).map((client, i) => ({
    path: ["lab", "clients", i, "serviceAddress"],
    value: client?.serviceAddress,
    network: NETWORKS[0],
  }));
  return [...masters, ...clients, { path: ["vip"], value: draft.vip, network: NETWORKS[0] }];
}

function checkAddresses(draft: Draft, report: Report): void {
  const taken = takenAddresses(draft);
  for (const { path, value, network } of taken) checkInside(draft, network, path, value, report);
  checkUnique(taken, "an address that nothing else has", "choose another one", report);
}

function checkInside(
  draft: Draft,
  network: (typeof NETWORKS)[number],
  path: Path,
  address: string | undefined,
  report: Report,
): void {
  const cidr = draft[network];
  if (cidr === undefined || address === undefined || isHostAddress(cidr, address)) return;
  const allowed = `an address of ${network} ${cidr}, neither its first nor its last`;
  report(path, show(address), allowed, `choose one inside, or correct ${network}`);
}

/** A ping node tells whether the network works, so it is none of the addresses whose reach it is to prove. */
function checkPingNodes(draft: Draft, report: Report): void {
  const nodes = (draft.heartbeat?.pingNodes ?? []).map((value, i) => ({
    path: ["heartbeat", "pingNodes", i],
    value,
  }));
  const cluster = takenAddresses(draft).filter(({ path }) => path[0] !== "lab");
  const mend = "name the gateway or another machine that is always up";
  for (const { path, value } of nodes) {
    checkInside(draft, "serviceNetwork", path, value, report);
    const owner = cluster.find((taken) => taken.value === value);
    if (value === undefined || owner === undefined) continue;
    report(
      path,
      `${show(value)}, which is ${formatPath(owner.path)}`,
      "neither a master's address nor the VIP",
      mend,
    );
  }
  checkUnique(nodes, "an address not listed before", mend, report);
}

function checkNames(draft: Draft, report: Report): void {
  const masters = (draft.masters ?? []).map((master, i) => ({
    path: ["masters", i, "name"],
    value: master?.name,
  }));
  const clients = (draft.lab?.clients ?? []).map((client, i) => ({
    path: ["lab", "clients", i, "name"],
    value: client?.name,
  }));
  checkUnique([...masters, ...clients], "a name that no other machine has", "choose another one", report);
}

function checkShares(draft: Draft, report: Report): void {
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
  });
}

/** The order and distances of the heartbeat's times, in milliseconds: ha.cf(5). */
function checkHeartbeat(draft: Draft, report: Report): void {
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
}

function checkPortAndGrace(draft: Draft, report: Report): void {
  if (draft.drbd?.port === 2049) {
    report(["drbd", "port"], "2049", "a port other than NFS's 2049", "choose another one, such as 7788");
  }
  const { leaseSeconds, graceSeconds } = draft.nfs ?? {};
  if (leaseSeconds !== undefined && graceSeconds !== undefined && graceSeconds < leaseSeconds) {
    const mend = "raise it, or lower leaseSeconds: a client may notice the failover only at its next renewal";
    report(["nfs", "graceSeconds"], `${graceSeconds}`, `at least leaseSeconds, ${leaseSeconds}`, mend);
  }
}

/** Reports each of `entries` whose value an earlier one has; an undefined value is none. */
function checkUnique(
  entries: readonly { readonly path: Path; readonly value: string | undefined }[],
  allowed: string,
  mend: string,
  report: Report,
): void {
  const first = new Map<string, Path>();
  for (const { path, value } of entries) {
    if (value === undefined) continue;
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, path);
    else report(path, `${show(value)}, which ${formatPath(earlier)} has too`, allowed, mend);
  }
}
