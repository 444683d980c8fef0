import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { FOREIGN, LATER, NOBODY, Pair, SAME } from "./pair";
import { assertEnd, NO_PROOF, PEER_INCONSISTENT, PEER_OFF, PEER_OUTDATED, SELF_OUTDATED } from "./verdict";

describe("safety: fence-peer and a peer whose door answers", () => {
  let pair: Pair;
  beforeEach(() => (pair = new Pair()));
  afterEach(() => pair.remove());

  it("link cut: the standby outdates itself, and the primary goes on", async () => {
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OUTDATED);
    assert.equal(pair.n2.disk, "Outdated");
    assert.ok(!pair.n1.exists("run/fence-failed"));
  });

  it("a standby that has not noticed the loss is disconnected, outdated and connected again", async () => {
    pair.n2.state({ connection: "Connected" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OUTDATED);
    assert.equal(pair.n2.disk, "Outdated");
    assert.deepEqual(pair.n2.calls.slice(-3), ["disconnect --force data", "outdate data", "connect data"]);
  });

  it("asked over two networks at once, it does it once and says so on both", async () => {
    pair.n2.state({ connection: "Connected" });
    pair.n2.write("slow", "0.3");
    await pair.n2.door();
    pair.n1.configure({ peerAddresses: [pair.n2.address, pair.n2.address] });
    const verdict = await pair.n1.fence();
    assertEnd(verdict, PEER_OUTDATED);
    assert.doesNotMatch(verdict.log, /busy/);
    assert.equal(pair.n2.calls.filter((call) => call.startsWith("disconnect")).length, 1);
  });

  it("asks nothing once the connection is back, for the question would break it again", async () => {
    pair.n1.state({ role: "Primary", connection: "Connected" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.equal(pair.n2.disk, "UpToDate");
    assert.ok(!pair.n2.exists("calls"));
  });

  it("drbdadm outdate that ends with 0 and changes nothing is not believed: the primary shoots", async () => {
    pair.n2.write("lies", "");
    await pair.n2.door();
    assert.equal(await pair.n1.ask(pair.n2, `outdate ${SAME}`), "error");
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
    assert.equal(pair.n2.disk, "UpToDate");
  });

  it("link cut during a resync: the target is inconsistent", async () => {
    pair.n2.state({ disk: "Inconsistent" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_INCONSISTENT);
  });

  it("an inconsistent peer is no proof for a node that has just booted: its own data may be old", async () => {
    pair.n1.state({ disk: "Consistent" });
    pair.n2.state({ disk: "Inconsistent" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), NO_PROOF);
  });

  it("false alarm with the link cut: the living primary refuses, and the standby outdates itself", async () => {
    await pair.n1.door();
    assertEnd(await pair.n2.fence(), SELF_OUTDATED);
    assert.ok(!pair.n1.calls.some((call) => call.startsWith("outdate")));
  });

  it("two primaries: neither outdates nor shoots the other", async () => {
    pair.n2.state({ role: "Primary" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), NO_PROOF);
  });

  it("diverged data: nobody is shot for that, a person decides", async () => {
    pair.n2.state({ generations: FOREIGN });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.equal(pair.n2.disk, "UpToDate");
  });

  it("a frozen primary whose peer has taken over reboots at once", async () => {
    pair.n2.state({ role: "Primary", generations: LATER });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), NO_PROOF, { deposed: true });
  });

  it("a stale node that has booted outdates itself, and not the newer one", async () => {
    pair.n1.state({ disk: "Consistent" });
    pair.n2.state({ generations: LATER });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), SELF_OUTDATED);
    assert.equal(pair.n2.disk, "UpToDate");
  });

  it("a standby to which a person has said that its peer is off forgets it: the peer asks", async () => {
    pair.n2.write("run/alone", `${SAME.split(":")[0]}\n`);
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OUTDATED);
    assert.ok(!pair.n2.exists("run/alone"));
  });

  it("a standby that promotes itself says busy, and is asked again until it has ended", async () => {
    await pair.n2.door();
    const lock = pair.n2.file("run/promote.lock");
    const holder = pair.spawn("flock", ["--no-fork", lock, "sleep", "1"], pair.n2.env);
    await pair.n2.appears("run/promote.lock");
    const verdict = await pair.n1.fence();
    assertEnd(verdict, PEER_OUTDATED);
    assert.match(verdict.log, /n2: busy/);
    assert.equal(holder.exitCode, 0);
  });

  it("of two that promote at once, the second by name lets go", async () => {
    pair.n1.state({});
    await pair.n1.door();
    pair.spawn("flock", ["--no-fork", pair.n1.file("run/promote.lock"), "sleep", "20"], pair.n1.env);
    await pair.n1.appears("run/promote.lock");
    const verdict = await pair.n2.fence();
    assertEnd(verdict, NO_PROOF);
    assert.equal(verdict.log.match(/busy/g)?.length, 1);
  });

  it("a standby that has lost its disk says so: the primary goes on without a shot", async () => {
    pair.n2.state({ disk: "Diskless" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_INCONSISTENT);
  });

  it("and with a witness only by its grant, so that the standby's old data are not served after a boot", async () => {
    for (const node of [pair.n1, pair.n2]) node.configure({ witness: true, device: false });
    pair.n2.state({ disk: "Diskless" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), NO_PROOF);
    await pair.witness.door("witness");
    assertEnd(await pair.n1.fence(), PEER_INCONSISTENT);
    for (const node of [pair.n1, pair.n2])
      node.configure({ witness: true, device: false, peerAddresses: [NOBODY] });
    pair.n2.state({ disk: "Consistent" });
    assertEnd(await pair.n2.fence(), SELF_OUTDATED);
  });

  it("a primary that has lost its disk outdates nobody by it", async () => {
    pair.n1.state({ role: "Primary", disk: "Diskless" });
    await pair.n1.door();
    assertEnd(await pair.n2.fence(), NO_PROOF);
  });

  it("a standby whose disk hangs cannot outdate itself: the primary shoots it", async () => {
    pair.n2.write("slow", "10");
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
  });

  it("a standby whose disk is slow is waited for", async () => {
    pair.n2.write("slow", "1");
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OUTDATED);
  });

  it("asks over all networks at once, and the first answer counts", async () => {
    pair.n1.configure({ peerAddresses: [NOBODY, pair.n2.address] });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OUTDATED);
  });

  it("a primary that does not know its generations goes nowhere", async () => {
    await pair.n2.door();
    pair.n1.forget("generations");
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.equal(pair.n2.disk, "UpToDate");
  });

  it("an Outdated node asks nobody", async () => {
    pair.n1.state({ disk: "Outdated" });
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.equal(pair.n2.disk, "UpToDate");
  });

  it("runs no drbdadm in a promote: the kernel holds what that would wait for", async () => {
    pair.n1.state({});
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OUTDATED);
    assert.ok(!pair.n1.exists("calls"), pair.n1.read("calls"));
  });
});

