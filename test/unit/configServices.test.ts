import assert from "node:assert/strict";
import { exportsFile } from "../../components/render/nfs";
import { check, ends, errors, lab, labFleet, parseLab, type Case } from "./configFixture";

describe("config: shares", () => {
  const share = (...clients: unknown[]) => ({ ...lab, shares: [{ name: "data", clients }] });
  const from = "an IPv4 address or network, such as 10.10.1.13 or 10.10.1.0/24";

  check("have clients by address or network, but not the whole Internet", [
    [
      share({ from: "0.0.0.0/0" }),
      `shares[0].clients[0].from: found "0.0.0.0/0"; allowed: ${from}; name the networks of the clients: /0 lets the whole Internet mount the share`,
    ],
    [
      share({ from: "10.1.1.1/24" }),
      `shares[0].clients[0].from: found "10.1.1.1/24"; allowed: ${from}; did you mean 10.1.1.0/24?`,
    ],
    [
      share({ from: "*" }),
      `shares[0].clients[0].from: found "*"; allowed: ${from}; write it as <network address>/<prefix length>`,
    ],
    [
      share({ from: "10.10.1.13" }, { from: "10.10.1.13/32" }),
      'shares[0].clients[1].from: found "10.10.1.13", which shares[0].clients[0].from has too; ' +
        "allowed: an address or network that the share has not listed yet; merge the two entries",
    ],
    [
      share(),
      "shares[0].clients: found []; allowed: a list of at least one { from, access, squash, anonUid, anonGid, insecure }; say who may mount the share",
    ],
  ]);
  check("know access and squash", [
    [
      share({ from: "10.10.1.13", access: "r" }),
      'shares[0].clients[0].access: found "r"; allowed: rw, ro; choose one of these',
    ],
    [
      share({ from: "10.10.1.13", squash: "no_root_squash" }),
      'shares[0].clients[0].squash: found "no_root_squash"; allowed: root, all, none; choose one of these',
    ],
    [
      share({ from: "10.10.1.13", anonUid: 4294967295 }),
      "shares[0].clients[0].anonUid: found 4294967295; allowed: a whole number, 0 to 4294967294; " +
        ends.number,
    ],
    [
      share({ from: "10.10.1.13", insecure: "yes" }),
      'shares[0].clients[0].insecure: found "yes"; allowed: true, false; write it without quotes',
    ],
  ]);
  it("may let a client ask from any port", () => {
    const [data] = parseLab(share({ from: "10.10.1.13", insecure: true }, { from: "10.10.1.14" })).shares;
    assert.deepEqual(
      data?.clients.map(({ insecure }) => insecure),
      [true, false],
    );
    assert.match(
      exportsFile("data", "/srv/nfs", [data]),
      /10\.10\.1\.13\(.*,insecure\)\n.*10\.10\.1\.14\([^)]*[0-9a-f]\)\n$/,
    );
  });
  check("have names of their own, fit for a directory", [
    [
      { ...lab, shares: [{ name: "a" }, { name: "a" }] },
      'shares[1].name: found "a", which shares[0].name has too; allowed: a name that no other share has; choose another one',
    ],
    [
      { ...lab, shares: [{ name: "../etc" }] },
      "shares[0].name: found \"../etc\"; allowed: 1 to 63 of a-z, A-Z, 0-9, '-' and '_', neither first nor last a '-'; " +
        "it becomes the directory /srv/nfs/<name>",
    ],
    [
      { ...lab, shares: [] },
      "shares: found []; allowed: a list of at least one { name, clients }; name what the cluster shall export",
    ],
  ]);
  check("are for readers, and not for the proxies that read for them", [
    [
      {
        ...labFleet,
        readPool: { vip: "10.10.1.101" },
        shares: [{ name: "data", clients: [{ from: "10.10.1.32/32" }] }],
      },
      'shares[0].clients[0].from: found "10.10.1.32", which is readPool.proxies[1].serviceAddress; ' +
        "allowed: no proxy: it reads for others, and slaves let it in by themselves; name the readers themselves",
    ],
  ]);
  it("may have capitals and underscores in their names", () => {
    const shares = ["Media_2024", "media_2024", "_", "A"].map((name) => ({ name }));
    assert.deepEqual(errors({ ...lab, shares }), []);
    for (const name of ["-a", "a-", "a.b", "a b", "ä", "a".repeat(64)]) {
      assert.match(
        errors({ ...lab, shares: [{ name }] }).join("\n"),
        /^shares\[0\]\.name: found [^\n]*$/,
        name,
      );
    }
  });
  it("may be mounted through a router", () =>
    assert.deepEqual(errors(share({ from: "192.168.0.0/16" })), []));
});

