import assert from "node:assert/strict";
import { TIMES } from "../../components/options";
import { cib, corosyncConf, corosyncDropIn, corosyncKey } from "../../components/render/pacemaker";
import { pems, qnetdDropIn } from "../../components/render/quorumDevice";
import { check, lab, parseLab } from "./configFixture";

describe("corosync.conf", () => {
  const conf = {
    tokenMs: 1000,
    consensusMs: 200,
    port: 5405,
    nodes: [
      { name: "m1", addresses: ["10.10.2.11", "10.10.1.11"] },
      { name: "m2", addresses: ["10.10.2.12", "10.10.1.12"] },
    ],
  };

  it("is the whole text", () => {
    assert.equal(
      corosyncConf(conf),
      `# made by ha-nfs
totem {
  version: 2
  cluster_name: ha-nfs
  transport: knet
  crypto_cipher: aes256
  crypto_hash: sha256
  keyfile: /etc/ha-nfs/secrets/corosync
  token: 1000
  consensus: 200
  interface {
    linknumber: 0
    mcastport: 5405
  }
  interface {
    linknumber: 1
    mcastport: 5406
  }
}
nodelist {
  node {
    name: m1
    nodeid: 1
    ring0_addr: 10.10.2.11
    ring1_addr: 10.10.1.11
  }
  node {
    name: m2
    nodeid: 2
    ring0_addr: 10.10.2.12
    ring1_addr: 10.10.1.12
  }
}
quorum {
  provider: corosync_votequorum
  two_node: 1
  wait_for_all: 0
}
logging {
  to_stderr: no
  to_syslog: yes
}
`,
    );
  });

  it("asks the witness for a third vote where there is one, in a time that grows with the token", () => {
    const quorum = (more: object) =>
      /^quorum {\n[^]*?^}\n/m.exec(corosyncConf({ ...conf, ...more }))?.[0] ?? "";
    assert.equal(
      quorum({ witness: "10.10.1.14" }),
      `quorum {
  provider: corosync_votequorum
  device {
    model: net
    votes: 1
    timeout: 1250
    sync_timeout: 2500
    net {
      host: 10.10.1.14
      port: 5403
      algorithm: ffsplit
      tls: required
    }
  }
  wait_for_all: 0
}
`,
    );
    assert.match(
      quorum({ witness: "10.10.1.14", tokenMs: 5000 }),
      /^    timeout: 5000\n    sync_timeout: 10000$/m,
    );
  });

  it("is read once this node may take part", () => {
    assert.match(corosyncDropIn("data"), /^ExecStartPre=\/usr\/local\/lib\/ha-nfs\/wait-peer data$/m);
  });

  it("has a key as long as it must be, another one for another secret, and none that is the secret", () => {
    const [one, two] = [corosyncKey("a-secret"), corosyncKey("another-secret")];
    assert.match(one, /^[0-9a-f]{256}$/);
    assert.notEqual(one, two);
    assert.equal(one, corosyncKey("a-secret"));
  });
});

describe("the quorum device", () => {
  it("finds certificates and requests among what a script prints, and no private key", () => {
    const pem = (what: string, body: string) => `-----BEGIN ${what}-----\r\n${body}\r\n-----END ${what}-----`;
    const printed = `wrote /etc/x\n${pem("CERTIFICATE", "AAA=")}\r\n${pem("PRIVATE KEY", "BBB")}\n${pem("CERTIFICATE", "CCC")}\n`;
    assert.deepEqual(pems(printed), [
      "-----BEGIN CERTIFICATE-----\nAAA=\n-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nCCC\n-----END CERTIFICATE-----\n",
    ]);
    assert.equal(pems(pem("NEW CERTIFICATE REQUEST", "DDD")).length, 1);
  });

  it("lets in the masters alone, and none without TLS", () => {
    assert.match(
      qnetdDropIn(["10.10.1.11", "10.10.1.12"]),
      /^IPAddressAllow=localhost 10\.10\.1\.11 10\.10\.1\.12$/m,
    );
    assert.match(qnetdDropIn([]), /^ExecStart=\nExecStart=.* -s req /m);
  });
});

describe("Pacemaker's CIB", () => {
  const of = (fences: boolean) => cib({ volume: "data", nodes: ["m1", "m2"], fences });
  const ids = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => line.split(" ", 2).join(" "));

  it("is an element a line, with its section and id", () => {
    assert.deepEqual(ids(of(true)), [
      "crm_config ha-nfs-options",
      "resources ha-nfs-fence-m1",
      "resources ha-nfs-fence-m2",
      "resources ha-nfs-data",
      "constraints ha-nfs-data-preferred",
      "constraints ha-nfs-data-leaves",
      "constraints ha-nfs-fence-m1-elsewhere",
      "constraints ha-nfs-fence-m2-elsewhere",
    ]);
    for (const line of of(true).trim().split("\n")) {
      const [, id = "", xml = ""] = /^\S+ (\S+) (<.*>)$/.exec(line) ?? [];
      assert.match(xml, new RegExp(`^<\\w+ id="${id}"`), line);
    }
  });

  it("fences only where there is a device, and each node from the other", () => {
    assert.match(of(true), /name="stonith-enabled" value="true"/);
    assert.match(of(true), /rsc="ha-nfs-fence-m1" node="m1" score="-INFINITY"/);
    assert.match(of(false), /name="stonith-enabled" value="false"/);
    assert.doesNotMatch(of(false), /fence_ha_nfs/);
  });

  it("keeps what a node without quorum runs, and brings nothing back to the preferred node", () => {
    const value = (name: string) => new RegExp(` name="${name}" value="([^"]*)"`).exec(of(true))?.[1];
    assert.equal(value("no-quorum-policy"), "freeze");
    const preference = /node="m1" score="(\d+)"/.exec(of(true))?.[1];
    assert.ok(Number(value("resource-stickiness")) > Number(preference));
  });
});

describe("config: pacemaker", () => {
  check("takes its times and its port", [
    [
      { ...lab, pacemaker: { token: "2s" } },
      'pacemaker: found {"token":"2s"}; allowed: nothing with manager heartbeat; remove it, or set manager to pacemaker',
    ],
    [
      { ...lab, manager: "pacemaker", pacemaker: { token: "200ms" } },
      'pacemaker.token: found "200ms"; allowed: a whole number with its unit, ms or s, 300ms to 60s; choose one of these',
    ],
    [
      { ...lab, manager: "pacemaker", pacemaker: { port: 65535 } },
      "pacemaker.port: found 65535; allowed: a whole number, 1024 to 65534; write the number alone, without unit or quotes",
    ],
    [
      { ...lab, manager: "pacemaker", pacemaker: { quorumDevice: true }, fencing: { witness: "none" } },
      "pacemaker.quorumDevice: found true; allowed: false without fencing.witness, whose host has the third vote; remove it, or name a witness",
    ],
  ]);

  it("has the times of its profile", () => {
    const { pacemaker } = parseLab({ ...lab, manager: "pacemaker", timing: "patient" });
    assert.deepEqual(pacemaker, { ...TIMES.patient.pacemaker, port: 5405, quorumDevice: false });
  });
});
