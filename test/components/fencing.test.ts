import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { NfsCluster } from "../../components";
import { fenceAgent } from "../../components";
import { labFenceDevice } from "../../components/platforms/lab";
import { buildCluster, host } from "./cluster";
import { dependencies, graph, isSecret, nameOf, type Registered, valueOf } from "./graph";

/** A cluster with a witness and the lab's device. */
function cluster(opts: pulumi.ComponentResourceOptions, secretsGeneration = 1): NfsCluster {
  return buildCluster(opts, {
    secretsGeneration,
    hosts: { w1: host("w1", 13) },
    fencing: { device: labFenceDevice(), witness: "w1", silenceMs: 700, deviceSeconds: 9 },
  });
}

const COMMAND = "command:remote:Command";
const PASSWORD = "random:index/randomPassword:RandomPassword";

type Graph = Map<string, Registered>;

/** A script's text, also where it is a secret. */
function text(of: Graph, name: string): string {
  const stdin = of.get(name)?.inputs["stdin"];
  return String(isSecret(stdin) ? stdin.value : stdin);
}

const commands = (of: Graph) =>
  [...of.values()].filter(({ type, name }) => type === COMMAND && !name.endsWith("-ready"));

describe("Fencing", () => {
  let resources: Graph;
  before(async () => {
    resources = await graph(cluster);
  });

  it("tells each master of the other, over the link first, of the device and of the witness", () => {
    const conf = (name: string) =>
      /# made by ha-nfs\nME=[^]*?WITNESS_PORT=\d+/.exec(text(resources, name))?.[0];
    assert.equal(
      conf("nfs-fencing-m1"),
      `# made by ha-nfs
ME=m1
PEER=m2
VOLUME=data
ADDRESSES='10.10.2.11 10.10.1.11'
PEER_ADDRESSES='10.10.2.12 10.10.1.12'
PORT=7790
SILENCE_MS=700
DEVICE=/usr/local/lib/ha-nfs/fence-device
DEVICE_SECONDS=9
WITNESS=10.10.1.13
WITNESS_PORT=7791`,
    );
    assert.match(conf("nfs-fencing-m2") ?? "", /ME=m2\nPEER=m1\n[^]*'10\.10\.2\.11 10\.10\.1\.11'/);
  });

  it("opens a door to the other master alone, and the witness's to both", () => {
    assert.match(text(resources, "nfs-fencing-m1"), /IPAddressAllow=localhost 10\.10\.2\.12 10\.10\.1\.12\n/);
    assert.match(
      text(resources, "nfs-fencing-witness-w1"),
      /IPAddressAllow=localhost 10\.10\.1\.11 10\.10\.1\.12\n/,
    );
  });

  it("is the parent of all of it, and DRBD waits for the witness too", async () => {
    for (const name of ["nfs-fencing-m1", "nfs-fencing-witness-w1", "nfs-fencing-witness-key-w1"]) {
      assert.equal(nameOf(resources.get(name)?.opts.parent), "nfs-fencing");
    }
    const first = await dependencies(resources.get("nfs-drbd-m2"));
    assert.ok(first.includes("nfs-fencing-witness-w1"));
    assert.ok(
      (await dependencies(resources.get("nfs-fencing-witness-w1"))).includes("nfs-fencing-witness-key-w1"),
    );
  });

  it("gives the witness new keys after the masters, which refuse a jump of generations", async () => {
    const first = await dependencies(resources.get("nfs-fencing-witness-key-w1"));
    assert.ok(
      first.includes("nfs-masters-secrets-m1") && first.includes("nfs-masters-secrets-m2"),
      first.join(),
    );
  });

  it("has the device's program only where there is one, and no witness without one", async () => {
    const bare = await graph(buildCluster);
    assert.match(text(bare, "nfs-fencing-m1"), /\nDEVICE=''\n[^]*\nWITNESS=''\n/);
    assert.match(text(bare, "nfs-fencing-m1"), /FENCE_DEVICE=''\n/);
    assert.match(text(resources, "nfs-fencing-m1"), /FENCE_DEVICE <<'HA_NFS_END'/);
    assert.deepEqual(
      [...bare.keys()].filter((name) => name.includes("witness")),
      ["nfs-masters-witness-secret-1", "nfs-masters-witness-secret-2"],
    );
  });

  it("gives each master what switches the other off, as a secret that stands nowhere else", async () => {
    const device = fenceAgent({
      agent: "fence_ipmilan",
      options: { m1: { lanplus: "1", ip: "of-m1" }, m2: { ip: "of-m2", password: pulumi.secret("geheim") } },
    });
    const made = await graph((opts) => buildCluster(opts, { fencing: { device } }));
    assert.match(
      text(made, "nfs-masters-secrets-m1"),
      /FENCE_OPTIONS <<'HA_NFS_END' \|\| :\nip=of-m2\npassword=geheim\nHA/,
    );
    assert.match(
      text(made, "nfs-masters-secrets-m2"),
      /FENCE_OPTIONS <<'HA_NFS_END' \|\| :\nlanplus=1\nip=of-m1\nHA/,
    );
    assert.match(
      text(made, "nfs-fencing-m1"),
      /\nDEVICE='\/usr\/local\/lib\/ha-nfs\/fence-device \/usr\/sbin\/fence_ipmilan'\n[^]*\nFENCE_AGENT=fence_ipmilan\n/,
    );
    for (const { name, inputs } of commands(made)) {
      const secret = name.startsWith("nfs-masters-secrets");
      assert.equal(isSecret(inputs["stdin"]), secret, name);
      if (!secret) assert.doesNotMatch(text(made, name), /geheim|of-m[12]/, name);
    }
  });

  it("gives the witness its own keys, and no other secret", () => {
    const key = text(resources, "nfs-fencing-witness-key-w1");
    assert.deepEqual(
      [...key.matchAll(/result of (\S+)/g)].map(([, name]) => name),
      ["nfs-masters-witness-secret-1", "nfs-masters-witness-secret-2"],
    );
    for (const { name, inputs } of commands(resources).filter(({ name }) => name.endsWith("-w1"))) {
      assert.equal(isSecret(inputs["stdin"]), name === "nfs-fencing-witness-key-w1", name);
    }
  });

  it("hides every key, of heartbeat, DRBD, the doors and the witness, from all but the scripts that write them", () => {
    const secrets = [...resources.values()].filter(({ type }) => type === PASSWORD).map(({ name }) => name);
    assert.deepEqual(secrets.sort(), [
      "nfs-masters-drbd-secret",
      ...["fence", "heartbeat", "witness"].flatMap((what) =>
        [1, 2].map((g) => `nfs-masters-${what}-secret-${g}`),
      ),
    ]);
    const writers = new Set([
      "nfs-masters-secrets-m1",
      "nfs-masters-secrets-m2",
      "nfs-fencing-witness-key-w1",
    ]);
    for (const { name, inputs } of commands(resources)) {
      assert.equal(isSecret(inputs["stdin"]), writers.has(name), name);
      if (!writers.has(name)) assert.doesNotMatch(JSON.stringify(inputs["stdin"]), /result of/, name);
    }
    for (const name of secrets) {
      assert.ok(text(resources, "nfs-masters-secrets-m1").includes(`result of ${name}\n`.trim()), name);
    }
  });

  it("keeps a key for as long as it has a name, and heartbeat's only one of an older version as the first", () => {
    const keys = [...resources.values()].filter(({ type, name }) => type === PASSWORD && /-\d$/.test(name));
    for (const { name, opts } of keys) {
      assert.deepEqual(opts.ignoreChanges, ["keepers"], name);
      assert.deepEqual(opts.aliases, name.endsWith("-1") ? [{ name: name.slice(0, -2) }] : [], name);
    }
    assert.equal(keys.length, 6);
  });

  it("shows none of them in the stack's outputs", async () => {
    let made: NfsCluster | undefined;
    await graph((opts) => (made = cluster(opts)));
    assert.ok(made);
    const { shares, nodes, reads } = made;
    for (const output of [shares, nodes, reads]) {
      assert.doesNotMatch(JSON.stringify(await valueOf<unknown>(output)), /result of|PRIVATE/);
    }
  });
});

