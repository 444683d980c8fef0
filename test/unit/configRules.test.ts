import assert from "node:assert/strict";
import { errors, host, hosts, lab } from "./configFixture";

/** A configuration with one thing wrong, and its line. */
type Case = [raw: Record<string, unknown>, line: string];

function check(title: string, cases: Case[]): void {
  it(title, () => {
    for (const [raw, line] of cases) assert.deepEqual(errors(raw), [line]);
  });
}

const labMaster = (n: number) => ({
  name: `m${n}`,
  serviceAddress: `10.10.1.1${n}`,
  linkAddress: `10.10.2.1${n}`,
});
const labWith = (changes: Record<string, unknown>) => ({
  ...lab,
  masters: [labMaster(1), { ...labMaster(2), ...changes }],
});
const hostsWith = (changes: Record<string, unknown>) => ({
  ...hosts,
  masters: [host(1), { ...host(2), ...changes }],
});
const without = (key: keyof ReturnType<typeof host>) => {
  const master: Partial<ReturnType<typeof host>> = host(2);
  delete master[key];
  return { ...hosts, masters: [host(1), master] };
};

describe("config: platforms", () => {
  const sets = "nothing on platform lab, which sets it itself; remove it, or set platform to hosts";

  check("are lab or hosts", [
    [
      { ...lab, platform: "aws" },
      'platform: found "aws"; allowed: lab, hosts; aws is planned, not there yet',
    ],
    [
      { ...lab, platform: "azure" },
      'platform: found "azure"; allowed: lab, hosts; choose where the hosts come from',
    ],
  ]);
  check("lab: set the keys of a machine themselves", [
    [labWith({ dataDisk: "/dev/vdb" }), `masters[1].dataDisk: found "/dev/vdb"; allowed: ${sets}`],
    [labWith({ sshPort: 22 }), `masters[1].sshPort: found 22; allowed: ${sets}`],
    [
      { ...lab, sshPrivateKey: hosts.sshPrivateKey },
      `sshPrivateKey: found a value that is not shown; allowed: ${sets}`,
    ],
  ]);
  check("hosts: need masters, their keys and the private key", [
    [
      { ...hosts, masters: [] },
      "masters: found nothing; allowed: a list of exactly two masters; see docs/config.md for an example",
    ],
    [
      { ...hosts, sshPrivateKey: "" },
      "sshPrivateKey: found nothing; allowed: the private key that opens the hosts; " +
        "set it with `pulumi config set --secret sshPrivateKey < FILE`",
    ],
    ...(["hostKey", "serviceDevice", "linkDevice", "dataDisk"] as const).map((key): Case => [
      without(key),
      `masters[1].${key}: found nothing; allowed: a value on platform hosts; see ${key} in docs/config.md`,
    ]),
  ]);
  check("hosts: have no lab", [
    [
      { ...hosts, lab: { dataDiskMiB: 512 } },
      'lab: found {"dataDiskMiB":512}; allowed: nothing on platform hosts; remove it, or set platform to lab',
    ],
  ]);
  check("hosts: are two machines, each with an interface for each network", [
    [
      { ...hosts, masters: [1, 2].map((n) => ({ ...host(n), sshHost: "gate" })) },
      'masters[1].sshHost: found "gate:22", which masters[0].sshHost has too; ' +
        "allowed: a host and port for each master; the masters are two machines",
    ],
    [
      hostsWith({ linkDevice: "eth0" }),
      'masters[1].linkDevice: found "eth0", which masters[1].serviceDevice has too; ' +
        "allowed: a network interface for each network; choose another one",
    ],
  ]);
  it("hosts: may share a name at different ports", () => {
    const masters = [1, 2].map((n) => ({ ...host(n), sshHost: "gate", sshPort: 2200 + n }));
    assert.deepEqual(errors({ ...hosts, masters }), []);
  });
});

