import assert from "node:assert/strict";
import {
  check,
  ends,
  host,
  hosts,
  hostsFleet,
  lab,
  labFleet,
  parseHosts,
  parseLab,
  server,
  without,
  type Case,
} from "./configFixture";

describe("config: slaves", () => {
  const labSlave = (slave: unknown) => ({ ...lab, slaves: [slave] });
  const hostsSlave = (slave: unknown) => ({ ...hosts, slaves: [slave] });
  const slave = { ...host(3), name: "s1" };

  it("lab: have the addresses of the number in their names, whatever their order", () => {
    const { slaves } = parseLab({ ...lab, slaves: [{ name: "s20" }, { name: "s1", bandwidthKiB: 64 }] });
    const devices = { serviceDevice: "eth1", linkDevice: "eth2", dataDisk: "/dev/disk/by-id/virtio-data" };
    assert.deepEqual(slaves, [
      { name: "s20", serviceAddress: "10.10.1.40", linkAddress: "10.10.2.40", bandwidthKiB: 0, ...devices },
      { name: "s1", serviceAddress: "10.10.1.21", linkAddress: "10.10.2.21", bandwidthKiB: 64, ...devices },
    ]);
  });
  it("lab: keep an address that is given", () => {
    const [slave] = parseLab(labSlave({ name: "s1", serviceAddress: "10.10.1.50" })).slaves;
    assert.deepEqual([slave?.serviceAddress, slave?.linkAddress], ["10.10.1.50", "10.10.2.21"]);
  });
  it("hosts: are reached like masters", () => {
    const config = parseHosts(hostsFleet);
    const reached = { sshHost: "10.10.1.13", sshPort: 22, sshUser: "root", bandwidthKiB: 0 };
    assert.deepEqual(config.slaves, [{ ...slave, ...reached }]);
  });

  check("lab: need addresses where their names end in no number from 1 to 20", [
    ...["replica", "s0", "s21", "s1a"].map((name): Case => [
      labSlave({ name, serviceAddress: "10.10.1.50" }),
      "slaves[0].linkAddress: found nothing; " +
        "allowed: an address; only a name that ends in a number from 1 to 20 has one by default; set it, or choose such a name",
    ]),
  ]);
  check("lab: need a network with room", [
    [
      { ...labFleet, linkNetwork: "10.10.2.0/28" },
      'linkNetwork: found "10.10.2.0/28"; allowed: a network that has room for the lab\'s slaves at its start + 20 + the number in the name; ' +
        "widen it to /26 or more, or set the addresses of slaves",
    ],
  ]);
  check("lab: set the keys of a machine themselves", [
    ...Object.entries({ sshHost: "s1", linkDevice: "eth5", dataDisk: "/dev/vdb" }).map(
      ([key, value]): Case => [
        labSlave({ name: "s1", [key]: value }),
        `slaves[0].${key}: found "${value}"; ${ends.onlyOnHosts}`,
      ],
    ),
  ]);
  check("hosts: need their keys", [
    ...(["serviceAddress", "linkAddress", "hostKey", "serviceDevice", "linkDevice", "dataDisk"] as const).map(
      (key): Case => [
        hostsSlave(without(slave, key)),
        `slaves[0].${key}: found nothing; ${ends.neededOnHosts(key)}`,
      ],
    ),
  ]);
  check("hosts: are machines of their own, each with an interface for each network", [
    [
      hostsSlave({ ...slave, linkDevice: "eth0" }),
      'slaves[0].linkDevice: found "eth0", which slaves[0].serviceDevice has too; ' +
        "allowed: a network interface for each network; choose another one",
    ],
    [
      { ...hostsSlave({ ...slave, sshHost: "gate" }), masters: [{ ...host(1), sshHost: "gate" }, host(2)] },
      'slaves[0].sshHost: found "gate:22", which masters[0].sshHost has too; ' +
        "allowed: a host and port for each machine; no two machines are the same",
    ],
  ]);
  check("have names and addresses of their own", [
    [
      labSlave({ name: "m2", serviceAddress: "10.10.1.50", linkAddress: "10.10.2.50" }),
      `slaves[0].name: found "m2", which masters[1].name has too; ${ends.ownName}`,
    ],
    [
      labSlave({ name: "client", serviceAddress: "10.10.1.50", linkAddress: "10.10.2.50" }),
      `slaves[0].name: found "client", which lab.clients[0].name has too; ${ends.ownName}`,
    ],
    [
      labSlave({ name: "s1", serviceAddress: "10.10.1.11" }),
      `slaves[0].serviceAddress: found "10.10.1.11", which masters[0].serviceAddress has too; ${ends.ownAddress}`,
    ],
    [
      labSlave({ name: "s1", linkAddress: "10.10.2.12" }),
      `slaves[0].linkAddress: found "10.10.2.12", which masters[1].linkAddress has too; ${ends.ownAddress}`,
    ],
    [
      labSlave({ name: "s1", serviceAddress: "10.10.2.50" }),
      `slaves[0].serviceAddress: found "10.10.2.50"; ${ends.insideService}`,
    ],
  ]);
  check("may take a bandwidth", [
    ...[63, 10485761, -1, 64.5, "64"].map((bandwidthKiB): Case => [
      labSlave({ name: "s1", bandwidthKiB }),
      `slaves[0].bandwidthKiB: found ${JSON.stringify(bandwidthKiB)}; ` +
        `allowed: a whole number, 0 for no limit, or 64 to 10485760 KiB/s; ${ends.number}`,
    ]),
  ]);
  check("are objects with known keys in a list", [
    [
      { ...lab, slaves: { s1: {} } },
      'slaves: found {"s1":{}}; allowed: a list of { name, serviceAddress, linkAddress, … }; write it as a list',
    ],
    [
      labSlave({ name: "s1", bandwithKiB: 64 }),
      "slaves[0].bandwithKiB: found an unknown key; allowed: name, serviceAddress, linkAddress, sshHost, sshPort, sshUser, " +
        "hostKey, serviceDevice, linkDevice, dataDisk, zone, instanceType, bandwidthKiB; did you mean bandwidthKiB?",
    ],
  ]);
});