describe("a raised secretsGeneration", () => {
  let before_: Graph;
  let after_: Graph;
  before(async () => {
    before_ = await graph((opts) => cluster(opts, 2), true);
    after_ = await graph((opts) => cluster(opts, 3), true);
  });

  const secrets = (of: Graph, what: string) =>
    [...of.keys()].filter((name) => name.includes(`-${what}-secret`)).sort();

  it("keeps two of three keys of heartbeat, the doors and the witness, as they are", () => {
    for (const what of ["heartbeat", "fence", "witness"]) {
      const name = (g: number) => `nfs-masters-${what}-secret-${g}`;
      assert.deepEqual(secrets(before_, what), [1, 2, 3].map(name));
      assert.deepEqual(secrets(after_, what), [2, 3, 4].map(name));
      for (const kept of [2, 3].map(name)) {
        assert.deepEqual(after_.get(kept)?.inputs, before_.get(kept)?.inputs);
      }
    }
  });

  it("replaces DRBD's", () => {
    const keepers = (of: Graph) => of.get("nfs-masters-drbd-secret")?.inputs["keepers"];
    assert.deepEqual([keepers(before_), keepers(after_)], [{ generation: "2" }, { generation: "3" }]);
  });

  it("changes in a preview only the scripts that write or read a secret", () => {
    const changed = commands(after_)
      .map(({ name }) => name)
      .filter((name) => text(after_, name) !== text(before_, name));
    assert.deepEqual(
      changed.sort(),
      ["nfs-drbd-m1", "nfs-drbd-m2", "nfs-heartbeat-m1", "nfs-heartbeat-m2"],
      "those with secrets are unknown in a preview",
    );
    assert.deepEqual(
      commands(after_).map(({ name }) => name),
      commands(before_).map(({ name }) => name),
    );
  });

  it("signs with the generation's own key, and the ones beside it follow", async () => {
    const made = await graph((opts) => cluster(opts, 16));
    const written = text(made, "nfs-masters-secrets-m1");
    const name = (what: string, g: number) => `result of nfs-masters-${what}-secret-${g}`;
    for (const what of ["fence", "witness"]) {
      const lines = [16, 17, 15].map((g) => `${name(what, g)}\n`).join("");
      assert.ok(written.includes(`_KEYS <<'HA_NFS_END' || :\n${lines}HA_NFS_END`), what);
    }
    const keys = [
      `1 sha1 ${name("heartbeat", 16)}`,
      `2 sha1 ${name("heartbeat", 17)}`,
      `15 sha1 ${name("heartbeat", 15)}`,
    ];
    assert.ok(written.includes(`\nauth 1\n${keys.join("\n")}\nHA_NFS_END`));
  });
});
