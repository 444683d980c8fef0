import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { isHostKey } from "../../config/hostKey";
import { check, errors, host, hostsWith, type Case } from "./configFixture";

const publicKey = (type: "ed25519" | "ecdsa", bits = 256) =>
  ssh2.utils.generateKeyPairSync(type, { bits } as never).public.trim();
const ecdsa = publicKey("ecdsa");
const ed25519 = publicKey("ed25519");
const blobOf = (line: string) => line.split(" ")[1] ?? "";
const allowed =
  "allowed: the host's public key on one line, ssh-ed25519 AAAA… or ecdsa-sha2-nistp256, -384 or -521 AAAA…";
const refused = (hostKey: string, file: string): Case => [
  hostsWith({ hostKey }),
  `masters[1].hostKey: found "${hostKey.slice(0, 58)}…; ${allowed}; copy the whole line of /etc/ssh/ssh_host_${file}_key.pub on the host`,
];

describe("config: hostKey", () => {
  it("is ed25519, or ECDSA of each curve, with a comment or without", () => {
    const lines = [ed25519, ...[256, 384, 521].map((bits) => publicKey("ecdsa", bits))];
    for (const line of [...lines, ...lines.map((each) => `${each} root@m2 of 2026`)]) {
      assert.deepEqual(errors(hostsWith({ hostKey: line })), [], line);
    }
  });
  check("has the type that its first word says, and is whole", [
    refused(`ecdsa-sha2-nistp256 ${blobOf(ed25519)}`, "ecdsa"),
    refused(`ecdsa-sha2-nistp384 ${blobOf(ecdsa)}`, "ecdsa"),
    refused(`ssh-ed25519 ${blobOf(ecdsa)}`, "ed25519"),
    refused(ecdsa.replace(/.{8}$/, ""), "ecdsa"),
    refused(`ssh-ed25519 ${blobOf(host(2).hostKey).slice(0, -4)}`, "ed25519"),
    refused(`m2 ${ed25519}`, "ed25519"),
  ]);
  it("is a whole key in the examples", () => {
    const docs = readFileSync(`${__dirname}/../../docs/config.md`, "utf8");
    const keys = [...docs.matchAll(/hostKey: (.*)$/gm)].map(([, key = ""]) => key);
    assert.deepEqual(
      keys.filter((key) => !isHostKey(key)),
      [],
    );
  });
  it("is no RSA key, which the command plugin cannot pin, and the error says what to take", () => {
    const { n = "" } = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({
      format: "jwk",
    });
    const [line = "", ...more] = errors(hostsWith({ hostKey: `ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB${n}` }));
    assert.match(line, /; name another key of the host, in \/etc\/ssh\/ssh_host_ed25519_key\.pub: .* SHA-1/);
    assert.deepEqual(more, []);
  });
});
