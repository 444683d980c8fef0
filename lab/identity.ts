import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../toolchain/process";
import { nodeDir, stackDir } from "./paths";
import { dropEmpty, stackLock } from "./stack";
import type { NodeName } from "./spec";
import { requireTools, run, withLock } from "./support";

/** The keys of one node, in OpenSSH's formats. `privateKey` and `publicKey` are the whole stack's. */
export interface Identity {
  privateKey: string;
  publicKey: string;
  /** The node's public host key, `ssh-ed25519 AAAA…`, without a comment. */
  hostKey: string;
}

/** Makes the stack's key and the node's host key where they are missing, and returns them. */
export async function applyIdentity({ stack, node }: NodeName): Promise<Identity> {
  requireTools("ssh");
  await withLock(stackLock(stack), async () => {
    await makeKey(join(stackDir(stack), "id_ed25519"), stack);
    await makeKey(hostKeyFile(stack, node), node);
  });
  return readIdentity(stack, node);
}

/** Deletes the node's host key, and with the stack's last node the stack's key. */
export async function removeIdentity({ stack, node }: NodeName): Promise<void> {
  for (const file of [hostKeyFile(stack, node), `${hostKeyFile(stack, node)}.pub`])
    rmSync(file, { force: true });
  await dropEmpty(stack, node);
}

/** The keys of a node. A UserError when `identity apply` has not made them. */
export function readIdentity(stack: string, node: string): Identity {
  const key = join(stackDir(stack), "id_ed25519");
  if (!existsSync(key) || !existsSync(hostKeyFile(stack, node))) {
    throw new UserError(`${node} of stack ${stack} has no keys: run \`identity apply\` for it first`);
  }
  return {
    privateKey: readFileSync(key, "utf8"),
    publicKey: readFileSync(`${key}.pub`, "utf8").trim(),
    hostKey: readFileSync(`${hostKeyFile(stack, node)}.pub`, "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ")
      .trim(),
  };
}

/** The node's private host key. */
export function hostKeyFile(stack: string, node: string): string {
  return join(nodeDir(stack, node), "host_ed25519");
}

/** Makes a key pair without a passphrase, unless there is one. The private half comes last: where it is, both are. */
async function makeKey(file: string, comment: string): Promise<void> {
  if (existsSync(file)) return;
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const partial = `${file}.partial`;
  for (const half of [partial, `${partial}.pub`]) rmSync(half, { force: true });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", partial]);
  renameSync(`${partial}.pub`, `${file}.pub`);
  renameSync(partial, file);
}
