import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import {
  Access,
  Manager,
  Timing,
  DrbdMetadata,
  HeartbeatTransport,
  Squash,
  VerifyAlg,
} from "../../components/enums";
import { ConfigError, loadConfig, parseConfig, Platform } from "../../config";
import { isHostAddress } from "../../config/network";
import { errors, host, hosts, hostsFleet, lab } from "./configFixture";

describe("parseConfig", () => {
  it("needs only the VIP and fills in the rest", () => {
    const devices = { serviceDevice: "eth1", linkDevice: "eth2", dataDisk: "/dev/disk/by-id/virtio-data" };
    assert.deepEqual(parseConfig(lab), {
      platform: Platform.Lab,
      serviceNetwork: "10.10.1.0/24",
      linkNetwork: "10.10.2.0/24",
      vip: "10.10.1.100",
      vipAliases: [],
      masters: [
        { name: "m1", serviceAddress: "10.10.1.11", linkAddress: "10.10.2.11", ...devices },
        { name: "m2", serviceAddress: "10.10.1.12", linkAddress: "10.10.2.12", ...devices },
      ],
      slaves: [],
      pushTargets: [],
      replication: {
        coalesceMs: 200,
        maxLagSeconds: 5,
        journalLimitMiB: 256,
        metricsPort: 9478,
        healthPort: 9479,
      },
      lab: {
        masterMemoryMiB: 640,
        clientMemoryMiB: 384,
        slaveMemoryMiB: 384,
        proxyMemoryMiB: 256,
        dataDiskMiB: 1024,
        slaveDiskMiB: 1024,
        clients: [{ name: "client", serviceAddress: "10.10.1.13" }],
      },
      shares: [
        {
          name: "data",
          clients: [
            {
              from: "10.10.1.0/24",
              access: Access.ReadWrite,
              squash: Squash.Root,
              anonUid: 65534,
              anonGid: 65534,
              insecure: false,
            },
          ],
        },
      ],
      manager: Manager.Heartbeat,
      timing: Timing.Fast,
      keepalived: { advertMs: 100, routerId: 52 },
      pacemaker: { tokenMs: 600, consensusMs: 200, port: 5405, quorumDevice: false },
      heartbeat: {
        keepaliveMs: 200,
        warntimeMs: 600,
        deadtimeMs: 1200,
        initdeadMs: 20000,
        udpPort: 694,
        transport: HeartbeatTransport.Unicast,
        mcastGroup: "225.0.0.11",
        autoFailback: false,
        pingNodes: [],
      },
      drbd: {
        port: 7788,
        metadata: DrbdMetadata.Internal,
        verify: "weekly",
        verifyAlg: VerifyAlg.Sha1,
        resyncMaxRateMiB: 100,
        resyncMinRateMiB: 4,
      },
      fencing: {
        device: "lab",
        witness: "client",
        allowDataLoss: false,
        silenceMs: 400,
        deviceSeconds: 20,
      },
      nfs: { threads: 8, leaseSeconds: 10, graceSeconds: 10 },
      secretsGeneration: 1,
      connectTimeoutSeconds: 300,
    });
  });

  it("gives the lab's masters a third network when there is one", () => {
    const [first, second] = parseConfig({ ...lab, replicationNetwork: "10.10.3.0/24" }).masters;
    assert.equal(first.replicationAddress, "10.10.3.11");
    assert.equal(second.replicationAddress, "10.10.3.12");
    assert.equal(first.replicationDevice, "eth3");
  });

  it("fills in how SSH reaches hosts, and keeps their key a secret", async () => {
    const config = parseConfig({ ...hosts, masters: [{ ...host(1), sshUser: "admin" }, host(2)] });
    assert.ok(config.platform === Platform.Hosts);
    const [first, second] = config.masters;
    assert.deepEqual([first.sshHost, first.sshPort, first.sshUser], ["10.10.1.11", 22, "admin"]);
    assert.deepEqual([second.sshHost, second.sshPort, second.sshUser], ["10.10.1.12", 22, "root"]);
    assert.equal(first.dataDisk, "/dev/disk/by-id/wwn-1");
    assert.ok(await pulumi.isSecret(config.sshPrivateKey));
    assert.ok(!("lab" in config));
  });

  it("keeps some defaults of an object when others are set", () => {
    const { heartbeat } = parseConfig({ ...lab, heartbeat: { deadtime: "5s", keepalive: "250ms" } });
    assert.deepEqual(
      [heartbeat.keepaliveMs, heartbeat.warntimeMs, heartbeat.deadtimeMs, heartbeat.initdeadMs],
      [250, 600, 5000, 20000],
    );
  });

  it("lets a lab have no clients", () => {
    const config = parseConfig({ ...lab, lab: { clients: [] } });
    assert.deepEqual(config.platform === Platform.Lab && config.lab.clients, []);
  });

  it("takes values as the text that Pulumi stores", () => {
    const text = { ...lab, connectTimeoutSeconds: "60", nfs: '{"threads":16}', shares: '[{"name":"img"}]' };
    const config = parseConfig(text);
    assert.equal(config.connectTimeoutSeconds, 60);
    assert.equal(config.nfs.threads, 16);
    assert.equal(config.shares[0]?.name, "img");
  });

  it("takes the empty defaults of Pulumi.yaml as not set", () => {
    const empty = { replicationNetwork: "", masters: "[]", readPool: "{}", lab: "{}", sshPrivateKey: "" };
    assert.deepEqual(parseConfig({ ...lab, ...empty }), parseConfig(lab));
    assert.deepEqual(errors({ ...hosts, lab: "{}" }), []);
  });

  it("says so when text is no JSON", () => {
    assert.deepEqual(errors({ ...lab, nfs: "{threads" }), [
      'nfs: found "{threads", which is no JSON; allowed: an object with threads, leaseSeconds, graceSeconds; ' +
        "write it as keys and values",
    ]);
    assert.match(errors({ ...lab, secretsGeneration: "two" })[0] ?? "", /^secretsGeneration: found "two"; /);
  });

  it("is frozen at every depth", () => {
    const assertFrozen = (value: unknown): void => {
      if (typeof value !== "object" || value === null || pulumi.Output.isInstance(value)) return;
      assert.ok(Object.isFrozen(value), JSON.stringify(value));
      Object.values(value).forEach(assertFrozen);
    };
    assertFrozen(parseConfig(lab));
    assertFrozen(parseConfig(hostsFleet));
  });

  it("reports every error at once, whichever part it is in, and counts them", () => {
    const raw = {
      vip: "10.10.1.100/24",
      serviceNetwork: "10.10.1.1/24",
      masters: [{ name: "M1", serviceAddress: "10.10.1.11", linkAddress: "10.10.2.11" }, 7, {}],
      shares: [{ name: "data" }, { name: "data" }],
      heartbeat: { keepalive: 500, warntime: "1500ms", deadtime: "1s", initdead: "1s" },
      nfs: { leaseSeconds: 20, graceSeconds: 15, thread: 8 },
    };
    assert.throws(
      () => parseConfig(raw),
      (error) => {
        assert.ok(error instanceof ConfigError && pulumi.RunError.isInstance(error));
        const [heading, ...lines] = error.message.split("\n");
        assert.equal(heading, "14 errors in the configuration (see docs/config.md):");
        assert.deepEqual(lines, error.errors);
        assert.deepEqual(
          lines.map((text) => /^ha-nfs:(\S+): found .+; allowed: .+; .+$/.exec(text)?.[1]).sort(),
          [
            "heartbeat.deadtime",
            "heartbeat.initdead",
            "heartbeat.keepalive",
            "masters",
            "masters[0].name",
            "masters[1]",
            "masters[2].linkAddress",
            "masters[2].name",
            "masters[2].serviceAddress",
            "nfs.graceSeconds",
            "nfs.thread",
            "serviceNetwork",
            "shares[1].name",
            "vip",
          ],
        );
        return true;
      },
    );
  });

  it("counts one error as one", () => {
    assert.throws(
      () => parseConfig({}),
      /^ConfigError: 1 error in the configuration .*\nha-nfs:vip: found nothing; /,
    );
  });

  it("never shows a private key, wherever it was put", () => {
    const secret = { sshPrivateKey: "hunter2" };
    const misplaced = { ...lab, vip: hosts.sshPrivateKey, drbd: { port: [hosts.sshPrivateKey] } };
    for (const raw of [secret, { ...hosts, ...secret }, { ...lab, sshPrivateKey: ["hunter2"] }, misplaced]) {
      const lines = errors(raw);
      assert.ok(lines.length > 0);
      assert.doesNotMatch(lines.join("\n"), /hunter2|c2VjcmV0/);
    }
  });

  it("throws nothing but ConfigError, whatever JSON it gets", () => {
    const keys = fc.constantFrom(
      ...Object.keys(hostsFleet),
      "replication",
      "lab",
      "shares",
      "heartbeat",
      "nfs",
      "drbd",
      "__proto__",
      "x",
    );
    const value = fc.oneof(fc.jsonValue(), fc.json());
    fc.assert(fc.property(fc.dictionary(keys, value), (raw) => Array.isArray(errors(raw))));
    const machine = fc.dictionary(fc.constantFrom(...Object.keys(host(1)), "directory", "shares"), value);
    const change = fc.oneof(
      machine.map((wrong) => ({ masters: [host(1), wrong] })),
      machine.map((wrong) => ({ slaves: [wrong] })),
      machine.map((wrong) => ({ readPool: { proxies: [wrong, wrong] } })),
      machine.map((wrong) => ({ pushTargets: [wrong] })),
    );
    fc.assert(
      fc.property(fc.constantFrom(lab, hosts), change, (base, changed) =>
        Array.isArray(errors({ ...base, ...changed })),
      ),
    );
  });

  it("places the lab's machines inside any network that has room", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 28 }), octet, octet, octet, (prefix, b, c, d) => {
        const mask = -(2 ** (32 - prefix));
        const base = ((11 << 24) | (b << 16) | (c << 8) | d) & mask;
        const dotted = (n: number) => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join(".");
        const serviceNetwork = `${dotted(base)}/${prefix}`;
        const config = parseConfig({ serviceNetwork, vip: dotted(base + 14) });
        const addresses = config.masters.map((master) => master.serviceAddress);
        assert.deepEqual(addresses, [dotted(base + 11), dotted(base + 12)]);
        assert.ok(addresses.every((address) => isHostAddress(serviceNetwork, address)));
      }),
    );
  });
});

describe("loadConfig", () => {
  afterEach(() => pulumi.runtime.setAllConfig({}));

  it("reads the project's own namespace", () => {
    pulumi.runtime.setAllConfig({
      "ha-nfs:vip": "10.10.1.100",
      "ha-nfs:nfs": '{"threads":4}',
      "aws:region": "x",
    });
    assert.equal(loadConfig().nfs.threads, 4);
  });

  it("reports a key that the project does not have", () => {
    pulumi.runtime.setAllConfig({ "ha-nfs:vip": "10.10.1.100", "ha-nfs:heartbaet": "{}x" });
    assert.throws(loadConfig, /ha-nfs:heartbaet: found an unknown key; .*; did you mean heartbeat\?/);
  });
});
