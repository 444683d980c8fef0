import type { Draft } from "../draft";
import { HIDDEN, show, type Lookup, type Path, type Report } from "../report";
import { SET_KEY } from "../schema";
import { Platform } from "../types";
import { entries, machines, type Kind } from "./machines";
import { checkUnique } from "./unique";

const SSH = ["sshHost", "sshPort", "sshUser"];
const SERVER = ["hostKey", "serviceDevice"];
const STORAGE = [...SERVER, "linkDevice", "dataDisk"];
const TARGET = [...SERVER, "serviceAddress"];

/** By kind of machine, the keys that hosts must have, and those that the lab sets itself. */
const KEYS: Record<Kind, { readonly onHosts: readonly string[]; readonly notOnLab: readonly string[] }> = {
  masters: { onHosts: STORAGE, notOnLab: [...SSH, ...STORAGE, "replicationDevice"] },
  clients: { onHosts: [], notOnLab: [] },
  slaves: { onHosts: [...STORAGE, "serviceAddress", "linkAddress"], notOnLab: [...SSH, ...STORAGE] },
  proxies: { onHosts: SERVER, notOnLab: [...SSH, ...SERVER] },
  pushTargets: { onHosts: TARGET, notOnLab: [...SSH, ...TARGET] },
};
const DEVICES = ["serviceDevice", "linkDevice", "replicationDevice"] as const;

export function checkPlatform(draft: Draft, written: Lookup, report: Report): void {
  if (draft.platform === Platform.Lab) checkLab(draft, written, report);
  if (draft.platform === Platform.Hosts) checkHosts(draft, written, report);
}

function checkLab(draft: Draft, written: Lookup, report: Report): void {
  const allowed = "nothing on platform lab, which sets it itself";
  const mend = "remove it, or set platform to hosts";
  if (written(["sshPrivateKey"]) !== undefined) report(["sshPrivateKey"], HIDDEN, allowed, mend);
  for (const { kind, path } of entries(draft)) {
    for (const key of KEYS[kind].notOnLab) {
      const found = written([...path, key]);
      if (found !== undefined) report([...path, key], show(found), allowed, mend);
    }
  }
}

function checkHosts(draft: Draft, written: Lookup, report: Report): void {
  const need = (path: Path, allowed: string, mend: string) => {
    if (written(path) === undefined) report(path, "nothing", allowed, mend);
  };
  const example = "see docs/config.md for an example";
  const lab = written(["lab"]);
  const labMend = "remove it, or set platform to lab";
  if (lab !== undefined) report(["lab"], show(lab), "nothing on platform hosts", labMend);
  need(["sshPrivateKey"], "the private key that opens the hosts", SET_KEY);
  need(["masters"], "a list of exactly two masters", example);
  if (draft.readPool) need(["readPool", "proxies"], "a list of exactly two proxies", example);

  const hosts = machines(draft);
  for (const { kind, path, machine } of hosts) {
    for (const key of KEYS[kind].onHosts) {
      need([...path, key], "a value on platform hosts", `see ${key} in docs/config.md`);
    }
    const devices = DEVICES.map((key) => ({ path: [...path, key], value: machine[key] }));
    checkUnique(devices, "a network interface for each network", "choose another one", report);
  }
  const doors = hosts.map(({ path, machine: { sshHost, sshPort = 22 } }) => ({
    path: [...path, "sshHost"],
    value: sshHost && `${sshHost}:${sshPort}`,
  }));
  checkUnique(doors, "a host and port for each machine", "no two machines are the same", report);
  const keys = (draft.masters ?? []).map((master, i) => ({
    path: ["masters", i, "hostKey"],
    value: master?.hostKey?.split(" ", 2).join(" "),
  }));
  const mend =
    "is it one machine? Of two that were cloned give one new keys: rm /etc/ssh/ssh_host_*, dpkg-reconfigure openssh-server";
  checkUnique(keys, "a host key for each master", mend, report);
}

/** A replication network comes with an address, and on hosts an interface, for each master; or not at all. */
export function checkReplicationNetwork(draft: Draft, written: Lookup, report: Report): void {
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
