import { SSH_PORT } from "../../components/options";
import type { Draft } from "../draft";
import { ROLES } from "../network";
import type { Report } from "../report";
import { Platform } from "../variant";
import { machines } from "./machines";
import { checkUnique } from "./unique";

/** Machines that exist are as many as are written, and each has an interface for each network. */
export function checkHosts(draft: Draft, report: Report): void {
  if (draft.platform !== Platform.Hosts) return;
  const hosts = machines(draft);
  for (const { path, machine } of hosts) {
    const devices = ROLES.map((role) => ({
      path: [...path, `${role}Device`],
      value: machine[`${role}Device`],
    }));
    checkUnique(devices, "a network interface for each network", "choose another one", report);
  }
  const doors = hosts.map(({ path, machine: { sshHost, sshPort = SSH_PORT } }) => ({
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
