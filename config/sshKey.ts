import { publicKeyOf } from "../components/render/sshKey";

const MAGIC = Buffer.from("openssh-key-v1\0");
/** The name of the cipher, behind its length (PROTOCOL.key in OpenSSH's sources). */
const NO_CIPHER = Buffer.from("\0\0\0\x04none");

/** Whether an SSH private key is encrypted, in OpenSSH's own form or in PEM. */
export function hasPassphrase(key: string): boolean {
  if (/^(-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED)/m.test(key)) return true;
  const [, body = ""] = /^-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(key) ?? [];
  const bytes = Buffer.from(body, "base64");
  const cipher = bytes.subarray(MAGIC.length, MAGIC.length + NO_CIPHER.length);
  return bytes.subarray(0, MAGIC.length).equals(MAGIC) && !cipher.equals(NO_CIPHER);
}

/** Whether an SSH private key has its public half in clear: OpenSSH's own form. */
export function hasPublicKey(key: string): boolean {
  try {
    return publicKeyOf(key) !== "";
  } catch {
    return false;
  }
}