describe("config: read pool", () => {
  const pool = (changes: Record<string, unknown>) => ({
    ...labFleet,
    readPool: { vip: "10.10.1.101", ...changes },
  });
  const hostsPool = (...proxies: unknown[]) => ({ ...hostsFleet, readPool: { vip: "10.10.1.101", proxies } });
  const [first, second] = [server("p1", "10.10.1.31"), server("p2", "10.10.1.32")];

  it("lab: has two proxies", () =>
    assert.deepEqual(parseLab(pool({})).readPool, {
      vip: "10.10.1.101",
      routerId: 51,
      proxies: [
        { name: "p1", serviceAddress: "10.10.1.31", serviceDevice: "eth1" },
        { name: "p2", serviceAddress: "10.10.1.32", serviceDevice: "eth1" },
      ],
    }));
  it("hosts: has proxies that are reached like masters", () => {
    const { readPool } = parseHosts(hostsFleet);
    const ssh = (sshHost: string) => ({ sshHost, sshPort: 22, sshUser: "root" });
    assert.deepEqual(readPool?.proxies, [
      { ...first, ...ssh("10.10.1.31") },
      { ...second, ...ssh("10.10.1.32") },
    ]);
  });

  check("needs slaves", [
    [
      { ...lab, readPool: { vip: "10.10.1.101" } },
      "readPool: found a pool without slaves; allowed: nothing without slaves; set slaves, or remove readPool",
    ],
  ]);
  check("has an address of its own in the service network", [
    [
      { ...labFleet, readPool: { routerId: 7 } },
      "readPool.vip: found nothing; allowed: an IPv4 address such as 10.10.1.11; set it",
    ],
    [pool({ vip: "10.10.2.101" }), `readPool.vip: found "10.10.2.101"; ${ends.insideService}`],
    [
      pool({ vip: "10.10.1.100" }),
      `readPool.vip: found "10.10.1.100", which vip has too; ${ends.ownAddress}`,
    ],
    [
      pool({ vip: "10.10.1.21" }),
      `readPool.vip: found "10.10.1.21", which slaves[0].serviceAddress has too; ${ends.ownAddress}`,
    ],
  ]);
  check("has a VRRP router id", [
    ...[0, 256].map((routerId): Case => [
      pool({ routerId }),
      `readPool.routerId: found ${routerId}; allowed: a whole number, 1 to 255; ${ends.number}`,
    ]),
  ]);
  check("has two proxies", [
    [
      pool({ proxies: [{ name: "p1", serviceAddress: "10.10.1.31" }] }),
      "readPool.proxies: found a list of 1; allowed: a list of exactly two proxies; " +
        "an HA pair has one active and one standby",
    ],
    [
      { ...hostsFleet, readPool: { vip: "10.10.1.101" } },
      "readPool.proxies: found nothing; allowed: a list of exactly two proxies; see docs/config.md for an example",
    ],
  ]);
  check("lab: has room for the proxies, which are machines of their own", [
    [
      { ...pool({}), serviceNetwork: "10.10.1.0/27", vip: "10.10.1.1", readPool: { vip: "10.10.1.2" } },
      'serviceNetwork: found "10.10.1.0/27"; allowed: a network that has room for the lab\'s proxies at its start + 31 and + 32; ' +
        "widen it to /26 or more, or set readPool.proxies",
    ],
    [
      { ...pool({}), slaves: [{ name: "s11" }] },
      `readPool.proxies[0].serviceAddress: found "10.10.1.31", which slaves[0].serviceAddress has too; ${ends.ownAddress}`,
    ],
    [
      { ...pool({}), slaves: [{ name: "p1" }] },
      `readPool.proxies[0].name: found "p1", which slaves[0].name has too; ${ends.ownName}`,
    ],
  ]);
  check("lab: sets the keys of the proxies itself", [
    [
      pool({
        proxies: [
          { name: "p1", serviceAddress: "10.10.1.31", sshUser: "me" },
          { name: "p2", serviceAddress: "10.10.1.32" },
        ],
      }),
      `readPool.proxies[0].sshUser: found "me"; ${ends.onlyOnHosts}`,
    ],
  ]);
  check("hosts: needs the keys of the proxies", [
    ...(["hostKey", "serviceDevice"] as const).map((key): Case => [
      hostsPool(first, without(second, key)),
      `readPool.proxies[1].${key}: found nothing; ${ends.neededOnHosts(key)}`,
    ]),
    [
      hostsPool(first, { ...second, dataDisk: "/dev/sdb" }),
      "readPool.proxies[1].dataDisk: found an unknown key; allowed: name, serviceAddress, sshHost, sshPort, sshUser, " +
        "hostKey, serviceDevice; remove it",
    ],
  ]);
});
