import assert from "node:assert/strict";
import { parseConfig } from "../../config";
import {
  check,
  ends,
  errors,
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

describe("config: push targets", () => {
  const target = (changes: Record<string, unknown>) => ({
    ...lab,
    pushTargets: [{ name: "client", directory: "/srv/app", ...changes }],
  });
  const web = { ...server("web", "10.10.1.41"), directory: "/srv/app" };

  it("lab: are clients, and get every share unless told", () => {
    const raw = { ...target({}), shares: [{ name: "data" }, { name: "images" }] };
    assert.deepEqual(parseLab(raw).pushTargets, [
      {
        name: "client",
        serviceAddress: "10.10.1.13",
        serviceDevice: "eth1",
        directory: "/srv/app",
        shares: ["data", "images"],
        bandwidthKiB: 0,
      },
    ]);
    assert.deepEqual(parseLab({ ...raw, ...target({ shares: ["images"] }) }).pushTargets[0]?.shares, [
      "images",
    ]);
  });
  it("hosts: are reached like masters", () => {
    const [reached] = parseHosts(hostsFleet).pushTargets;
    assert.deepEqual([reached?.sshHost, reached?.sshUser, reached?.shares], ["10.10.1.41", "root", ["data"]]);
  });

  check("lab: are clients, each once", [
    [
      target({ name: "cliemt" }),
      'pushTargets[0].name: found "cliemt"; allowed: the name of one of lab.clients; did you mean client?',
    ],
    [
      target({ name: "web" }),
      'pushTargets[0].name: found "web"; allowed: the name of one of lab.clients; add it there',
    ],
    [
      { ...lab, pushTargets: ["/srv/a", "/srv/b"].map((directory) => ({ name: "client", directory })) },
      'pushTargets[1].name: found "client", which pushTargets[0].name has too; ' +
        "allowed: a client that no other target has; merge the two targets",
    ],
    [
      target({ serviceAddress: "10.10.1.13" }),
      `pushTargets[0].serviceAddress: found "10.10.1.13"; ${ends.onlyOnHosts}`,
    ],
  ]);
  check("hosts: are machines of their own, with their keys", [
    ...(["serviceAddress", "hostKey", "serviceDevice"] as const).map((key): Case => [
      { ...hosts, pushTargets: [without(web, key)] },
      `pushTargets[0].${key}: found nothing; ${ends.neededOnHosts(key)}`,
    ]),
    [
      { ...hosts, pushTargets: [{ ...web, name: "m1" }] },
      `pushTargets[0].name: found "m1", which masters[0].name has too; ${ends.ownName}`,
    ],
    [
      { ...hosts, pushTargets: [{ ...web, serviceAddress: "10.10.1.12" }] },
      `pushTargets[0].serviceAddress: found "10.10.1.12", which masters[1].serviceAddress has too; ${ends.ownAddress}`,
    ],
  ]);

  const directory =
    "allowed: an absolute path without '.', '..', '//' or a last '/', that is none of the system's, such as /srv/app; " +
    "choose a directory for these files alone";
  check("have no directory of the system", [
    ...["/", "srv/app", "/srv/app/", "/srv//app", "/srv/./app", "/srv/../etc", "/srv/a b", ""].map(
      (found): Case => [
        target({ directory: found }),
        `pushTargets[0].directory: found "${found}"; ${directory}`,
      ],
    ),
    ...["/etc", "/etc/app", "/usr/local/app", "/dev/shm", "/lib64/x", "/run/app", "/var", "/root"].map(
      (found): Case => [
        target({ directory: found }),
        `pushTargets[0].directory: found "${found}"; ${directory}`,
      ],
    ),
  ]);
  it("have a directory anywhere else", () => {
    for (const directory of [
      "/data",
      "/srv/app",
      "/var/lib/app",
      "/home/app/..data",
      "/etcetera",
      "/root/app",
    ]) {
      assert.deepEqual(errors(target({ directory })), []);
    }
  });
  check("get shares that there are, each once", [
    [
      target({ shares: ["dat"] }),
      'pushTargets[0].shares[0]: found "dat"; allowed: the name of one of shares; did you mean data?',
    ],
    [
      target({ shares: ["data", "data"] }),
      'pushTargets[0].shares[1]: found "data", which pushTargets[0].shares[0] has too; ' +
        "allowed: a share not listed before; remove it",
    ],
    [
      target({ shares: [] }),
      "pushTargets[0].shares: found []; allowed: a list of at least one name of a share; leave it out to push every share",
    ],
    [
      { ...target({ shares: ["-data"] }), shares: [{ name: "-data" }] },
      "shares[0].name: found \"-data\"; allowed: 1 to 63 of a-z, A-Z, 0-9, '-' and '_', neither first nor last a '-'; " +
        "it becomes the directory /srv/nfs/<name>",
    ],
  ]);
});

describe("config: replication", () => {
  const replication = (changes: Record<string, unknown>) => ({ ...lab, replication: changes });
  const unit = "allowed: a whole number with its unit, ms or s,";

  it("takes times and sizes", () =>
    assert.deepEqual(
      parseConfig(replication({ coalesce: "1s", maxLag: "1500ms", journalLimitMiB: 16 })).replication,
      {
        coalesceMs: 1000,
        maxLagSeconds: 1.5,
        journalLimitMiB: 16,
        metricsPort: 9478,
        healthPort: 9479,
      },
    ));

  check("has limits", [
    [
      replication({ coalesce: "9ms" }),
      `replication.coalesce: found "9ms"; ${unit} 10ms to 10s; choose one of these`,
    ],
    [
      replication({ coalesce: "11s" }),
      `replication.coalesce: found "11s"; ${unit} 10ms to 10s; choose one of these`,
    ],
    [
      replication({ coalesce: "1s", maxLag: "1s" }),
      "replication.coalesce: found 1000ms; allowed: less than maxLag, 1000ms, or every slave is late while changes are gathered; " +
        "lower it, or raise maxLag",
    ],
    [
      replication({ coalesce: 200 }),
      `replication.coalesce: found 200; ${unit} 10ms to 10s; the unit is missing: write 200ms or 200s`,
    ],
    [replication({ maxLag: "5" }), `replication.maxLag: found "5"; ${unit} 1s to 3600s; write the unit too`],
    [
      replication({ maxLag: "999ms" }),
      `replication.maxLag: found "999ms"; ${unit} 1s to 3600s; choose one of these`,
    ],
    [
      replication({ journalLimitMiB: 8 }),
      `replication.journalLimitMiB: found 8; allowed: a whole number of MiB, 16 to 65536; ${ends.number}`,
    ],
  ]);
  check("has ports that nothing else has", [
    ...Object.entries({ 22: "SSH", 80: "HTTP", 2049: "NFS" }).map(([port, owner]): Case => [
      replication({ metricsPort: Number(port) }),
      `replication.metricsPort: found ${port}; allowed: a port other than ${owner}'s ${port}; choose another one`,
    ]),
    [
      replication({ healthPort: 9478 }),
      "replication.healthPort: found 9478, which replication.metricsPort has too; " +
        "allowed: a port of its own; choose another one",
    ],
    [
      { ...lab, drbd: { port: 9479 } },
      "replication.healthPort: found 9479, which drbd.port has too; allowed: a port of its own; choose another one",
    ],
  ]);
  check("has ping nodes that are not the cluster's", [
    ...Object.entries({ "10.10.1.22": "slaves[1].serviceAddress", "10.10.1.101": "readPool.vip" }).map(
      ([node, owner]): Case => [
        { ...labFleet, readPool: { vip: "10.10.1.101" }, heartbeat: { pingNodes: [node] } },
        `heartbeat.pingNodes[0]: found "${node}", which is ${owner}; allowed: an address that is not the cluster's own; ` +
          "name the gateway or another machine that is always up",
      ],
    ),
  ]);
});
