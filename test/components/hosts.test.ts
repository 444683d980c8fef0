import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { HostArgs, NfsCluster } from "../../components";
import { buildCluster, host } from "./cluster";
import { dependencies, graph, type Registered, valueOf } from "./graph";

const COMMAND = "command:remote:Command";
const MACHINE = "urn:pulumi:test::ha-nfs::cloud:index:Server::m1";

/** A host of a cloud, which tells its addresses, devices and machine later. */
const later = <T>(value: T) => pulumi.output(Promise.resolve(value));
const inCloud = (name: string, n: number): HostArgs => ({
  ...host(name, n),
  nics: {
    service: { device: later("eth1"), address: later(`10.10.1.${n}/24`) },
    link: { device: later("eth2"), address: later(`10.10.2.${n}/24`) },
  },
  dataDisk: later("/dev/vdb"),
});

const stdin = (of: Map<string, Registered>) =>
  [...of.values()].filter(({ type }) => type === COMMAND).map(({ name, inputs }) => [name, inputs["stdin"]]);

const urnOf = async (resource: pulumi.Resource | undefined) => resource && valueOf(resource.urn);

describe("the hosts of a cluster", () => {
  it("are children of it, and were its platform's before", async () => {
    const { opts } = (await graph(buildCluster)).get("m1") as Registered;
    const aliases = (opts.aliases ?? []) as { parent: pulumi.Output<string> }[];
    const parents = await Promise.all(aliases.map(({ parent }) => valueOf(parent)));
    assert.deepEqual(parents, [
      "urn:pulumi:test::ha-nfs::ha-nfs:index:Lab::lab",
      "urn:pulumi:test::ha-nfs::ha-nfs:index:ExistingHosts::hosts",
    ]);
  });

  it("may tell their addresses and devices later", async () => {
    const hosts = { m1: inCloud("m1", 11), m2: inCloud("m2", 12) };
    const [known, told] = [await graph(buildCluster), await graph((opts) => buildCluster(opts, { hosts }))];
    assert.deepEqual(stdin(told), stdin(known));
  });

  it("may not know them in a preview, which shows every resource nevertheless", async () => {
    const unknown = pulumi.output(pulumi.unknown) as pulumi.Output<string>;
    const nic = { device: unknown, address: unknown };
    const hosts = Object.fromEntries(
      ["m1", "m2", "s1"].map((name) => [name, { ...host(name, 1), nics: { service: nic, link: nic } }]),
    );
    const slaves = [{ name: "s1" }];
    const whole = await graph((opts) => buildCluster(opts, { hosts: { s1: host("s1", 21) }, slaves }), true);
    const shown = await graph((opts) => buildCluster(opts, { hosts, slaves }), true);
    assert.deepEqual([...shown.keys()].sort(), [...whole.keys()].sort());
  });

  it("go with the resource that is their machine", async () => {
    const hosts = { m1: { ...host("m1", 11), machine: later(MACHINE) } };
    const made = await graph((opts) => buildCluster(opts, { hosts }));
    for (const name of ["m1-ready", "nfs-drbd-m1"]) {
      const { opts } = made.get(name) as Registered;
      assert.equal(await urnOf(opts.deletedWith), MACHINE, name);
      const [machine] = [opts.dependsOn].flat() as pulumi.Resource[];
      assert.equal(await urnOf(machine), MACHINE, name);
    }
    assert.equal(made.get("nfs-drbd-m2")?.opts.deletedWith, undefined);
    assert.ok((await dependencies(made.get("nfs-drbd-m1"))).includes("m1-ready"));
  });

  it("have a way in for the operator unless one is given", async () => {
    const ssh = { ...host("m1", 11).ssh, port: 2222, user: "admin" };
    const m1 = { ssh, nics: host("m1", 11).nics, dataDisk: "/dev/vdb" };
    let made: NfsCluster | undefined;
    await graph((opts) => (made = buildCluster(opts, { hosts: { m1 } })));
    assert.ok(made);
    assert.deepEqual((await valueOf(made.nodes))["m1"], {
      role: "master",
      volume: "data",
      serviceAddress: "10.10.1.11",
      managementAddress: "192.0.2.1:2222",
      sshCommand:
        "ssh -p 2222 -o 'KnownHostsCommand=/bin/echo [192.0.2.1]:2222 ssh-ed25519 AAAA' admin@192.0.2.1",
    });
  });

  it("that are too few, unknown or lack what they need are one error before anything is made", async () => {
    const s1: HostArgs = { ssh: host("s1", 21).ssh, nics: { service: host("s1", 21).nics.service } };
    const build = (opts: pulumi.ComponentResourceOptions) =>
      buildCluster(opts, {
        hosts: { s1 },
        masters: ["m1"],
        slaves: [{ name: "s1" }],
        readPool: { vip: "10.10.1.101", proxies: ["m2", "m2"] },
        fencing: { witness: "w1" },
      });
    await assert.rejects(graph(build), {
      message: [
        "NfsCluster nfs:",
        "masters: found m1; allowed: the names of two hosts",
        "readPool.proxies: found m2, m2; allowed: the names of two hosts",
        "fencing.witness: found w1; allowed: the name of a host: m1, m2, s1",
        "hosts.s1.nics.link: found none; a host that holds data has one",
        "hosts.s1.dataDisk: found none; a host that holds data has one",
      ].join("\n  "),
    });
  });
});
