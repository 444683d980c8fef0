import assert from "node:assert/strict";
import * as path from "node:path";
import { CODE, NOBODY, Pair, SAME, type Options } from "./pair";
import { assertEnd, NO_PROOF, PEER_OFF } from "./verdict";

const silent = { peerAddresses: [NOBODY] };

describe("safety: ha-nfs-alone, a person's word that a node is to serve without its peer", () => {
  let pair: Pair;
  const options = (more: Options) => pair.n1.configure({ ...silent, ...more });
  beforeEach(() => {
    pair = new Pair(silent);
    pair.n1.state({ disk: "Consistent" });
  });
  afterEach(() => pair.remove());

  /** Runs it on n1 with a person who types `lines`. */
  async function say(...lines: string[]): Promise<{ code: number | null; output: string; shot: boolean }> {
    pair.n1.forget("shots");
    const typed = lines.map((line) => `${line}\n`).join("");
    const child = pair.spawn("bash", ["-c", `printf %s "$1" | "$0" 2>&1`, path.join(CODE, "alone"), typed], {
      ...pair.n1.env,
    });
    let output = "";
    child.stdout?.on("data", (text: Buffer) => (output += text.toString()));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, output, shot: pair.n1.exists("shots") };
  }

  it("says what may be lost, switches the peer off, and the handler then believes it", async () => {
    assertEnd(await pair.n1.fence(), NO_PROOF);
    pair.n1.forget("run/fence-failed");
    const { code, output, shot } = await say("n1");
    assert.equal(code, 0, output);
    assert.ok(shot);
    assert.match(
      output,
      /n2 may have served after this node did: whatever it has acknowledged since then is lost/,
    );
    assert.equal(pair.n1.read("run/alone"), SAME.split(":")[0]);
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
  });

  it("changes nothing where the person does not type the node's name", async () => {
    for (const typed of [["yes"], ["n2"], []]) {
      const { code, shot } = await say(...typed);
      assert.deepEqual({ code: code === 0, shot }, { code: false, shot: false });
      assert.ok(!pair.n1.exists("run/alone"));
    }
  });

  it("has the person go and look where there is no device, or it fails", async () => {
    options({ device: false });
    assert.equal((await say("n1")).code, 1);
    assert.ok(!pair.n1.exists("run/alone"));
    assert.equal((await say("n1", "n2 is off")).code, 0);
    pair.n1.forget("run/alone");
    options({});
    pair.n1.write("device-fails", "");
    const { code, output } = await say("n1");
    assert.equal(code, 1);
    assert.match(output, /n2 is maybe on: no route to the management board/);
    assert.ok(!pair.n1.exists("run/alone"));
    assert.equal((await say("n1", "n2 is off")).code, 0);
  });

  it("has the witness know it, or owes it the news", async () => {
    options({ witness: true });
    pair.n2.configure({ ...silent, witness: true });
    assert.equal((await say("n1")).code, 0);
    assert.ok(pair.n1.exists("lib/debt"));
    await pair.witness.door("witness");
    await pair.n2.fence();
    assert.match(String(await pair.n1.askWitness("holder")), /^n2 /);
    assert.equal((await say("n1")).code, 0);
    assert.match(String(await pair.n1.askWitness("holder")), /^n1 /);
    assert.deepEqual([pair.n1.exists("lib/claimed"), pair.n1.exists("lib/debt")], [true, false]);
  });

  it("asks once more where the witness alone decides and is silent, and says nothing without that", async () => {
    options({ device: false, witness: true });
    const refused = await say("n1", "n2 is off", "no");
    assert.equal(refused.code, 1, refused.output);
    assert.match(refused.output, /lets n2\nserve what it has, and all that n1 has acknowledged is lost/);
    assert.match(refused.output, /nothing is said: n1 does not serve alone/);
    assert.deepEqual([pair.n1.exists("run/alone"), pair.n1.exists("lib/debt")], [false, false]);
    assert.equal((await say("n1", "n2 is off", "n2 stays off")).code, 0);
    assert.deepEqual([pair.n1.exists("run/alone"), pair.n1.exists("lib/debt")], [true, true]);
  });

  it("asks no more than twice where the witness hears of it", async () => {
    options({ device: false, witness: true });
    await pair.witness.door("witness");
    const { code, output } = await say("n1", "n2 is off");
    assert.equal(code, 0, output);
    assert.ok(!pair.n1.exists("lib/debt"));
  });

  for (const [what, state, why] of [
    [
      "whose disk is no whole copy",
      { disk: "Inconsistent" },
      /the disk of n1 is Inconsistent: it can't serve/,
    ],
    ["that serves", { role: "Primary", connection: "Connected" }, /there is no need for it/],
    ["that has its peer", { connection: "Connected" }, /there is no need for it/],
  ] as const) {
    it(`asks nothing of a node ${what}`, async () => {
      pair.n1.state(state);
      const { code, output, shot } = await say("n1", "n2 is off");
      assert.deepEqual({ code, shot }, { code: 1, shot: false });
      assert.match(output, why);
      assert.ok(!pair.n1.exists("run/alone"));
    });
  }

  it("refuses while the peer's door answers: that one is to serve", async () => {
    options({ peerAddresses: [pair.n2.address] });
    pair.n2.write("run/fit", "fit\n");
    await pair.n2.door();
    const { code, output, shot } = await say("n1", "n2 is off");
    assert.deepEqual({ code, shot }, { code: 1, shot: false });
    assert.match(output, /n2 is alive \(fit\)/);
  });
});