describe("config: masters", () => {
  check("are two", [
    [
      { ...lab, masters: [labMaster(1)] },
      "masters: found a list of 1; allowed: a list of exactly two masters; an HA pair has one active and one standby",
    ],
    [
      { ...lab, masters: "m1" },
      'masters: found "m1", which is no JSON; allowed: a list of exactly two masters; write it as a list',
    ],
  ]);

  it("have host names of RFC 1123, at most 15 characters, not localhost", () => {
    for (const name of ["M2", "2m", "m_2", "m-", "abcdefghijklmnop", "localhost", "m2.example", ""]) {
      const [line, ...more] = errors(labWith({ name }));
      assert.match(
        line ?? "",
        /^masters\[1\]\.name: found ".*"; allowed: 1 to 15 of a-z, .*; use the host name /,
      );
      assert.deepEqual(more, []);
    }
    assert.deepEqual(errors(labWith({ name: "abcdefghijklmn0" })), []);
  });
  check("have names of their own", [
    [
      labWith({ name: "m1" }),
      'masters[1].name: found "m1", which masters[0].name has too; ' +
        "allowed: a name that no other machine has; choose another one",
    ],
    [
      { ...lab, lab: { clients: [{ name: "m2", serviceAddress: "10.10.1.20" }] } },
      'lab.clients[0].name: found "m2", which masters[1].name has too; ' +
        "allowed: a name that no other machine has; choose another one",
    ],
  ]);
  check("have a replication address if, and only if, there is that network", [
    [
      {
        ...labWith({}),
        replicationNetwork: "10.10.3.0/24",
        masters: [{ ...labMaster(1), replicationAddress: "10.10.3.1" }, labMaster(2)],
      },
      "masters[1].replicationAddress: found nothing; allowed: a value where replicationNetwork is set; " +
        "set it, or remove replicationNetwork",
    ],
    [
      labWith({ replicationAddress: "10.10.3.1" }),
      'masters[1].replicationAddress: found "10.10.3.1"; allowed: nothing without replicationNetwork; ' +
        "remove it, or set replicationNetwork",
    ],
    [
      hostsWith({ replicationDevice: "eth2" }),
      'masters[1].replicationDevice: found "eth2"; allowed: nothing without replicationNetwork; ' +
        "remove it, or set replicationNetwork",
    ],
  ]);

  it("have well-formed keys for SSH, devices and disk", () => {
    const wrong = {
      sshHost: ["root@m2", "m2:22", ""],
      sshPort: [0, 65536, "22", 22.5],
      sshUser: ["Root", "a b"],
      hostKey: [
        "ssh-rsa AAAA",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIshort",
        `${host(2).hostKey}\n${host(1).hostKey}`,
      ],
      serviceDevice: ["eth 0", "a234567890123456", "../eth0"],
      dataDisk: ["sdb", "/dev/../etc/passwd", "/dev/", "/mnt/disk", "/dev/a b"],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        const [line, ...more] = errors(hostsWith({ [key]: value }));
        assert.ok(line?.startsWith(`masters[1].${key}: found `), `${key} ${value}: ${line}`);
        assert.deepEqual(more, []);
      }
    }
  });
});

