import assert from "node:assert/strict";
import { needsWatch } from "../cluster";
import { Disk } from "../disk";
import { needsRsync } from "../volume";
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

  for (const seed of SEEDS) {
    it(`ends equal: npm run fuzz -- --from ${seed} --seeds 1`, async () => {
      const { failure } = await run(disk, operationsOfSeed(seed));
      assert.equal(failure, undefined);
    });
  }
});