describe("config: heartbeat, DRBD and NFS", () => {
  const heartbeat = (changes: Record<string, unknown>) => ({ ...lab, heartbeat: changes });
  const unit = "a whole number with its unit, ms or s, such as 500ms or 3s";

  check("a time has its unit", [
    [
      heartbeat({ keepalive: 2 }),
      `heartbeat.keepalive: found 2; allowed: ${unit}; the unit is missing: write 2ms or 2s`,
    ],
    [
      heartbeat({ keepalive: "500" }),
      `heartbeat.keepalive: found "500"; allowed: ${unit}; write the unit too`,
    ],
    [
      heartbeat({ keepalive: "0.5s" }),
      `heartbeat.keepalive: found "0.5s"; allowed: ${unit}; write the unit too`,
    ],
  ]);
  check("keepalive < warntime < deadtime, and each is far enough from the next", [
    [
      heartbeat({ keepalive: "500ms", warntime: "500ms" }),
      "heartbeat.warntime: found 500ms; allowed: at least 501ms, more than keepalive; raise it, or lower keepalive",
    ],
    [
      heartbeat({ warntime: "3s", deadtime: "3s" }),
      "heartbeat.deadtime: found 3000ms; allowed: at least 3001ms, more than warntime; raise it, or lower warntime",
    ],
    [
      heartbeat({ keepalive: "1s", warntime: "1200ms", deadtime: "1500ms" }),
      "heartbeat.deadtime: found 1500ms; allowed: at least 2000ms, twice keepalive; raise it, or lower keepalive",
    ],
    [
      heartbeat({ keepalive: "100ms", warntime: "300ms", deadtime: "900ms" }),
      "heartbeat.deadtime: found 900ms; allowed: at least 1000ms, or a busy master counts as dead; raise it",
    ],
    [
      heartbeat({ deadtime: "3s", initdead: "5s" }),
      "heartbeat.initdead: found 5000ms; allowed: at least 6000ms, twice deadtime; raise it, or lower deadtime",
    ],
  ]);
  check("heartbeat: transport, group, port and failback", [
    [
      heartbeat({ transport: "bcast" }),
      'heartbeat.transport: found "bcast"; allowed: ucast, mcast; choose one of these',
    ],
    [
      heartbeat({ mcastGroup: "10.10.1.1" }),
      'heartbeat.mcastGroup: found "10.10.1.1"; allowed: a multicast address, 224.0.0.0 to 239.255.255.255; ' +
        "choose one that nothing else in these networks uses",
    ],
    [
      heartbeat({ udpPort: 0 }),
      `heartbeat.udpPort: found 0; allowed: a whole number, 1 to 65535; ${ends.number}`,
    ],
    [
      heartbeat({ transport: "mcast", udpPort: 65535 }),
      "heartbeat.udpPort: found 65535; allowed: at most 65534 with mcast, whose second network has the next port; lower it",
    ],
    [
      heartbeat({ autoFailback: "on" }),
      'heartbeat.autoFailback: found "on"; allowed: true, false; write it without quotes',
    ],
  ]);
  check("a ping node is another machine, listed once", [
    ...Object.entries({ "10.10.1.100": "vip", "10.10.1.12": "masters[1].serviceAddress" }).map(
      ([node, owner]): Case => [
        heartbeat({ pingNodes: [node] }),
        `heartbeat.pingNodes[0]: found "${node}", which is ${owner}; allowed: an address that is not the cluster's own; ` +
          "name the gateway or another machine that is always up",
      ],
    ),
    [
      heartbeat({ pingNodes: ["10.10.1.1", "10.10.1.1"] }),
      'heartbeat.pingNodes[1]: found "10.10.1.1", which heartbeat.pingNodes[0] has too; ' +
        "allowed: an address not listed before; name the gateway or another machine that is always up",
    ],
  ]);
  check("DRBD: port, metadata, digest and rate", [
    [
      { ...lab, drbd: { port: 2049 } },
      "drbd.port: found 2049; allowed: a port other than NFS's 2049; choose another one",
    ],
    [
      { ...lab, drbd: { port: 22 } },
      `drbd.port: found 22; allowed: a whole number, 1024 to 65535; ${ends.number}`,
    ],
    [
      { ...lab, drbd: { metadata: "flexible" } },
      'drbd.metadata: found "flexible"; allowed: internal, external; choose one of these',
    ],
    [
      { ...lab, drbd: { verifyAlg: "md5" } },
      'drbd.verifyAlg: found "md5"; allowed: sha1, sha256; choose one of these',
    ],
    [
      { ...lab, drbd: { resyncMaxRateMiB: 5000 } },
      `drbd.resyncMaxRateMiB: found 5000; allowed: a whole number of MiB per second, 1 to 4096; ${ends.number}`,
    ],
    [
      { ...lab, drbd: { resyncMinRateMiB: -1 } },
      `drbd.resyncMinRateMiB: found -1; allowed: a whole number of MiB per second, 0 to 4096; ${ends.number}`,
    ],
  ]);
  check("NFS: threads, lease and grace", [
    [
      { ...lab, nfs: { threads: "8" } },
      `nfs.threads: found "8"; allowed: a whole number, 1 to 256; ${ends.number}`,
    ],
    [
      { ...lab, nfs: { leaseSeconds: 5 } },
      `nfs.leaseSeconds: found 5; allowed: a whole number of seconds, 10 to 3600; ${ends.number}`,
    ],
    [
      { ...lab, nfs: { leaseSeconds: 20 } },
      "nfs.graceSeconds: found 10; allowed: at least leaseSeconds, 20; " +
        "raise it, or lower leaseSeconds: a client may notice the failover only at its next renewal",
    ],
  ]);
  check("the numbers at the top", [
    [
      { ...lab, secretsGeneration: 0 },
      `secretsGeneration: found 0; allowed: a whole number, at least 1; ${ends.number}`,
    ],
    [
      { ...lab, connectTimeoutSeconds: 5 },
      `connectTimeoutSeconds: found 5; allowed: a whole number of seconds, 10 to 3600; ${ends.number}`,
    ],
    [
      { ...lab, lab: { masterMemoryMiB: 256 } },
      `lab.masterMemoryMiB: found 256; allowed: a whole number of MiB, at least 512; ${ends.number}`,
    ],
  ]);
});

describe("config: unknown keys", () => {
  const nfs = "threads, leaseSeconds, graceSeconds";

  check("are refused at every level, with the nearest known key", [
    [
      { ...lab, nfs: { thread: 8 } },
      `nfs.thread: found an unknown key; allowed: ${nfs}; did you mean threads?`,
    ],
    [
      { ...lab, nfs: { leaseseconds: 10 } },
      `nfs.leaseseconds: found an unknown key; allowed: ${nfs}; did you mean leaseSeconds?`,
    ],
    [{ ...lab, nfs: { protocol: 10 } }, `nfs.protocol: found an unknown key; allowed: ${nfs}; remove it`],
    [
      { ...lab, shares: [{ name: "data", clients: [{ from: "10.10.1.13", acess: "ro" }] }] },
      "shares[0].clients[0].acess: found an unknown key; allowed: from, access, squash, anonUid, anonGid, insecure; did you mean access?",
    ],
  ]);
});
