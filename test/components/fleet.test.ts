import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import type { NfsCluster } from "../../components";
import { buildCluster, host } from "./cluster";
import { dependencies, graph, isSecret, nameOf, type Registered, valueOf } from "./graph";

/** A cluster with slaves of these names, two proxies and a push target. */
function fleet(opts: pulumi.ComponentResourceOptions, names: readonly string[]): NfsCluster {
  return buildCluster(opts, {
    hosts: {
      ...Object.fromEntries(names.map((name) => [name, host(name, 20 + Number(name.slice(1)))])),
      p1: host("p1", 31),
      p2: host("p2", 32),
      app: host("app", 40),
    },
    slaves: names.map((name) => ({ name, bandwidthKiB: 0 })),
    readPool: { vip: "10.10.1.101", proxies: ["p1", "p2"] },
    pushTargets: [{ name: "app", directory: "/srv/app", shares: ["data"] }],
  });
}

describe("SlaveFleet, PushTargets and ReadPool", () => {
  let resources: Map<string, Registered>;
  let outputs: NfsCluster;
  before(async () => {
    resources = await graph((opts) => (outputs = fleet(opts, ["s1", "s2"])));
  });

  const stdin = (name: string, of = resources) => String(of.get(name)?.inputs["stdin"]);

  it("are one component each, and one a replica", () => {
    const parents = (name: string) => nameOf(resources.get(name)?.opts.parent);
    assert.equal(parents("nfs-slaves-receiver-s1"), "nfs-slaves-s1");
    assert.equal(parents("nfs-slaves-s1"), "nfs-slaves");
    assert.equal(parents("nfs-slaves-reads-s1"), "nfs-slaves");
    assert.equal(parents("nfs-targets-receiver-app"), "nfs-targets-app");
    assert.equal(parents("nfs-replication-to-s1-m1"), "nfs-replication");
    assert.equal(parents("nfs-reads-proxy-p1"), "nfs-reads");
  });

  it("change nothing else when a slave comes, but the proxies that have it in their list", async () => {
    const more = await graph((opts) => fleet(opts, ["s3", "s1", "s2"]));
    const changed = [...resources.keys()].filter(
      (name) => JSON.stringify(more.get(name)?.inputs) !== JSON.stringify(resources.get(name)?.inputs),
    );
    assert.deepEqual(
      changed.filter((name) => resources.get(name)?.type === "command:remote:Command").sort(),
      ["nfs-reads-proxy-p1", "nfs-reads-proxy-p2"],
    );
    const added = [...more.keys()].filter((name) => !resources.has(name));
    assert.ok(
      added.every((name) => name.includes("s3")),
      added.join(),
    );
  });

  it("hide the masters' key from all but the script that writes it, and show its public half", () => {
    for (const { name, inputs, type } of resources.values()) {
      if (type !== "command:remote:Command" || name.endsWith("-ready")) continue;
      const hidden = /^nfs-(masters-secrets|replication-key)-m[12]$/.test(name);
      assert.equal(isSecret(inputs["stdin"]), hidden, name);
      if (!hidden) assert.doesNotMatch(stdin(name), /result of|PRIVATE KEY/, name);
    }
    assert.match(
      stdin("nfs-slaves-receiver-s1"),
      /from="10\.10\.2\.11,10\.10\.2\.12",restrict ssh-ed25519 AAAA/,
    );
    assert.match(
      stdin("nfs-targets-receiver-app"),
      /from="10\.10\.1\.11,10\.10\.1\.12",restrict ssh-ed25519 AAAA/,
    );
  });

  it("tell the masters of a replica once it receives, the second master first", async () => {
    assert.ok(
      (await dependencies(resources.get("nfs-replication-to-s1-m2"))).includes("nfs-slaves-receiver-s1"),
    );
    assert.ok(
      (await dependencies(resources.get("nfs-replication-to-s1-m1"))).includes("nfs-replication-to-s1-m2"),
    );
    assert.match(stdin("nfs-replication-to-s1-m1"), /HostName 10\.10\.2\.21\n/);
    assert.match(stdin("nfs-replication-to-app-m1"), /HostName 10\.10\.1\.40\n/);
  });

  it("say where to read", async () => {
    const [reads, nodes] = [await valueOf(outputs.reads), await valueOf(outputs.nodes)];
    assert.deepEqual(reads.http, { url: "http://10.10.1.101/" });
    assert.equal(reads.nfs?.server, "10.10.1.101");
    assert.equal(
      reads.nfs?.mountCommand,
      "mkdir -p /mnt/reads && mount -t nfs -o ro,vers=4.2,proto=tcp,hard,timeo=50,retrans=2 10.10.1.101:/srv/replica /mnt/reads",
    );
    assert.deepEqual(reads.slaves["s2"], {
      url: "http://10.10.1.22/",
      server: "10.10.1.22",
      path: "/srv/replica",
      mountCommand:
        "mkdir -p /mnt/s2 && mount -t nfs -o ro,vers=4.2,proto=tcp,hard,timeo=50,retrans=2 10.10.1.22:/srv/replica /mnt/s2",
      healthUrl: "http://10.10.1.22:9479/healthz",
      metricsUrl: "http://10.10.1.22:9479/metrics",
    });
    assert.deepEqual(
      Object.entries(nodes)
        .map(([name, { role }]) => `${name} ${role}`)
        .sort(),
      ["app target", "m1 master", "m2 master", "p1 proxy", "p2 proxy", "s1 slave", "s2 slave"],
    );
  });

  it("are not there where nobody asks for them", async () => {
    const bare = await graph(buildCluster);
    assert.deepEqual(
      [...bare.keys()].filter((name) => /replication|slaves|reads|targets/.test(name)),
      [],
    );
  });
});
