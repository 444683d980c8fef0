import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";
import { hasPassphrase } from "../../config/sshKey";
import { check, errors, hosts } from "./configFixture";

const generate = ssh2.utils.generateKeyPairSync;
const locked = generate("ed25519", { passphrase: "hunter2", cipher: "aes256-cbc", rounds: 1 }).private;
const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const pem = (type: "pkcs1" | "pkcs8", passphrase?: string) =>
  String(rsa.export({ type, format: "pem", ...(passphrase && { cipher: "aes-128-cbc", passphrase }) }));

describe("config: sshPrivateKey", () => {
  check("has no passphrase", [
    [
      { ...hosts, sshPrivateKey: locked },
      "sshPrivateKey: found a value that is not shown; allowed: a private key without a passphrase, for nobody is " +
        "there to type it; take it off a copy with `ssh-keygen -p -N '' -f COPY`, and set that",
    ],
  ]);
  it("is told from one with a passphrase in each form", () => {
    const open = [generate("ed25519").private, pem("pkcs1"), pem("pkcs8"), hosts.sshPrivateKey];
    assert.deepEqual(open.map(hasPassphrase), [false, false, false, false]);
    assert.deepEqual([locked, pem("pkcs1", "hunter2"), pem("pkcs8", "hunter2")].map(hasPassphrase), [
      true,
      true,
      true,
    ]);
  });
  it("is a secret in the stack's file", () => {
    const mend =
      "make a new key if others have seen it, and set it with `pulumi config set --secret sshPrivateKey < FILE`";
    assert.deepEqual(errors(hosts, true), [
      `sshPrivateKey: found a value in clear; allowed: a secret; ${mend}`,
    ]);
    assert.match(errors({ ...hosts, sshPrivateKey: "" }, true).join(), /^sshPrivateKey: found nothing[^,]*$/);
  });
});