describe("config: networks and addresses", () => {
  const form = "an IPv4 network such as 10.10.1.0/24, prefix 8 to 30, not loopback, multicast or reserved";

  check("a network is in CIDR form and for unicast", [
    [
      { ...lab, linkNetwork: "10.9.9.9/24" },
      `linkNetwork: found "10.9.9.9/24"; allowed: ${form}; did you mean 10.9.9.0/24?`,
    ],
    [
      { ...lab, linkNetwork: "10.9.9.0" },
      `linkNetwork: found "10.9.9.0"; allowed: ${form}; write it as <network address>/<prefix length>`,
    ],
    ...["127.0.0.0/8", "239.1.1.0/24", "240.0.0.0/24", "0.0.0.0/8", "10.9.9.0/31"].map(
      (linkNetwork): Case => [
        { ...lab, linkNetwork },
        `linkNetwork: found "${linkNetwork}"; allowed: ${form}; choose one of these`,
      ],
    ),
  ]);
  check("networks lie apart", [
    [
      {
        ...lab,
        linkNetwork: "10.10.0.0/16",
        masters: [1, 2].map((n) => ({ ...labMaster(n), linkAddress: `10.10.9.${n}` })),
      },
      'linkNetwork: found "10.10.0.0/16"; allowed: a network apart from serviceNetwork 10.10.1.0/24; ' +
        "choose one that does not overlap it",
    ],
    [
      { ...lab, linkNetwork: "10.0.2.0/24" },
      'linkNetwork: found "10.0.2.0/24"; allowed: a network apart from 10.0.2.0/24, which QEMU uses to manage the lab; ' +
        "choose one that does not overlap it",
    ],
  ]);
  it("hosts may use the network that QEMU has in the lab", () => {
    const masters = [1, 2].map((n) => ({ ...host(n), linkAddress: `10.0.2.${n}` }));
    assert.deepEqual(errors({ ...hosts, linkNetwork: "10.0.2.0/24", masters }), []);
  });
  check("a network has room for the lab's machines", [
    [
      { ...lab, linkNetwork: "10.10.2.8/29" },
      'linkNetwork: found "10.10.2.8/29"; allowed: a network that has room for the lab\'s machines at its start + 11, + 12 and + 13; ' +
        "widen it to /28 or more, or set masters and lab.clients",
    ],
  ]);
  it("a small network does for masters that are given", () => {
    const masters = [1, 2].map((n) => ({ ...labMaster(n), linkAddress: `10.10.2.${n}` }));
    assert.deepEqual(errors({ ...lab, linkNetwork: "10.10.2.0/30", masters }), []);
  });

  const inside =
    "an address of serviceNetwork 10.10.1.0/24, neither its first nor its last; choose one inside, or correct serviceNetwork";
  check("an address is inside its network", [
    [{ vip: "10.10.9.1" }, `vip: found "10.10.9.1"; allowed: ${inside}`],
    [{ vip: "10.10.1.0" }, `vip: found "10.10.1.0"; allowed: ${inside}`],
    [{ vip: "10.10.1.255" }, `vip: found "10.10.1.255"; allowed: ${inside}`],
    [
      labWith({ serviceAddress: "10.10.2.50" }),
      `masters[1].serviceAddress: found "10.10.2.50"; allowed: ${inside}`,
    ],
    [
      labWith({ linkAddress: "10.10.1.50" }),
      `masters[1].linkAddress: found "10.10.1.50"; allowed: ${inside.replaceAll("serviceNetwork 10.10.1", "linkNetwork 10.10.2").replaceAll("serviceNetwork", "linkNetwork")}`,
    ],
    [
      { ...lab, heartbeat: { pingNodes: ["10.10.2.1"] } },
      `heartbeat.pingNodes[0]: found "10.10.2.1"; allowed: ${inside}`,
    ],
  ]);
  check("an address has one owner", [
    [
      { vip: "10.10.1.11" },
      'vip: found "10.10.1.11", which masters[0].serviceAddress has too; ' +
        "allowed: an address that nothing else has; choose another one",
    ],
    [
      labWith({ linkAddress: "10.10.2.11" }),
      'masters[1].linkAddress: found "10.10.2.11", which masters[0].linkAddress has too; ' +
        "allowed: an address that nothing else has; choose another one",
    ],
    [
      { ...lab, lab: { clients: [{ name: "c", serviceAddress: "10.10.1.12" }] } },
      'lab.clients[0].serviceAddress: found "10.10.1.12", which masters[1].serviceAddress has too; ' +
        "allowed: an address that nothing else has; choose another one",
    ],
  ]);
  check("the VIP has no prefix", [
    [
      { vip: "10.10.1.100/24" },
      'vip: found "10.10.1.100/24"; allowed: an IPv4 address such as 10.10.1.11; leave the prefix off: it comes from the network',
    ],
    [
      { vip: "10.10.1.0100" },
      'vip: found "10.10.1.0100"; allowed: an IPv4 address such as 10.10.1.11; write four numbers from 0 to 255 with dots between',
    ],
  ]);
});

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
      "shares[0].clients: found []; allowed: a list of at least one { from, access, squash, anonUid, anonGid }; say who may mount the share",
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
        "write the number alone, without unit or quotes",
    ],
  ]);
  check("have names of their own, fit for a directory", [
    [
      { ...lab, shares: [{ name: "a" }, { name: "a" }] },
      'shares[1].name: found "a", which shares[0].name has too; allowed: a name that no other share has; choose another one',
    ],
    [
      { ...lab, shares: [{ name: "../etc" }] },
      "shares[0].name: found \"../etc\"; allowed: 1 to 63 of a-z, 0-9 and '-', neither first nor last a '-'; " +
        "it becomes the directory /srv/nfs/<name>",
    ],
    [
      { ...lab, shares: [] },
      "shares: found []; allowed: a list of at least one { name, clients }; name what the cluster shall export",
    ],
  ]);
  it("may be mounted through a router", () =>
    assert.deepEqual(errors(share({ from: "192.168.0.0/16" })), []));
});

