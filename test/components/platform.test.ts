import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { NfsCluster } from "../../components";
import type { ClusterConfig } from "../../config";
import { createHosts, type Hosts } from "../../platform";
import { hostsFleet, labFleet, parseHosts, parseLab } from "../unit/configFixture";
import { graph, type Registered, valueOf } from "./graph";

describe("the hosts that a configuration asks for", () => {
  const labDir = process.env["HA_NFS_LAB_DIR"];
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "ha-nfs-lab-"));
    process.env["HA_NFS_LAB_DIR"] = folder;
  });
  after(() => {
    if (labDir === undefined) delete process.env["HA_NFS_LAB_DIR"];
    else process.env["HA_NFS_LAB_DIR"] = labDir;
    rmSync(folder, { recursive: true });
  });

  /** What comes of a configuration: the hosts, and the graph of the cluster on them. */
  async function of(config: ClusterConfig): Promise<[Hosts, Map<string, Registered>]> {
    let hosts: Hosts | undefined;
    const made = await graph((opts) => {
      hosts = createHosts(config);
      return new NfsCluster("nfs", { ...config, ...hosts }, opts);
    });
    assert.ok(hosts);
    return [hosts, made];
  }

  it("are found, each once, and have the roles that it gives them", async () => {
    const [{ hosts, masters, clients, readPool }, made] = await of(parseHosts(hostsFleet));
    assert.deepEqual(Object.keys(hosts), ["m1", "m2", "s1", "p1", "p2", "web"]);
    assert.deepEqual([masters, clients, readPool?.proxies], [["m1", "m2"], [], ["p1", "p2"]]);
    assert.deepEqual(hosts["m1"]?.nics, {
      service: { device: "eth0", address: "10.10.1.11/24" },
      link: { device: "eth1", address: "10.10.2.11/24" },
    });
    assert.deepEqual(hosts["web"]?.nics, { service: { device: "eth0", address: "10.10.1.41/24" } });
    assert.equal(made.get("m1-ready")?.opts.deletedWith, undefined);
    assert.ok(made.has("nfs-targets-receiver-web") && made.has("nfs-reads-proxy-p1"));
  });

  it("are made in the lab, and go with their machines", async () => {
    const [{ hosts, clients, fencing }, made] = await of(parseLab(labFleet));
    assert.deepEqual(Object.keys(hosts), ["m1", "m2", "client", "s1", "s2", "s3"]);
    assert.deepEqual([clients, fencing.witness], [["client"], "client"]);
    assert.equal(hosts["m1"]?.dataDisk, "/dev/disk/by-id/virtio-data");
    assert.equal(hosts["client"]?.dataDisk, undefined);
    for (const name of ["m1-ready", "nfs-slaves-reads-s2"]) {
      const { deletedWith } = (made.get(name) as Registered).opts;
      const machine = `${/(m1|s2)/.exec(name)?.[0]}-vm`;
      assert.match(await valueOf((deletedWith as pulumi.Resource).urn), new RegExp(`::${machine}$`));
    }
  });
});
