import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../toolchain/process";
import { hostKeyFile, readIdentity } from "./identity";
import { controlDir, nodes, stackDir } from "./paths";
import { running } from "./machines/choice";
import { readSpec } from "./spec";
import { tryRun, writeWhole } from "./support";

/** A node as SSH sees it. */
export interface SshNode {
  name: string;
  port: number;
  /** Its public host key, `ssh-ed25519 AAAA…`. */
  hostKey: string;
}

export function sshConfigFile(stack: string): string {
  return join(stackDir(stack), "ssh_config");
}

/** The ssh_config of a stack whose files are in `directory`: `ssh -F` with it needs nothing but a node's name. */
export function sshConfig(directory: string, controls: string, sshNodes: SshNode[]): string {
  const quoted = (file: string) => `"${join(directory, file).replaceAll("%", "%%")}"`;
  return [
    "# Written by the lab. ssh -F <this file> NODE",
    ...sshNodes.flatMap(({ name, port }) => ["", `Host ${name}`, `  Port ${port}`, `  HostKeyAlias ${name}`]),
    "",
    `Host ${sshNodes.map(({ name }) => name).join(" ")}`,
    "  HostName 127.0.0.1",
    "  User root",
    `  IdentityFile ${quoted("id_ed25519")}`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    "  BatchMode yes",
    `  UserKnownHostsFile ${quoted("known_hosts")}`,
    "  GlobalKnownHostsFile none",
    "  StrictHostKeyChecking yes",
    "  UpdateHostKeys no",
    "  ConnectTimeout 15",
    "  ServerAliveInterval 10",
    "  ServerAliveCountMax 6",
    "  ControlMaster auto",
    `  ControlPath ${controls}/%C`,
    "  ControlPersist 60",
    "",
  ].join("\n");
}

/** The known_hosts of a stack: each node's host key under its own name. */
export function knownHosts(sshNodes: SshNode[]): string {
  return sshNodes.map(({ name, hostKey }) => `${name} ${hostKey}\n`).join("");
}

/** Writes ssh_config and known_hosts for the nodes there are, with the ports that running VMs really have. */
export function writeSshConfig(stack: string): void {
  const withKeys = nodes(stack).filter((name) => existsSync(hostKeyFile(stack, name)));
  const sshNodes = withKeys.map((name) => ({
    name,
    port: running(stack, name)?.sshPort ?? readSpec(stack, name).sshPort,
    hostKey: readIdentity(stack, name).hostKey,
  }));
  makeControlDir(controlDir(stack));
  writeWhole(join(stackDir(stack), "known_hosts"), knownHosts(sshNodes));
  writeWhole(sshConfigFile(stack), sshConfig(stackDir(stack), controlDir(stack), sshNodes));
}

/** Ends SSH's master process of a node, if there is one. */
export async function endSshMaster(stack: string, node: string): Promise<void> {
  await tryRun("ssh", ["-F", sshConfigFile(stack), "-O", "exit", node]);
}

/** /tmp is everybody's, so the directory must be ours alone: who owns it can pose as the master. */
function makeControlDir(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = lstatSync(directory);
  if ((mode & 0o170777) !== 0o040700 || uid !== process.getuid?.()) {
    throw new UserError(
      `${directory} must be a directory of mode 700 of this user: someone else made it, remove it`,
    );
  }
}
