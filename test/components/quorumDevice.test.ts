import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import { Manager } from "../../components/enums";
import { buildCluster, host } from "./cluster";
import { dependencies, graph, nameOf, type Registered } from "./graph";

const build = (quorumDevice: boolean) => (opts: pulumi.ComponentResourceOptions) =>
  buildCluster(opts, {
    manager: Manager.Pacemaker,
    hosts: { w1: host("w1", 13) },
    fencing: { witness: "w1" },
    pacemaker: { quorumDevice },
  });

const pem = (what: string, body: string) => `-----BEGIN ${what}-----\n${body}\n-----END ${what}-----\n`;
const request = (of: string) => pem("NEW CERTIFICATE REQUEST", of);
const certificate = (of: string) => pem("CERTIFICATE", of);

describe("QuorumDevice", () => {
  let resources: Map<string, Registered>;
  const stdin = (name: string) => String(resources.get(name)?.inputs["stdin"]);
  before(async () => {
    resources = await graph(build(true), false, {
      "nfs-pacemaker-quorum-key-m1": `made a key\n${request("ONE")}`,
      "nfs-pacemaker-quorum-key-m2": request("TWO"),
      "nfs-pacemaker-quorum-w1": `wrote a file\n${certificate("CA")}${certificate("SIGNED2")}${certificate("SIGNED1")}`,
    });
  });

  it("has the witness sign what both masters ask for, and gives each its own", () => {
    assert.ok(stdin("nfs-pacemaker-quorum-w1").includes(`\n${request("TWO")}${request("ONE")}`));
    for (const [name, own, others] of [
      ["nfs-pacemaker-quorum-m1", "SIGNED1", "SIGNED2"],
      ["nfs-pacemaker-quorum-m2", "SIGNED2", "SIGNED1"],
    ] as const) {
      assert.ok(stdin(name).includes(certificate("CA")));
      assert.ok(stdin(name).includes(certificate(own)) && !stdin(name).includes(others), name);
    }
  });

  it("comes after corosync, whose configuration names the witness, and is all in one component", async () => {
    assert.match(stdin("nfs-pacemaker-m1"), /host: 10\.10\.1\.13\n/);
    assert.match(stdin("nfs-pacemaker-quorum-w1"), /IPAddressAllow=localhost 10\.10\.1\.12 10\.10\.1\.11\n/);
    const first = await dependencies(resources.get("nfs-pacemaker-quorum-m2"));
    assert.ok(first.includes("nfs-pacemaker-m2") && first.includes("nfs-pacemaker-m1"), first.join());
    for (const name of ["nfs-pacemaker-quorum-key-m1", "nfs-pacemaker-quorum-w1", "nfs-pacemaker-quorum-m1"])
      assert.equal(nameOf(resources.get(name)?.opts.parent), "nfs-pacemaker-quorum");
  });

  it("is not there unless it is asked for", async () => {
    const without = await graph(build(false));
    assert.deepEqual(
      [...without.keys()].filter((name) => name.startsWith("nfs-pacemaker-quorum")),
      [],
    );
    assert.match(String(without.get("nfs-pacemaker-m1")?.inputs["stdin"]), /two_node: 1\n/);
    assert.doesNotMatch(String(without.get("nfs-masters-base-m1")?.inputs["stdin"]), /corosync-qdevice/);
  });
});
