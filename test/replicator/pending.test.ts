import assert from "node:assert/strict";
import { once } from "node:events";
import { Pending } from "../../replicator/master/pending";
import { update } from "./volume";

describe("replicator: changes that wait to be written", () => {
  const ripe = new EventTarget();
  let busy: boolean;
  let asked: number;
  const pending = new Pending({
    coalesceMs: 20,
    busy: () => {
      asked++;
      return busy;
    },
    ripe: () => ripe.dispatchEvent(new Event("ripe")),
  });
  let began: number;
  const passed = () => performance.now() - began;
  const isRipe = () => once(ripe, "ripe");

  beforeEach(() => {
    busy = false;
    asked = 0;
    pending.take();
    pending.add(update("data/a"));
    pending.gather();
    began = performance.now();
  });

  it("gather for as long as is said, from the first on", async () => {
    const waiting = isRipe();
    pending.gather();
    await waiting;
    assert.ok(passed() >= 19, String(passed()));
    assert.equal(asked, 1);
  });

  it("gather until somebody could take them", async () => {
    busy = true;
    const waiting = isRipe();
    while (asked < 4) await new Promise((done) => setTimeout(done, 5));
    busy = false;
    await waiting;
    assert.equal(asked, 5);
  });

  it("gather for a second when nobody can, and no longer", async () => {
    busy = true;
    await isRipe();
    assert.ok(passed() >= 960 && passed() < 5000, String(passed()));
  });

  it("gather no longer when they are very many", async () => {
    busy = true;
    for (let n = 0; n <= 50_000; n++) pending.add(update(`data/${n}`));
    await isRipe();
    assert.equal(asked, 0);
  });

  it("do not become ripe once they are taken", async () => {
    assert.deepEqual(pending.take(), [update("data/a")]);
    await new Promise((done) => setTimeout(done, 60));
    assert.equal(asked, 0);
  });
});
