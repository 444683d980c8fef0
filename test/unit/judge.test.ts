import assert from "node:assert/strict";
import { type Answer, Health, judge, type Report } from "../../scripts/judge";

const manager = {
  name: "heartbeat",
  runs: true,
  waitsForPeer: false,
  peer: "active",
  links: { eth1: "up", eth2: "up" },
};
const standby: Report = {
  manager,
  drbd: {
    connection: "Connected",
    role: "Secondary",
    peerRole: "Primary",
    disk: "UpToDate",
    peerDisk: "UpToDate",
    frozen: false,
    outOfSyncKiB: 0,
  },
  guard: { alive: true, wish: "down", state: "stopped", fit: "fit", findings: [] },
  splitBrain: false,
  mounted: false,
  nfsdThreads: 0,
  exports: [],
  vip: false,
  answers: true,
  replicates: false,
  replication: null,
  replicationSilence: null,
};
const active: Report = {
  ...standby,
  drbd: { ...standby.drbd, role: "Primary", peerRole: "Secondary" },
  guard: { alive: true, wish: "up", state: "serving", fit: "it is Primary, Connected", findings: [] },
  mounted: true,
  nfsdThreads: 8,
  exports: ["/srv/nfs/data 10.10.1.0/24"],
  vip: true,
};
const down: Answer = { unreachable: "connection refused" };
const alone = (report: Report, change: Partial<Report["drbd"]> = {}): Report => ({
  ...report,
  manager: { ...manager, peer: "dead", links: { eth1: "dead", eth2: "dead" } },
  drbd: { ...report.drbd, connection: "WFConnection", peerRole: "Unknown", peerDisk: "DUnknown", ...change },
});

