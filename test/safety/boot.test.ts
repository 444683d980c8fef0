import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../until";
import { CODE, Pair } from "./pair";

describe("safety: wait-peer, before the cluster manager at boot", () => {
  let pair: Pair;
  beforeEach(() => {
    pair = new Pair();
    pair.n1.state({ disk: "Consistent" });
  });
  afterEach(() => pair.remove());

  /** It, and what it has said so far. */
  const start = (): { child: ChildProcess; said: () => string } => {
    const child = pair.spawn(path.join(CODE, "wait-peer"), ["data"], pair.n1.env);
    let text = "";
    child.stdout?.on("data", (more: Buffer) => (text += more.toString()));
    return { child, said: () => text };
  };
  const ends = async (child: ChildProcess): Promise<void> => {
    for (let tries = 0; tries < 200 && child.exitCode === null; tries++) await sleep(20);
    assert.equal(child.exitCode, 0);
  };
  const waits = async (): Promise<ReturnType<typeof start>> => {
    const started = start();
    for (let tries = 0; tries < 200 && started.said() === ""; tries++) await sleep(20);
    await sleep(700);
    assert.equal(started.child.exitCode, null);
    assert.equal(
      started.said(),
      "waiting for the peer's DRBD: this node's data may be older than the peer's\n",
    );
    return started;
  };

  it("waits while the data may be old, says so once, and ends when the peer is there", async () => {
    const { child, said } = await waits();
    pair.n1.state({ connection: "SyncTarget", disk: "Inconsistent" });
    await ends(child);
    assert.match(said(), /taking part: DRBD is SyncTarget, the disk Inconsistent\n$/);
  });

  it("ends at a person's word", async () => {
    const { child } = await waits();
    pair.n1.write("run/alone", "000000000000A000\n");
    await ends(child);
  });

  it("waits while DRBD is not there, and with a witness beside a device", async () => {
    pair.n1.configure({ witness: true });
    pair.n1.forget("drbd");
    const { child } = await waits();
    pair.n1.state({ disk: "Consistent" });
    await sleep(700);
    assert.equal(child.exitCode, null);
  });

  it("waits where the peer is on record as outdated, and the witness has it go on by a person's word", async () => {
    pair.n1.configure({ witness: true });
    pair.n1.state({ disk: "UpToDate" });
    const door = await pair.witness.door("witness");
    await pair.n2.askWitness("seize n2 A:0:0:0");
    const { child } = await waits();
    door.kill("SIGKILL");
    await until("the witness is gone", () => door.signalCode !== null);
    await sleep(1500);
    assert.equal(child.exitCode, null);
    await pair.witness.door("witness");
    await pair.n1.askWitness("seize n1 A:0:0:0");
    await ends(child);
  });

  for (const [what, disk, options] of [
    ["the peer is on record as outdated", "UpToDate", {}],
    ["it is, and the witness is silent", "UpToDate", { witness: true }],
    ["a witness without a device decides at the promote", "Consistent", { witness: true, device: false }],
  ] as const) {
    it(`ends at once where ${what}`, async () => {
      pair.n1.configure(options);
      pair.n1.state({ disk });
      const { child, said } = start();
      await ends(child);
      assert.doesNotMatch(said(), /waiting/);
    });
  }
});
