import type { Draft } from "../draft";
import { isHostAddress, overlap, ROLES } from "../network";
import { formatPath, show, type Path, type Report } from "../report";
import { Platform } from "../variant";
import { machines } from "./machines";
import { checkUnique, listed } from "./unique";

/** QEMU's own user-mode network, through which the lab manages its machines. */
const LAB_MANAGEMENT_NETWORK = "10.0.2.0/24";

const NETWORKS = ROLES.map((role) => `${role}Network` as const);

export function checkNetworks(draft: Draft, report: Report): void {
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

/** Every address that a machine or the cluster takes: the machines first, the VIPs last. */
function takenAddresses(draft: Draft) {
  const own = machines(draft).flatMap(({ path, machine }) =>
    ROLES.map((role) => ({
      path: [...path, `${role}Address`],
      value: machine[`${role}Address`],
      network: `${role}Network` as const,
    })),
  );
  const vips = [
    { path: ["vip"], value: draft.vip },
    ...listed(["vipAliases"], draft.vipAliases),
    { path: ["readPool", "vip"], value: draft.readPool?.vip },
  ];
  return [...own, ...vips.map((vip) => ({ ...vip, network: "serviceNetwork" as const }))];
}

export function checkAddresses(draft: Draft, report: Report): void {
  const taken = takenAddresses(draft);
  // on AWS the hosts' addresses are AWS's, and the virtual ones are elsewhere: see rules/aws.ts
  if (draft.platform !== Platform.Aws)
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
export function checkPingNodes(draft: Draft, report: Report): void {
  const nodes = listed(["heartbeat", "pingNodes"], draft.heartbeat?.pingNodes);
  const cluster = takenAddresses(draft).filter(({ path }) => path[0] !== "lab" && path[0] !== "pushTargets");
  const mend = "name the gateway or another machine that is always up";
  for (const { path, value } of nodes) {
    if (draft.platform !== Platform.Aws) checkInside(draft, "serviceNetwork", path, value, report);
    const owner = cluster.find((taken) => taken.value === value);
    if (value === undefined || owner === undefined) continue;
    report(
      path,
      `${show(value)}, which is ${formatPath(owner.path)}`,
      "an address that is not the cluster's own",
      mend,
    );
  }
  checkUnique(nodes, "an address not listed before", mend, report);
}
