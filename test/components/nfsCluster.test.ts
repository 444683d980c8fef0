import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import type { NfsCluster } from "../../components";
import { buildCluster, host } from "./cluster";
import { dependencies, graph, isSecret, nameOf, type Registered, valueOf } from "./graph";

const COMMAND = "command:remote:Command";

function cluster(opts: pulumi.ComponentResourceOptions, generation = 1): NfsCluster {
  return buildCluster(opts, { secretsGeneration: generation });
}

describe("NfsCluster", () => {
  let resources: Map<string, Registered>;
  before(async () => {
    resources = await graph(cluster);
  });

  const commands = () => [...resources.values()].filter((r) => r.type === COMMAND);
  const stdin = (name: string) => String(resources.get(name)?.inputs["stdin"]);

  it("makes one part a component, and names children by host, not by number", () => {
    const types = [...resources.values()]
      .map((r) => r.type)
      .filter((type) => type.startsWith("ha-nfs:index:"));
    assert.deepEqual([...new Set(types)].sort(), [
      "ha-nfs:index:DrbdVolume",
      "ha-nfs:index:Fencing",
      "ha-nfs:index:Guard",
      "ha-nfs:index:HeartbeatLink",
      "ha-nfs:index:Host",
      "ha-nfs:index:MasterPair",
      "ha-nfs:index:NfsCluster",
      "ha-nfs:index:NfsExports",
      "ha-nfs:index:VirtualIp",
    ]);
    assert.deepEqual(
      commands()
        .map((r) => r.name)
        .sort(),
      [
        "m1-ready",
        "m2-ready",
        "nfs-drbd-m1",
        "nfs-drbd-m2",
        "nfs-drbd-volume-m1",
        "nfs-exports-m1",
        "nfs-exports-m2",
        "nfs-fencing-m1",
        "nfs-fencing-m2",
        "nfs-guard-m1",
        "nfs-guard-m2",
        "nfs-heartbeat-m1",
        "nfs-heartbeat-m2",
        "nfs-masters-base-m1",
        "nfs-masters-base-m2",
        "nfs-masters-secrets-m1",
        "nfs-masters-secrets-m2",
        "nfs-serving-m2",
        "nfs-settled-m1",
        "nfs-settled-m2",
        "nfs-vip-m1",
        "nfs-vip-m2",
      ],
    );
  });

  it("gives every child its component as parent", () => {
    assert.equal(nameOf(resources.get("nfs-drbd-m1")?.opts.parent), "nfs-drbd");
    assert.equal(nameOf(resources.get("nfs-drbd")?.opts.parent), "nfs");
    for (const r of resources.values()) {
      assert.ok(r.name === "nfs" || r.opts.parent, `${r.name} has no parent`);
    }
  });

  it("runs nothing on a host that has not answered", async () => {
    for (const r of commands().filter((command) => !command.name.endsWith("-ready"))) {
      const host = r.name.slice(-2);
      assert.ok((await dependencies(r)).includes(`${host}-ready`), `${r.name} does not wait for ${host}`);
    }
  });

  it("goes to the standby first; fencing is there before DRBD, then comes the guard, and heartbeat last", async () => {
    const parts = [
      "masters-base",
      "masters-secrets",
      "fencing",
      "drbd",
      "vip",
      "exports",
      "guard",
      "heartbeat",
    ];
    for (const part of parts) {
      assert.ok((await dependencies(resources.get(`nfs-${part}-m1`))).includes(`nfs-${part}-m2`), part);
    }
    for (const [name, ...first] of [
      ["nfs-fencing-m2", "nfs-masters-secrets-m1", "nfs-masters-secrets-m2"],
      ["nfs-drbd-m2", "nfs-fencing-m1", "nfs-fencing-m2"],
      ["nfs-guard-m2", "nfs-drbd", "nfs-vip", "nfs-exports", "nfs-fencing-m1", "nfs-fencing-m2"],
      ["nfs-heartbeat-m2", "nfs-guard"],
    ] as const) {
      const found = await dependencies(resources.get(name));
      for (const part of first) assert.ok(found.includes(part), `${name} does not wait for ${part}`);
    }
    assert.ok((await dependencies(resources.get("nfs-drbd-volume-m1"))).includes("nfs-drbd-m1"));
    assert.deepEqual(await dependencies(resources.get("nfs-serving-m2")), [
      "m2-ready",
      "nfs-settled-m2",
      "nfs-settled-m1",
    ]);
  });

  it("stands beside another pair in one program, each with its own hosts, volume and mount point", async () => {
    const both = await graph((opts) => {
      buildCluster(opts);
      const logs = { name: "logs", minor: 1, mount: "/srv/logs" };
      const hosts = { n1: host("n1", 21), n2: host("n2", 22) };
      return buildCluster(opts, { hosts, masters: ["n1", "n2"], vip: "10.10.1.101", volume: logs }, "logs");
    });
    const text = (name: string) => String(both.get(name)?.inputs["stdin"]);
    assert.match(text("nfs-drbd-m1"), /^VOLUME=data$/m);
    assert.match(text("logs-drbd-n1"), /^VOLUME=logs$/m);
    assert.match(text("logs-drbd-n1"), /device \/dev\/drbd1;/);
    assert.match(text("logs-exports-n2"), /\/srv\/logs\/data 10\.10\.1\.0\/24/);
  });

  it("goes to the one that serves last, which may be the second master", async () => {
    const other = await graph((opts) => buildCluster(opts, { active: "m2" }));
    for (const part of ["masters-base", "fencing", "guard"]) {
      assert.ok((await dependencies(other.get(`nfs-${part}-m2`))).includes(`nfs-${part}-m1`), part);
    }
    // an up without a dead master would leave out one that depends on what comes after it then
    for (const of of [other, resources]) {
      assert.ok((await dependencies(of.get("nfs-settled-m1"))).includes("nfs-settled-m2"));
      assert.ok(!(await dependencies(of.get("nfs-settled-m2"))).includes("nfs-settled-m1"));
    }
    for (const { name, inputs } of commands()) {
      assert.equal(String(other.get(name)?.inputs["stdin"]), String(inputs["stdin"]), name);
    }
  });

  it("asks again whether the pair is one and serves, after a change of anything that it runs", async () => {
    const asked = ["nfs-settled-m1", "nfs-settled-m2", "nfs-serving-m2"];
    const other = await graph((opts) => buildCluster(opts, { nfs: { threads: 9 } }));
    for (const name of asked) {
      const digest = (text: unknown) => /^DIGEST='?([0-9a-f]{64})/m.exec(String(text))?.[1];
      const [before, after] = [digest(stdin(name)), digest(other.get(name)?.inputs["stdin"])];
      assert.ok(before && after && before !== after, name);
    }
  });

  it("sends scripts by stdin, with no trigger that would replace them and no unlimited log", () => {
    for (const { name, inputs } of commands()) {
      assert.equal(inputs["triggers"], undefined, name);
      assert.equal(inputs["logging"], "none", name);
      assert.equal(inputs["addPreviousOutputInEnv"], false, name);
      assert.ok(String(inputs["create"]).length < 40, name);
      if (!name.endsWith("-ready")) {
        assert.equal(inputs["create"], inputs["update"], name);
      }
    }
  });

  it("removes before it applies anew, and takes no time without an end", () => {
    for (const { name, opts } of commands().filter((command) => !command.name.endsWith("-ready"))) {
      assert.equal(opts.deleteBeforeReplace, true, name);
      assert.deepEqual(opts.customTimeouts, { create: "20m", update: "20m", delete: "20m" }, name);
    }
  });

  it("dials without a limit of tries only to wait for a host, and within a time", () => {
    const ready = resources.get("m1-ready");
    assert.deepEqual(ready?.opts.customTimeouts, { create: "300s", update: "300s" });
    const connection = ready?.inputs["connection"];
    assert.ok(isSecret(connection));
    assert.equal((connection.value as { dialErrorLimit: number }).dialErrorLimit, -1);
  });

  it("pins the host's key and hides its connection", () => {
    for (const { name, inputs } of commands()) {
      const connection = inputs["connection"];
      assert.ok(isSecret(connection), name);
      assert.equal((connection.value as { hostKey: string }).hostKey, "ssh-ed25519 AAAA", name);
    }
  });

  it("hides the secrets, and nothing that a reviewer should read", () => {
    for (const { name, inputs } of commands().filter((command) => !command.name.endsWith("-ready"))) {
      assert.equal(isSecret(inputs["stdin"]), name.startsWith("nfs-masters-secrets-"), name);
    }
    const hidden = resources.get("nfs-masters-secrets-m1")?.inputs["stdin"];
    assert.ok(isSecret(hidden));
    assert.match(String(hidden.value), /^auth 1\n1 sha1 result of nfs-masters-heartbeat-secret-1\n/m);
    for (const { name, inputs } of commands().filter((command) => !isSecret(command.inputs["stdin"]))) {
      assert.doesNotMatch(String(inputs["stdin"]), /result of|PRIVATE/, name);
    }
  });

  it("says in plain text which generation of the secrets a master has been given: up --without reads it", () => {
    for (const part of ["drbd", "heartbeat"])
      for (const host of ["m1", "m2"]) assert.match(stdin(`nfs-${part}-${host}`), /^SECRETS_GENERATION=1$/m);
  });

  it("renders each master its own heartbeat paths and both the same DRBD resource", () => {
    assert.match(stdin("nfs-heartbeat-m1"), /ucast eth2 10\.10\.2\.12\nucast eth1 10\.10\.1\.12/);
    assert.match(stdin("nfs-heartbeat-m2"), /ucast eth2 10\.10\.2\.11\nucast eth1 10\.10\.1\.11/);
    assert.equal(stdin("nfs-drbd-m1").replaceAll("nfs-drbd-m1", "nfs-drbd-m2"), stdin("nfs-drbd-m2"));
  });

  it("has its outputs without waiting for a host", async () => {
    let made: NfsCluster | undefined;
    await graph((opts) => (made = cluster(opts)));
    assert.ok(made);
    assert.deepEqual((await valueOf(made.shares))["data"], {
      server: "10.10.1.100",
      path: "/srv/nfs/data",
      mountOptions: "vers=4.2,proto=tcp,hard,timeo=50,retrans=2",
      mountCommand:
        "mkdir -p /mnt/data && mount -t nfs -o vers=4.2,proto=tcp,hard,timeo=50,retrans=2 10.10.1.100:/srv/nfs/data /mnt/data",
      fstab:
        "10.10.1.100:/srv/nfs/data /mnt/data nfs vers=4.2,proto=tcp,hard,timeo=50,retrans=2,_netdev,nofail 0 0",
    });
    assert.deepEqual((await valueOf(made.nodes))["m1"], {
      role: "master",
      volume: "data",
      serviceAddress: "10.10.1.11",
      managementAddress: "192.0.2.1",
      sshCommand: "ssh m1",
    });
  });

  it("has the whole graph in a preview, before any secret or host exists", async () => {
    const previewed = await graph(cluster, true);
    assert.deepEqual([...previewed.keys()].sort(), [...resources.keys()].sort());
    assert.equal(previewed.get("nfs-drbd-m1")?.inputs["stdin"], stdin("nfs-drbd-m1"));
  });
});
