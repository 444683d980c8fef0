import type { Draft } from "../draft";
import { labNumber } from "../labDefaults";
import { nearest, show, type Lookup, type Report } from "../report";
import { Platform } from "../variant";
import { checkUnique, listed, type Found } from "./unique";

/** The rules of slaves, read pool and push targets that go beyond those of any machine. */
export function checkFleet(draft: Draft, written: Lookup, report: Report): void {
  if (draft.readPool && written(["slaves"]) === undefined) {
    report(["readPool"], "a pool without slaves", "nothing without slaves", "set slaves, or remove readPool");
  }
  if (draft.platform === Platform.Lab) {
    checkLabSlaves(draft, written, report);
    checkLabTargets(draft, report);
  }
  checkTargetShares(draft, report);
}

function checkLabSlaves(draft: Draft, written: Lookup, report: Report): void {
  const allowed = "an address; only a name that ends in a number from 1 to 20 has one by default";
  draft.slaves?.forEach((slave, i) => {
    if (slave?.name === undefined || labNumber(slave.name) !== undefined) return;
    for (const key of ["serviceAddress", "linkAddress"]) {
      const path = ["slaves", i, key];
      if (written(path) === undefined) report(path, "nothing", allowed, "set it, or choose such a name");
    }
  });
}

function checkLabTargets(draft: Draft, report: Report): void {
  const targets = (draft.pushTargets ?? []).map((target, i) => ({
    path: ["pushTargets", i, "name"],
    value: target?.name,
  }));
  const clients = draft.lab?.clients?.map((client) => client?.name);
  checkListed(targets, clients, "the name of one of lab.clients", report);
  checkUnique(targets, "a client that no other target has", "merge the two targets", report);
}

function checkTargetShares(draft: Draft, report: Report): void {
  const shares = draft.shares?.map((share) => share?.name);
  draft.pushTargets?.forEach((target, i) => {
    const names = listed(["pushTargets", i, "shares"], target?.shares);
    checkListed(names, shares, "the name of one of shares", report);
    checkUnique(names, "a share not listed before", "remove it", report);
  });
}

/** Reports each of `entries` whose value is none of `names`. */
function checkListed(
  entries: readonly Found<string>[],
  names: readonly (string | undefined)[] | undefined,
  allowed: string,
  report: Report,
): void {
  // An invalid name is reported on its own, and may be the one that is meant.
  const known = names?.filter((name) => name !== undefined);
  if (known === undefined || known.length !== names?.length) return;
  for (const { path, value } of entries) {
    if (value === undefined || known.includes(value)) continue;
    const guess = nearest(value, known);
    report(path, show(value), allowed, guess === undefined ? "add it there" : `did you mean ${guess}?`);
  }
}