describe("what two masters' reports mean together", () => {
  it("redundant, when one serves and the other could", () => {
    assert.deepEqual(judge({ m1: standby, m2: active }), {
      health: Health.Redundant,
      active: "m2",
      findings: [],
    });
  });

  it("degraded, when the other is gone", () => {
    const verdict = judge({ m1: down, m2: alone(active) });
    assert.equal(verdict.health, Health.Degraded);
    assert.equal(verdict.active, "m2");
    assert.match(verdict.findings.join(" "), /m1 cannot be reached: connection refused\./);
  });

  it("degraded, when the one that serves cannot be reached from here", () => {
    const { health, active: who, findings } = judge({ m1: down, m2: standby });
    assert.equal(health, Health.Degraded);
    assert.equal(who, "m1");
    assert.deepEqual(findings, ["m1 cannot be reached: connection refused."]);
  });

  it("degraded, while the other fetches what it missed", () => {
    const source = { ...active, drbd: { ...active.drbd, connection: "SyncSource", outOfSyncKiB: 4096 } };
    const target = { ...standby, drbd: { ...standby.drbd, connection: "SyncTarget", disk: "Inconsistent" } };
    const { health, findings } = judge({ m1: source, m2: target });
    assert.equal(health, Health.Degraded);
    assert.match(findings.join(" "), /4096 KiB out of sync.*m2: its disk is Inconsistent/);
  });

  it("degraded, when one heartbeat path is cut", () => {
    const { health, findings } = judge({
      m1: { ...standby, manager: { ...manager, links: { eth1: "up", eth2: "dead" } } },
      m2: active,
    });
    assert.equal(health, Health.Degraded);
    assert.deepEqual(findings, ["m1: the heartbeat path over eth2 is dead."]);
  });

  it("degraded, when this node's disk has failed and it serves from the peer's", () => {
    const diskless = { ...active, drbd: { ...active.drbd, disk: "Diskless" } };
    assert.match(judge({ m1: diskless, m2: standby }).findings.join(" "), /m1: its disk is Diskless/);
  });

  it("down, when nobody serves", () => {
    const verdict = judge({ m1: down, m2: { ...alone(standby), answers: false } });
    assert.equal(verdict.health, Health.Down);
    assert.equal(verdict.active, null);
    assert.match(verdict.findings.join(" "), /No master that can be reached serves/);
  });

  it("down, when the one that should serve does not answer", () => {
    const mute = { answers: false };
    assert.equal(judge({ m1: { ...active, ...mute }, m2: { ...standby, ...mute } }).health, Health.Down);
  });

  it("down, and why, when a node waits for the peer's newer data", () => {
    const waiting = { ...manager, runs: false, waitsForPeer: true, peer: "", links: {} };
    const waits = { ...alone(standby), manager: waiting, answers: false };
    const { health, findings } = judge({ m1: down, m2: waits });
    assert.equal(health, Health.Down);
    assert.match(findings.join(" "), /may be older.*npm run start-alone -- m2/);
  });

  it("split brain, when both are primary", () => {
    const { health, findings } = judge({ m1: alone(active), m2: alone(active) });
    assert.equal(health, Health.SplitBrain);
    assert.match(findings[0] ?? "", /m1 and m2 are both primary/);
  });

  it("split brain, when DRBD has refused the peer's data, and its handler has noted it", () => {
    const refused = { ...active, drbd: { ...active.drbd, connection: "StandAlone" }, splitBrain: true };
    const { health, findings } = judge({ m1: refused, m2: alone(standby) });
    assert.equal(health, Health.SplitBrain);
    assert.match(findings[0] ?? "", /m1 has refused.*Nothing has been discarded/);
  });

  it("no split brain, when a connection is given up for want of an address", () => {
    const lost = alone(active, { connection: "StandAlone" });
    const { health, findings } = judge({ m1: lost, m2: alone(standby, { disk: "Outdated" }) });
    assert.equal(health, Health.Degraded);
    assert.match(
      findings.join(" "),
      /m1: DRBD is StandAlone.*m2: its disk is Outdated: the peer has written/,
    );
  });

  it("no split brain, when the old primary is frozen and the other has taken over", () => {
    const { health, active: who } = judge({ m1: alone(active, { frozen: true }), m2: alone(active) });
    assert.equal(health, Health.Degraded);
    assert.equal(who, "m2");
  });

  it("down, when the one that has the address is frozen: that the other is silent does not make it serve", () => {
    const found = ["no write is acknowledged: silence"];
    const frozen = {
      ...alone(active, { frozen: true }),
      guard: { ...active.guard, state: "frozen", findings: found },
    };
    const { health, active: who, findings } = judge({ m1: down, m2: frozen });
    assert.equal(health, Health.Down);
    assert.equal(who, null);
    assert.ok(findings.includes("m2: no write is acknowledged: silence."));
  });

  it("degraded, when a guard is missing, or is refused", () => {
    const dead = { ...standby, guard: { ...standby.guard, alive: false } };
    assert.match(judge({ m1: dead, m2: active }).findings.join(" "), /^m1: the guard is not running/);
    const refused = { ...standby, guard: { ...standby.guard, wish: "up", state: "refused: no proof" } };
    assert.deepEqual(judge({ m1: refused, m2: active }).findings, [
      "m1: it is to serve and does not: refused: no proof.",
    ]);
  });

  describe("of the replicas", () => {
    const lane = {
      state: "following",
      connected: true,
      lagSeconds: 0.4,
      files: 1,
      bytes: 1,
      errors: 0,
      specialPending: 0,
    } as const;
    const replicating = (slaves: NonNullable<Report["replication"]>["slaves"]): Report => ({
      ...active,
      replicates: true,
      replication: {
        journal: { id: "x", term: 1, oldest: 1, end: 1 },
        feed: { events: 0, overflows: 0, rescans: 0, rescanning: false, watcherRestarts: 0, resumed: false },
        slaves,
        maxLagSeconds: 5,
        memoryBytes: 1,
      },
      replicationSilence: 1,
    });
    const findings = (report: Report) => judge({ m1: standby, m2: report }).findings;

    it("nothing, while all keep up", () => {
      assert.deepEqual(findings(replicating({ s1: lane })), []);
    });

    it("which is late, away or takes nothing, and why", () => {
      const lastError = { time: "now", message: "ENOSPC: no space left on device" };
      assert.deepEqual(
        findings(
          replicating({
            s1: { ...lane, lagSeconds: 7.25 },
            s2: { ...lane, state: "connecting", connected: false },
            s3: { ...lane, state: "stuck", connected: false, lastError },
            s4: { ...lane, failing: 2, failures: [{ path: "data/x", message: "EPERM", since: "noon" }] },
          }),
        ),
        [
          "s1 is 7.3 s behind, and the limit is 5 s.",
          "s2 is not connected.",
          "s3 takes no changes: ENOSPC: no space left on device.",
          "s4 has not data/x and 1 more as it is, since noon: EPERM.",
        ],
      );
    });

    it("that the daemon does not go on", () => {
      assert.deepEqual(findings({ ...replicating({ s1: lane }), replicationSilence: 28 }), [
        "m2: the replication daemon has said nothing for 28 s; what is known of the slaves is as old.",
      ]);
    });

    it("that the daemon is missing where the volume is", () => {
      assert.deepEqual(findings({ ...active, replicates: true }), [
        "m2: has the volume, but the replication daemon is not running, or has only just started.",
      ]);
    });
  });

  it("degraded, when a proxy is gone, or nobody has the read address, or a slave is not read from", () => {
    const pair = { m1: standby, m2: active };
    const here = { address: true, slaves: { s1: "UP", s2: "UP" } };
    const findings = (proxies: Parameters<typeof judge>[1]) => judge(pair, proxies).findings;
    assert.deepEqual(findings({ p1: here, p2: { ...here, address: false } }), []);
    assert.deepEqual(findings({ p1: here, p2: down }), ["p2 cannot be reached: connection refused."]);
    assert.deepEqual(findings({ p1: { address: false, slaves: {} }, p2: down }), [
      "p2 cannot be reached: connection refused.",
      "No proxy has the read address.",
      "p1: haproxy does not answer.",
    ]);
    const late = { address: true, slaves: { s1: "NOLB", s2: "UP" } };
    assert.deepEqual(findings({ p1: late, p2: late }), [
      "p1 and p2 both have the read address.",
      "s1 is not read from: NOLB for p1, NOLB for p2.",
    ]);
  });
});
