import { createHash, createPrivateKey, createPublicKey } from "node:crypto";

export interface SshKey {
  /** The private key in OpenSSH's format. */
  privateKey: string;
  /** One line of authorized_keys: `ssh-ed25519 AAAA… comment`. */
  publicKey: string;
}

const TYPE = "ssh-ed25519";
const MAGIC = "openssh-key-v1\0";
/** An ed25519 private key as PKCS #8 in DER is this, then 32 bytes (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * The ed25519 key pair of a random secret: always the same for the same secret, so that the secret is all there is to
 * keep, and to rotate. Format: PROTOCOL.key in OpenSSH's sources.
 *
 * @param secret at least 256 random bits
 */
export function sshKey(secret: string, comment: string): SshKey {
  const seed = createHash("sha256").update(secret).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const point = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const publicBlob = Buffer.concat([field(TYPE), field(point)]);
  const check = number(createHash("sha256").update(seed).digest().readUInt32BE(0));
  const body = [check, check, field(TYPE), field(point), field(Buffer.concat([seed, point])), field(comment)];
  const blob = Buffer.concat([
    Buffer.from(MAGIC),
    field("none"),
    field("none"),
    field(""),
    number(1),
    field(publicBlob),
    field(padded(Buffer.concat(body))),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `${TYPE} ${publicBlob.toString("base64")} ${comment}`,
  };
}

/**
 * The public half of a private key in OpenSSH's format, whose file has it in clear: `ssh-ed25519 AAAA…`.
 *
 * @throws RangeError when the text is none
 */
export function publicKeyOf(privateKey: string): string {
  const [, base64 = ""] = /^-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(privateKey) ?? [];
  let rest = Buffer.from(base64, "base64");
  const take = (length: number) => {
    if (length > rest.length) throw new RangeError("this is no private key in OpenSSH's format");
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  const next = () => take(take(4).readUInt32BE(0));
  take(MAGIC.length);
  const [, , , , blob] = [next(), next(), next(), take(4), next()] as Buffer[];
  const type = blob?.subarray(4, 4 + blob.readUInt32BE(0)).toString() ?? "";
  return `${type} ${blob?.toString("base64")}`;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([number(bytes.length), bytes]);
}

/** To a multiple of 8 bytes, with 1, 2, 3, … */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, -bytes.length & 7)]);
}