describe("safety: fence-peer and a door that does not answer", () => {
  let pair: Pair;
  beforeEach(() => (pair = new Pair()));
  afterEach(() => pair.remove());

  it("has another key: the primary shoots, a standby does not", async () => {
    pair.n2.keys("another-key");
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
    pair.n1.keys("key-of-n1");
    await pair.n1.door();
    assertEnd(await pair.n2.fence(), NO_PROOF);
  });

  it("is shut on a host that lives: the primary shoots, a standby does not", async () => {
    const verdict = await pair.n1.fence();
    assertEnd(verdict, PEER_OFF, { shot: true });
    assert.match(verdict.log, /n2: shut/);
    assertEnd(await pair.n2.fence(), NO_PROOF);
  });

  it("is shut for a moment, while systemd starts it again", async () => {
    const handler = pair.n1.start();
    await sleep(300);
    await pair.n2.door();
    assertEnd(await handler.ended, PEER_OUTDATED);
  });

  it("hangs: the primary shoots after 3 s, a standby does not", async () => {
    (await pair.n2.door()).kill("SIGSTOP");
    const verdict = await pair.n1.fence();
    assertEnd(verdict, PEER_OFF, { shot: true });
    assert.ok(verdict.ms >= 3000, `${verdict.ms} ms`);
    (await pair.n1.door()).kill("SIGSTOP");
    assertEnd(await pair.n2.fence(), NO_PROOF);
  });

  for (const [when, stopped] of [
    ["while it works at the answer", false],
    ["before it has read the question", true],
  ] as const) {
    it(`is killed ${when}: a standby shoots nobody for it, for the host lives`, async () => {
      pair.n2.state({ role: "Primary" });
      pair.n1.state({});
      const door = await pair.n2.door();
      // a door whose DRBD does not answer works at the answer
      pair.n2.write("bin/drbdadm", `#!/bin/bash\nsleep 5\n`);
      if (stopped) door.kill("SIGSTOP");
      const handler = pair.n1.start();
      await sleep(700);
      door.kill("SIGKILL");
      const verdict = await handler.ended;
      assertEnd(verdict, NO_PROOF);
      assert.ok(verdict.ms < 2900, `${verdict.ms} ms`);
    });
  }
});
