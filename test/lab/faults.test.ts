import assert from "node:assert/strict";
import { violations } from "../faults/fault";
import { faults } from "../faults/faults";
import { House } from "../faults/house";

describe("short faults under a writer, with a fence device and a witness", () => {
  const house = new House("e2e-faults");

  before(() => house.remove()); // what an earlier run that was killed has left
  after(() => house.remove());

  for (const fault of faults.filter(({ quick, modes }) => quick && modes.includes("both")))
    it(`${fault.name}: nothing lost, nobody beside who serves, healed`, async () => {
      const { run } = await house.play(fault, "both");
      const stall = run.stall === null ? "until a hand" : `${run.stall.toFixed(1)} s`;
      console.log(`        stall ${stall}, redundant after ${run.healed?.toFixed(0)} s`);
      assert.deepEqual(violations(run, fault), [], run.notes.join("; "));
    });
});
