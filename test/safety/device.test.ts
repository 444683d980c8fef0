import assert from "node:assert/strict";
import { NOBODY, type Node, Pair } from "./pair";
import { assertEnd, NO_PROOF, PEER_OFF, PEER_OUTDATED } from "./verdict";

const silent = { peerAddresses: [NOBODY] };

describe("safety: fence-peer and the fence device", () => {
  let pair: Pair;
  beforeEach(() => (pair = new Pair(silent)));
  afterEach(() => pair.remove());

  it("the peer is dead: the primary goes on once it is off, and it is to be switched on again", async () => {
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
    assert.equal(pair.n1.read("shots"), "off n2");
    assert.equal(pair.n1.read("run/switch-on"), "n2");
    assert.ok(!pair.n1.exists("lib/debt"), "no witness is owed anything");
  });

  it("the peer is dead: the standby takes over, and has not to settle where the power is off", async () => {
    const verdict = await pair.n2.fence();
    assertEnd(verdict, PEER_OFF, { shot: true });
    assert.ok(verdict.ms < 1500, `${verdict.ms} ms`);
  });

  it("a peer that was off already stays off", async () => {
    pair.n1.write("bin/device", "#!/bin/bash\n[[ $1 != status ]] || echo off\n");
    assertEnd(await pair.n1.fence(), PEER_OFF);
    assert.ok(!pair.n1.exists("run/switch-on"));
  });

  /** Has `of` drop what is sent to its door: a full queue of connections makes the kernel drop all further ones. */
  const drops = async (of: Node) => {
    const full = `
import socket, time
listening = socket.socket()
listening.bind((sys.argv[1], 7790))
listening.listen(0)
first = socket.create_connection((sys.argv[1], 7790))
node.write(os.environ["HA_NFS_RUN"] + "/full", "")
time.sleep(20)`;
    void of.python(full, of.address);
    await of.appears("run/full");
  };

  it("silence is known within silence and a little, also where packets get lost", async () => {
    await drops(pair.n2);
    pair.n1.configure({});
    const verdict = await pair.n1.fence();
    assertEnd(verdict, PEER_OFF, { shot: true });
    assert.match(verdict.log, /n2: silence/);
    assert.ok(verdict.ms >= 400 && verdict.ms < 2500, `${verdict.ms} ms`);
  });

  for (const [ago, waits] of [
    [1, false],
    [4, true],
  ] as const)
    it(`a silence that the guard has met ${ago} s ago is ${waits ? "too old" : "not waited for once more"}`, async () => {
      await drops(pair.n1);
      pair.n2.configure({ silenceMs: 3000 });
      pair.n2.write("run/silent", String(Number(process.hrtime.bigint()) / 1e9 - ago));
      const verdict = await pair.n2.fence();
      assertEnd(verdict, PEER_OFF, { shot: true });
      assert.equal(verdict.ms >= 3000, waits, `${verdict.ms} ms`);
    });

  it("a device that fails is no proof, and its reason is on record", async () => {
    pair.n2.write("device-fails", "");
    assertEnd(await pair.n2.fence(), NO_PROOF, { shot: true });
    assert.match(pair.n2.read("run/no-proof"), /silence.*no route to the management board/);
    assert.ok(!pair.n2.exists("run/switch-on"));
  });

  it("DRBD asks up to four times in one promote: only the first one shoots", async () => {
    pair.n2.write("device-fails", "");
    await pair.n2.fence();
    assertEnd(await pair.n2.fence(), NO_PROOF);
    pair.n2.write("run/fence-failed", String(process.uptime() - process.uptime() - 4));
    assertEnd(await pair.n2.fence(), NO_PROOF, { shot: true });
  });

  it("a primary that has failed tries again at once: its clients wait", async () => {
    pair.n1.write("device-fails", "");
    await pair.n1.fence();
    assertEnd(await pair.n1.fence(), NO_PROOF, { shot: true });
  });

  it("a device that hangs is no proof, and is given up in its time", async () => {
    pair.n1.configure({ ...silent, deviceSeconds: 1 });
    pair.n1.write("device-hangs", "");
    const verdict = await pair.n1.fence();
    assertEnd(verdict, NO_PROOF);
    assert.ok(verdict.ms >= 1000 && verdict.ms < 3000, `${verdict.ms} ms`);
  });

  it("a device that prints rubbish counts by its end", async () => {
    pair.n1.write("device-rubbish", "");
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
    assert.ok(!pair.n1.exists("run/switch-on"), "it has not said that the peer was on");
  });

  it("a device that is not installed is one that fails, and the door is asked all the same", async () => {
    pair.n1.forget("bin/device");
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.match(pair.n1.read("run/no-proof"), /No such file/);
    pair.n1.configure({});
    await pair.n2.door();
    assertEnd(await pair.n1.fence(), PEER_OUTDATED);
  });

  it("a device that has lied is not believed", async () => {
    pair.n1.write("run/device", "lies: it calls n2 off, which is connected\n");
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.match(pair.n1.read("run/no-proof"), /has lied/);
  });

  it("one that did not answer the last time may work now", async () => {
    pair.n1.write("run/device", "does not answer: exit 1\n");
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
  });

  it("nobody is shot when the peer is back before that", async () => {
    pair.n1.state({ connection: "Connected", role: "Primary" });
    assertEnd(await pair.n1.fence(), NO_PROOF);
  });

  it("a node that has booted alone never shoots: that power is off makes no old data new", async () => {
    pair.n1.state({ disk: "Consistent" });
    assertEnd(await pair.n1.fence(), NO_PROOF);
  });

  it("with neither device nor witness there is no proof", async () => {
    pair.n1.configure({ ...silent, device: false });
    assertEnd(await pair.n1.fence(), NO_PROOF);
  });

  describe("a person says that the peer is off", () => {
    const CURRENT = "000000000000A000";

    it("of these data: they are served, though this node has just booted and its device fails", async () => {
      pair.n2.state({ disk: "Consistent" });
      pair.n2.write("device-fails", "");
      pair.n2.write("run/alone", `${CURRENT}\n`);
      assertEnd(await pair.n2.fence(), PEER_OFF, { shot: true });
    });

    it("of other data than these: the word is worth nothing", async () => {
      pair.n2.state({ disk: "Consistent" });
      pair.n2.write("run/alone", "000000000000B000\n");
      assertEnd(await pair.n2.fence(), NO_PROOF);
    });

    it("of a peer that is there: it is not shot, and keeps the service", async () => {
      pair.n1.configure({});
      pair.n2.configure({});
      await pair.n1.door();
      pair.n2.write("run/alone", `${CURRENT}\n`);
      const { code, shot } = await pair.n2.fence();
      assert.deepEqual({ code, shot }, { code: 6, shot: false });
    });

    it("and an empty word is none", async () => {
      pair.n2.state({ disk: "Consistent" });
      pair.n2.write("run/alone", "");
      assertEnd(await pair.n2.fence(), NO_PROOF);
    });
  });
});
