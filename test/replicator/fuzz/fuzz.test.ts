import assert from "node:assert/strict";
import { needsWatch } from "../cluster";
import { Disk } from "../disk";
import { needsRsync } from "../volume";
import { operationsOfSeed, run } from "./run";

/** New ones with each run of the tests, and so another chance; a failure names its seed for `npm run fuzz`. */
const SEEDS = Array.from({ length: 3 }, () => Math.floor(Math.random() * 1e9));

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
