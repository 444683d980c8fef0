import assert from "node:assert/strict";
import {
  check,
  ends,
  errors,
  host,
  hosts,
  hostsWith,
  lab,
  labMaster,
  labWith,
  without,
  type Case,
} from "./configFixture";

describe("config: platforms", () => {
  check("are lab, hosts or aws", [
    [
      { ...lab, platform: "azure" },
      'platform: found "azure"; allowed: lab, hosts, aws; choose where the hosts come from',
    ],
  ]);
  check("lab: set the keys of a machine themselves", [
    [labWith({ dataDisk: "/dev/vdb" }), `masters[1].dataDisk: found "/dev/vdb"; ${ends.onlyOnHosts}`],
    [labWith({ sshPort: 22 }), `masters[1].sshPort: found 22; ${ends.onlyOnHosts}`],
    [
      { ...lab, sshPrivateKey: hosts.sshPrivateKey },
      `sshPrivateKey: found a value that is not shown; ${ends.onlyOnHosts}`,
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
      { ...hosts, masters: [host(1), without(host(2), key)] },
      `masters[1].${key}: found nothing; ${ends.neededOnHosts(key)}`,
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
        "allowed: a host and port for each machine; no two machines are the same",
    ],
    [
      hostsWith({ linkDevice: "eth0" }),
      'masters[1].linkDevice: found "eth0", which masters[1].serviceDevice has too; ' +
        "allowed: a network interface for each network; choose another one",
    ],
  ]);
  it("hosts: have a host key each, whatever the comment says", () => {
    const hostKey = `${host(1).hostKey} of another machine`;
    const [line = "", ...more] = errors(hostsWith({ hostKey }));
    assert.match(
      line,
      /^masters\[1\]\.hostKey: found "ssh-ed25519 A.*, which masters\[0\]\.hostKey has too; allowed: a host key for each master; is it one machine\? /,
    );
    assert.deepEqual(more, []);
  });
  it("hosts: give a whole disk for the data, by any of its names", () => {
    for (const dataDisk of [
      ...["/dev/sdb", "/dev/nvme0n1", "/dev/mmcblk0", "/dev/md0", "/dev/md/data", "/dev/vg1/data2"],
      ...["/dev/mapper/vg1-part1", "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4", "/dev/drbd1"],
    ]) {
      assert.deepEqual(errors(hostsWith({ dataDisk })), [], dataDisk);
    }
  });
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

  it("have host names of RFC 1123, with or without a domain, at most 63 letters", () => {
    const long = "n".repeat(63);
    for (const name of [
      "2m",
      "m_2",
      "m-",
      "m-.example",
      "m2.",
      "m2..example",
      ".m2",
      `${long}n`,
      "localhost",
      "both",
      "",
    ]) {
      const [line, ...more] = errors(hostsWith({ name }));
      assert.match(
        line ?? "",
        /^masters\[1\]\.name: found ".*; allowed: 1 to 63 of a-z, .*; use the host name /,
      );
      assert.deepEqual(more, []);
    }
    for (const name of [long, "nas-b.2nd-floor.storage.example.com"]) {
      assert.deepEqual(errors(hostsWith({ name })), []);
    }
  });
  it("have no capitals in their names", () => {
    assert.match(
      errors(hostsWith({ name: "NAS-B.example" })).join("\n"),
      /^masters\[1\]\.name: found "NAS-B\.example"; allowed: .*; heartbeat takes capitals for small letters: call the host nas-b\.example by `hostnamectl set-hostname`$/,
    );
  });
  it("have short names on the lab", () => {
    for (const name of ["abcdefghijklmnop", "m2.example"]) {
      assert.deepEqual(errors(labWith({ name })), [
        `masters[1].name: found "${name}"; allowed: on platform lab 1 to 15 of a-z, 0-9 and '-'; choose a short one without dots`,
      ]);
    }
    assert.deepEqual(errors(labWith({ name: "abcdefghijklmn0" })), []);
  });
  check("have names of their own", [
    [labWith({ name: "m1" }), 'masters[1].name: found "m1", which masters[0].name has too; ' + ends.ownName],
    [
      { ...lab, lab: { clients: [{ name: "m2", serviceAddress: "10.10.1.20" }] } },
      'lab.clients[0].name: found "m2", which masters[1].name has too; ' + ends.ownName,
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

  it("are logged in on by any user that useradd takes", () => {
    for (const sshUser of ["first.last", "Admin", "_svc", "0day", "a-b_c.D", "a".repeat(32)]) {
      assert.deepEqual(errors(hostsWith({ sshUser })), [], sshUser);
    }
  });
  it("have well-formed keys for SSH, devices and disk", () => {
    const wrong = {
      sshHost: ["root@m2", "m2:22", ""],
      sshPort: [0, 65536, "22", 22.5],
      sshUser: ["a b", "a$", "-a", "a@b", "..", "1000", "a".repeat(33), ""],
      hostKey: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIshort", `${host(2).hostKey}\n${host(1).hostKey}`],
      serviceDevice: ["eth 0", "a234567890123456", "../eth0"],
      dataDisk: [
        ...["sdb", "/dev/../etc/passwd", "/dev/", "/mnt/disk", "/dev/a b"],
        ...["/dev/sdb1", "/dev/vda12", "/dev/xvdb1", "/dev/nvme0n1p2", "/dev/mmcblk0p1"],
        ...["/dev/disk/by-id/wwn-0x5-part1", "/dev/disk/by-path/pci-0-part2", "/dev/disk/by-partlabel/data"],
      ],
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
