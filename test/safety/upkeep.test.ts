import assert from "node:assert/strict";
import { NOBODY, Pair } from "./pair";
import { assertEnd, SELF_OUTDATED } from "./verdict";

const silent = { witness: true, peerAddresses: [NOBODY] };

describe("safety: upkeep, the debts to the witness", () => {
  let pair: Pair;
  beforeEach(async () => {
    pair = new Pair(silent);
    await pair.witness.door("witness");
  });
  afterEach(() => pair.remove());

  /** One round of upkeep on n1; what it found. */
  const upkeep = () =>
    pair.n1.python(`import upkeep\nprint(upkeep.Witness("data").look(node.settings("fence.conf")))`);
  const equal = () =>
    pair.n1.write("drbd", " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n");
  const alone = () =>
    pair.n1.write("drbd", " 0: cs:WFConnection ro:Primary/Unknown ds:UpToDate/Outdated C r-----\n");
  const holder = () => pair.n2.askWitness("holder");

  it("gives back what was granted once both are equal", async () => {
    await pair.n1.fence();
    equal();
    assert.equal(await upkeep(), "");
    assert.equal(await holder(), "both");
    assert.ok(!pair.n1.exists("lib/claimed"));
  });

  it("tells of a shot that the witness does not know of", async () => {
    pair.n1.write("lib/debt", "A:0:0:0\n");
    alone();
    assert.equal(await upkeep(), "");
    assert.match(String(await holder()), /^n1 /);
    assert.ok(!pair.n1.exists("lib/debt"));
    assert.equal(pair.n1.read("lib/claimed"), "A:0:0:0");
  });

  it("has paid where the witness knows of it, and its answer was lost", async () => {
    pair.n1.write("lib/debt", "A:0:0:0\n");
    await pair.n1.askWitness("seize n1 A:0:0:0");
    alone();
    assert.equal(await upkeep(), "");
    assert.deepEqual([pair.n1.exists("lib/debt"), pair.n1.read("lib/claimed")], [false, "A:0:0:0"]);
  });

  it("claims again from a witness that was restored from an old copy", async () => {
    await pair.n1.fence();
    alone();
    pair.witness.write("lib/register", "both\n");
    assert.equal(await upkeep(), "");
    assert.match(String(await holder()), /^n1 /);
    assertEnd(await pair.n2.fence(), SELF_OUTDATED);
  });

  it("claims while the peer is connected without a disk: after a boot it may have its old data back", async () => {
    pair.n1.write("drbd", " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/Diskless C r-----\n");
    assert.equal(await upkeep(), "");
    assert.match(String(await holder()), /^n1 /);
    pair.n2.configure({ ...silent, device: false });
    pair.n2.state({ disk: "Consistent" });
    assertEnd(await pair.n2.fence(), SELF_OUTDATED);
    equal();
    assert.equal(await upkeep(), "");
    assert.equal(await holder(), "both");
    assert.deepEqual([pair.n1.exists("lib/claimed"), pair.n1.exists("lib/debt")], [false, false]);
  });

  it("says it where the old copy names the peer", async () => {
    await pair.n1.fence();
    alone();
    pair.witness.write("lib/register", "n2 A:0:0:0\n");
    assert.match(await upkeep(), /has granted n2, and n1 serves alone/);
  });

  it("asks for nothing while the primary is frozen: only the handler may", async () => {
    pair.n1.write("lib/claimed", "A:0:0:0\n");
    assert.equal(await upkeep(), "");
    assert.equal(await holder(), "both");
  });

  it("does not give back what the peer holds", async () => {
    await pair.n2.fence();
    pair.n1.write("lib/claimed", "A:0:0:0\n");
    equal();
    assert.equal(await upkeep(), "");
    assert.match(String(await holder()), /^n2 /);
  });

  it("gives back a claim that this node no longer knows of, and says so of one that the peer has forgotten", async () => {
    await pair.n1.fence();
    pair.n1.forget("lib/claimed");
    equal();
    assert.equal(await upkeep(), "");
    assert.equal(await holder(), "both");
    await pair.n2.fence();
    const later = `import upkeep
w = upkeep.Witness("data")
print(w.look(node.settings("fence.conf")))
w.foreign_since -= 61
print(w.look(node.settings("fence.conf")))`;
    assert.match(String(await pair.n1.python(later)), /lets only n2 go on alone, though both are equal/);
  });

  it("keeps a claim that the handler has made meanwhile", async () => {
    await pair.n1.fence();
    equal();
    const meanwhile = `import upkeep
w = upkeep.Witness("data")
asked = w.ask
def ask(pair, words):
    if words.startswith("both"):
        node.write(node.CLAIMED, "B:A:0:0")
        asked(pair, "claim n1 B:A:0:0")
    return asked(pair, words)
w.ask = ask
w.look(node.settings("fence.conf"))`;
    await pair.n1.python(meanwhile);
    assert.equal(await holder(), "n1 B:A:0:0");
    assert.equal(pair.n1.read("lib/claimed"), "B:A:0:0");
  });

  it("keeps the same claim where the connection is lost again between its looks, or a handler is at it", async () => {
    await pair.n1.fence();
    const lost = `here = iter([w.drbd(), w.drbd()._replace(connection="WFConnection")])
w.drbd = lambda: next(here)`;
    const atIt = `held = node.lock("fence")
held.__enter__()`;
    for (const meanwhile of [lost, atIt]) {
      equal();
      await pair.n1.python(`import upkeep
w = upkeep.Witness("data")
${meanwhile}
w.look(node.settings("fence.conf"))`);
      assert.match(String(await holder()), /^n1 /);
      assert.ok(pair.n1.exists("lib/claimed"));
    }
  });

  it("says that the witness is silent", async () => {
    pair.n1.keys("fence-key", "another-key");
    assert.equal(await upkeep(), "the witness does not answer: stranger");
  });

  it("tells what is at stake while the witness does not know of a debt, and no longer", async () => {
    const stake = /^the witness does not know of it that n1 goes on without n2: .* n2 must not boot now/;
    pair.n1.configure({ ...silent, device: false });
    pair.n1.write("lib/debt", "A:0:0:0\n");
    assert.match(await upkeep(), stake); // frozen still: the handler has not ended
    alone();
    pair.n1.keys("fence-key", "another-key");
    assert.match(await upkeep(), stake);
    assert.match(await upkeep(), /; the witness does not answer: stranger$/);
    pair.n1.configure(silent);
    const withDevice = "the witness does not know of it that n1 goes on without n2";
    assert.equal(await upkeep(), `${withDevice}; the witness does not answer: stranger`);
    pair.n1.keys("fence-key");
    assert.equal(await upkeep(), "");
    assert.ok(!pair.n1.exists("lib/debt"));
  });

  for (const [what, script, connection, verdict] of [
    ["calls a connected peer off: it lies", "echo off", "Connected", /^lies: it calls n2 off/],
    ["calls a lost peer off", "echo off", "WFConnection", /^ok$/],
    ["calls it on", "echo on", "Connected", /^ok$/],
    [
      "takes too long for it",
      "sleep 1.4; echo on",
      "Connected",
      /^is slow: a status took 1\.\d s, and an off has 5 s/,
    ],
    ["prints rubbish", "printf '\\xff maybe'", "Connected", /^does not answer: \ufffd maybe$/],
    ["fails", "echo no route >&2; exit 1", "Connected", /^does not answer: no route$/],
    [
      "fails in two lines",
      "printf 'no\\n\\n route\\n' >&2; exit 1",
      "Connected",
      /^does not answer: no \/ route$/,
    ],
  ] as const) {
    it(`knows a device that ${what}`, async () => {
      pair.n1.write("bin/device", `#!/bin/bash\n${script}\n`);
      pair.n1.state({ connection, role: "Primary" });
      await pair.n1.python(
        `import upkeep\nupkeep.time.sleep = print\nupkeep.Device("data").look(node.settings("fence.conf"))`,
      );
      assert.match(pair.n1.read("run/device"), verdict);
    });
  }
});
