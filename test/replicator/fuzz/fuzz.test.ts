import assert from "node:assert/strict";
import { needsWatch } from "../cluster";
import { Disk } from "../disk";
import { needsRsync } from "../volume";
import type { Operation } from "./operations";
import { operationsOfSeed, run } from "./run";

/** Each has found a fault once. New ones are for `npm run fuzz`: these tests must say the same of the same code. */
const SEEDS = [24, 100, 153];

describe("replicator: a short fuzz", function () {
  this.timeout(120_000);
  let disk: Disk;

  needsRsync();
  needsWatch();
  before(() => {
    disk = new Disk(512);
  });
  after(() => disk.remove());

  it("does not compare what is written through a symbolic link that leads out of the tree", async () => {
    const step = (kind: Operation["kind"], a: string, b = a): Operation => ({ kind, a, b, n: 1, pause: 0 });
    const { failure, done } = await run(disk, [
      step("make", "data/a"),
      step("make", "data/a/b"),
      step("deploy", "data/a/b", "data/c"),
      step("rename", "data/a/b", "data/d"),
      step("write", "data/d"),
    ]);
    assert.deepEqual({ failure, done }, { failure: undefined, done: 5 });
  });

  for (const seed of SEEDS) {
    it(`ends equal: npm run fuzz -- --plain --from ${seed} --seeds 1`, async () => {
      const { failure } = await run(disk, operationsOfSeed(seed));
      assert.equal(failure, undefined);
    });
  }
});
