/** The keys by which a host may be known (RFC 8709, RFC 5656): what stands before the point in each, and its bytes. */
const KEYS = [
  { fields: ["ssh-ed25519"], point: 32 },
  { fields: ["ecdsa-sha2-nistp256", "nistp256"], point: 65 },
  { fields: ["ecdsa-sha2-nistp384", "nistp384"], point: 97 },
  { fields: ["ecdsa-sha2-nistp521", "nistp521"], point: 133 },
];

/** Whether `line` is a public key as in a .pub file, of a type that can be pinned, and whole. */
export function isHostKey(line: string): boolean {
  const [, type, base64 = ""] = /^(\S+) ([A-Za-z0-9+/]+=*)(?: [^\r\n]*)?$/.exec(line) ?? [];
  const key = KEYS.find(({ fields }) => fields[0] === type);
  const blob = Buffer.from(base64, "base64");
  if (!key || blob.toString("base64") !== base64) return false;
  const head = Buffer.concat([...key.fields.map(field), size(key.point)]);
  return blob.length === head.length + key.point && blob.subarray(0, head.length).equals(head);
}

/** How to mend a line that is none. */
export function mendHostKey(found: unknown): string {
  const type = typeof found === "string" ? found : "";
  if (type.startsWith("ssh-rsa")) {
    return "name another key of the host, in /etc/ssh/ssh_host_ed25519_key.pub: the command plugin asks for RSA with SHA-1, which OpenSSH has no more";
  }
  const file = type.startsWith("ecdsa-") ? "ecdsa" : "ed25519";
  return `copy the whole line of /etc/ssh/ssh_host_${file}_key.pub on the host`;
}

function field(text: string): Buffer {
  return Buffer.concat([size(text.length), Buffer.from(text)]);
}

function size(bytes: number): Buffer {
  return Buffer.from([0, 0, 0, bytes]);
}
