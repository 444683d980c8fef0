import type { Draft } from "../draft";
import { show, type Path, type Report } from "../report";
import { Platform } from "../variant";
import { checkUnique } from "./unique";

export type Kind = "masters" | "clients" | "slaves" | "proxies" | "pushTargets";

/** A machine of the draft and where it is. Masters have every key that a machine can have. */
export interface Entry {
  readonly kind: Kind;
  readonly path: Path;
  readonly machine: NonNullable<NonNullable<Draft["masters"]>[number]>;
}

/** The entries of all lists of machines. */
export function entries(draft: Draft): Entry[] {
  const of = (kind: Kind, path: Path, list: readonly (Entry["machine"] | undefined)[] = []) =>
    list.flatMap((machine, i) => (machine === undefined ? [] : [{ kind, path: [...path, i], machine }]));
  return [
    ...of("masters", ["masters"], draft.masters),
    ...of("clients", ["lab", "clients"], draft.lab?.clients),
    ...of("slaves", ["slaves"], draft.slaves),
    ...of("proxies", ["readPool", "proxies"], draft.readPool?.proxies),
    ...of("pushTargets", ["pushTargets"], draft.pushTargets),
  ];
}

/** Every machine, once: a push target of the lab is one of the clients. */
export function machines(draft: Draft): Entry[] {
  return entries(draft).filter(({ kind }) => kind !== "pushTargets" || draft.platform === Platform.Hosts);
}

/** The lab's machines have control sockets, whose paths have their names in them. */
const LAB_NAME = /^[a-z0-9-]{1,15}$/;

export function checkNames(draft: Draft, report: Report): void {
  const names = machines(draft).map(({ path, machine }) => ({
    path: [...path, "name"],
    value: machine.name,
  }));
  for (const { path, value } of names) {
    if (draft.platform !== Platform.Lab || value === undefined || LAB_NAME.test(value)) continue;
    report(
      path,
      show(value),
      "on platform lab 1 to 15 of a-z, 0-9 and '-'",
      "choose a short one without dots",
    );
  }
  checkUnique(names, "a name that no other machine has", "choose another one", report);
}

export function checkPairs(draft: Draft, report: Report): void {
  const check = (path: Path, kind: Kind, count = 2) => {
    const mend = "an HA pair has one active and one standby";
    if (count !== 2) report(path, `a list of ${count}`, `a list of exactly two ${kind}`, mend);
  };
  check(["masters"], "masters", draft.masters?.length);
  check(["readPool", "proxies"], "proxies", draft.readPool?.proxies?.length);
}
