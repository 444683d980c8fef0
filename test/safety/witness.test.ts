import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../until";
import { NOBODY, Pair } from "./pair";
import { assertEnd, NO_PROOF, PEER_OFF, SELF_OUTDATED } from "./verdict";

const CURRENT = "000000000000A000";
const silent = { witness: true, peerAddresses: [NOBODY] };
const noDevice = { ...silent, device: false };

describe("safety: fence-peer and the witness, while the peer is silent", () => {
  let pair: Pair;
  beforeEach(() => (pair = new Pair(silent)));
  afterEach(() => pair.remove());

  const register = () => pair.witness.read("lib/register").split(" ")[0];
  const bothWith = (options: typeof silent & { device?: boolean }) => {
    pair.n1.configure(options);
    pair.n2.configure(options);
  };

  describe("which is silent too", () => {
    it("a standby is cut off from all: it shoots nobody", async () => {
      assertEnd(await pair.n2.fence(), NO_PROOF);
    });

    it("a primary stays frozen, and what it asked for is on record: the peer may have been granted, so nobody is shot", async () => {
      for (const options of [silent, noDevice]) {
        bothWith(options);
        assertEnd(await pair.n1.fence(), NO_PROOF);
        assert.ok(pair.n1.read("lib/claimed").startsWith(CURRENT), "it may have been granted");
      }
    });
  });

  describe("which answers", () => {
    beforeEach(() => pair.witness.door("witness"));

    it("grants a primary, which then shoots and owes nothing", async () => {
      assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
      assert.equal(register(), "n1");
      assert.ok(!pair.n1.exists("lib/debt"));
      assert.ok(pair.n1.read("lib/claimed").startsWith(CURRENT));
    });

    it("grants the one that holds already", async () => {
      await pair.n1.fence();
      assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
      assert.equal(register(), "n1");
    });

    it("granted, and the device fails: the primary goes on", async () => {
      pair.n1.write("device-fails", "");
      const verdict = await pair.n1.fence();
      assertEnd(verdict, PEER_OFF, { shot: true });
      assert.ok(verdict.ms < 1500, `${verdict.ms} ms: a primary has nothing to wait for`);
    });

    it("granted, and the device fails: the standby waits until a deposed primary has seen it", async () => {
      pair.n2.write("device-fails", "");
      const verdict = await pair.n2.fence();
      assertEnd(verdict, PEER_OFF, { shot: true });
      assert.ok(verdict.ms >= 1500, `${verdict.ms} ms`);
    });

    it("deposes a primary that comes back from a pause", async () => {
      await pair.n2.fence();
      const verdict = await pair.n1.fence();
      assertEnd(verdict, NO_PROOF, { deposed: true });
      assert.ok(!pair.n1.exists("lib/claimed"), "what was denied is not on record as granted");
    });

    it("is claimed nothing of by a node that has just booted and has a device", async () => {
      pair.n1.state({ disk: "Consistent" });
      assertEnd(await pair.n1.fence(), NO_PROOF);
      assert.ok(!pair.witness.exists("lib/register"));
      assert.ok(!pair.n1.exists("lib/claimed"));
    });

    it("alone decides where there is no device: a node that has booted is granted, and settles", async () => {
      bothWith(noDevice);
      pair.n1.state({ disk: "Consistent" });
      const verdict = await pair.n1.fence();
      assertEnd(verdict, PEER_OFF);
      assert.ok(verdict.ms >= 1500, `${verdict.ms} ms`);
    });

    it("alone decides where there is no device: the peer went on, so a node that has booted is stale", async () => {
      bothWith(noDevice);
      await pair.n2.fence();
      pair.n1.state({ disk: "Consistent" });
      assertEnd(await pair.n1.fence(), SELF_OUTDATED);
    });

    it("is overruled by a person whose word is about these data", async () => {
      await pair.n1.fence();
      pair.n2.write("run/alone", `${CURRENT}\n`);
      pair.n2.write("device-fails", "");
      assertEnd(await pair.n2.fence(), PEER_OFF, { shot: true });
      assert.equal(register(), "n1");
      assert.ok(pair.n2.exists("lib/debt"), "the witness is to be told");
    });

    it("knows no node with another key, and counts as silent for it", async () => {
      pair.n2.keys("fence-key", "another-key");
      assertEnd(await pair.n2.fence(), NO_PROOF);
      assert.ok(!pair.witness.exists("lib/register"));
    });
  });

  it("with a full disk grants nothing: what is not on record was not said", async () => {
    await pair.witness.door("witness", "ulimit -f 0; trap '' XFSZ");
    bothWith(noDevice);
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.ok(!pair.witness.exists("lib/register"));
    assertEnd(await pair.n2.fence(), NO_PROOF);
  });

  it("with an empty register grants nothing: it may have held a name", async () => {
    pair.witness.write("lib/register", "");
    await pair.witness.door("witness");
    assert.equal(await pair.n1.askWitness(`claim n1 ${CURRENT}:0:0:0`), "error");
  });

  it("that hangs counts as silent", async () => {
    (await pair.witness.door("witness")).kill("SIGSTOP");
    bothWith(noDevice);
    assertEnd(await pair.n1.fence(), NO_PROOF);
  });

  describe("a handler that is killed", () => {
    /** Nothing is granted that is not on record with the one who asked: it would never be given back. */
    const isOnRecord = () => register() !== "n1" || pair.n1.exists("lib/claimed");

    it("before it has an answer, has noted what it may have been granted", async () => {
      const door = await pair.witness.door("witness");
      door.kill("SIGSTOP");
      const handler = pair.n1.start();
      await pair.n1.appears("lib/claimed");
      handler.child.kill("SIGKILL");
      await handler.ended;
      door.kill("SIGCONT");
      await sleep(200);
      assert.ok(isOnRecord());
    });

    it("after that, leaves no lock behind, and the next one goes on from there", async () => {
      await pair.witness.door("witness");
      pair.n1.write("device-hangs", "");
      const handler = pair.n1.start();
      await until("n1 is granted", () => register() === "n1");
      handler.child.kill("SIGKILL");
      await handler.ended;
      assert.ok(isOnRecord());
      assert.ok(!pair.n1.exists("run/switch-on"));
      pair.n1.forget("device-hangs");
      assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
    });

    it("at any moment, has noted it", async () => {
      await pair.witness.door("witness");
      for (let ms = 5; ms < 85; ms += 4) {
        pair.n1.forget("lib/claimed");
        pair.witness.forget("lib/register");
        const handler = pair.n1.start();
        await sleep(ms);
        handler.child.kill("SIGKILL");
        await handler.ended;
        assert.ok(isOnRecord(), `${ms} ms`);
      }
    });
  });

  it("a primary that cannot note what it asks for asks for nothing", async () => {
    await pair.witness.door("witness");
    const verdict = await pair.n1.start("ulimit -f 0; trap '' XFSZ").ended;
    assertEnd(verdict, NO_PROOF);
    assert.ok(!pair.witness.exists("lib/register"));
  });

  describe("its door", () => {
    beforeEach(() => pair.witness.door("witness"));

    it("takes the word that both are equal from the holder alone", async () => {
      assert.equal(await pair.n1.askWitness("claim n1 A:0:0:0"), "granted");
      assert.equal(await pair.n2.askWitness("both n2 A:0:0:0"), "denied");
      assert.equal(await pair.n1.askWitness("both n1 B:A:0:0"), "denied");
      assert.equal(await pair.n2.askWitness("holder"), "n1 A:0:0:0");
      assert.equal(await pair.n1.askWitness("both n1 A:0:0:0"), "ok");
      assert.equal(await pair.n2.askWitness("claim n2 A:0:0:0"), "granted");
    });

    it("gives a person's word the last one", async () => {
      await pair.n1.askWitness("claim n1 A:0:0:0");
      assert.equal(await pair.n2.askWitness("seize n2 A:0:0:0"), "granted");
      assert.equal(await pair.n1.askWitness("claim n1 A:0:0:0"), "denied");
    });

    it("answers error to what it does not know, and goes on", async () => {
      assert.equal(await pair.n1.askWitness("outdate A:0:0:0"), "error");
      assert.equal(await pair.n1.askWitness("claim n1"), "error");
      assert.equal(await pair.n1.askWitness("holder"), "both");
    });

    it("remembers after a restart", async () => {
      await pair.n1.askWitness("claim n1 A:0:0:0");
      const other = new Pair(silent);
      try {
        other.witness.write("lib/register", `${pair.witness.read("lib/register")}\n`);
        await other.witness.door("witness");
        assert.equal(await other.n2.askWitness("claim n2 A:0:0:0"), "denied");
      } finally {
        await other.remove();
      }
    });
  });
});