describe("config: heartbeat, DRBD and NFS", () => {
  const heartbeat = (changes: Record<string, unknown>) => ({ ...lab, heartbeat: changes });
  const unit = "a whole number with its unit, ms or s, such as 500ms or 3s";
  const number = "write the number alone, without unit or quotes";

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
      heartbeat({ warntime: "500ms" }),
      "heartbeat.warntime: found 500ms; allowed: at least 501ms, more than keepalive; raise it, or lower keepalive",
    ],
    [
      heartbeat({ warntime: "3s" }),
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
      heartbeat({ initdead: "5s" }),
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
    [heartbeat({ udpPort: 0 }), `heartbeat.udpPort: found 0; allowed: a whole number, 1 to 65535; ${number}`],
    [
      heartbeat({ autoFailback: "on" }),
      'heartbeat.autoFailback: found "on"; allowed: true, false; write it without quotes',
    ],
  ]);
  check("a ping node is another machine, listed once", [
    ...Object.entries({ "10.10.1.100": "vip", "10.10.1.12": "masters[1].serviceAddress" }).map(
      ([node, owner]): Case => [
        heartbeat({ pingNodes: [node] }),
        `heartbeat.pingNodes[0]: found "${node}", which is ${owner}; allowed: neither a master's address nor the VIP; ` +
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
      "drbd.port: found 2049; allowed: a port other than NFS's 2049; choose another one, such as 7788",
    ],
    [
      { ...lab, drbd: { port: 22 } },
      `drbd.port: found 22; allowed: a whole number, 1024 to 65535; ${number}`,
    ],
    [
      { ...lab, drbd: { metadata: "flexible" } },
      'drbd.metadata: found "flexible"; allowed: internal, external; choose one of these',
    ],
    [
      { ...lab, drbd: { verifyAlg: "md5" } },
      'drbd.verifyAlg: found "md5"; allowed: crc32c, sha1; choose one of these',
    ],
    [
      { ...lab, drbd: { resyncMaxRateMiB: 5000 } },
      `drbd.resyncMaxRateMiB: found 5000; allowed: a whole number of MiB per second, 1 to 4096; ${number}`,
    ],
  ]);
  check("NFS: threads, lease and grace", [
    [
      { ...lab, nfs: { threads: "8" } },
      `nfs.threads: found "8"; allowed: a whole number, 1 to 256; ${number}`,
    ],
    [
      { ...lab, nfs: { leaseSeconds: 5 } },
      `nfs.leaseSeconds: found 5; allowed: a whole number of seconds, 10 to 3600; ${number}`,
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
      `secretsGeneration: found 0; allowed: a whole number, at least 1; ${number}`,
    ],
    [
      { ...lab, connectTimeoutSeconds: 5 },
      `connectTimeoutSeconds: found 5; allowed: a whole number of seconds, 10 to 3600; ${number}`,
    ],
    [
      { ...lab, lab: { masterMemoryMiB: 256 } },
      `lab.masterMemoryMiB: found 256; allowed: a whole number of MiB, at least 512; ${number}`,
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
      "shares[0].clients[0].acess: found an unknown key; allowed: from, access, squash, anonUid, anonGid; did you mean access?",
    ],
  ]);
});
