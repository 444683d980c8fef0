import assert from "node:assert/strict";
import {
  longestGap,
  missingRecords,
  parseAcks,
  parseEvents,
  resumed,
  ticksOf,
} from "../../scripts/drillReport";

const record = (n: number) => `${String(n).padStart(8, "0")} ${"x".repeat(54)}\n`;

describe("the drill's report", () => {
  const acks = parseAcks("1 100.000 100.010\n2 100.020 100.030\n3 100.040 108.250\n4 108.260 10", 0);

  it("counts a record only when its acknowledgement is whole", () => {
    assert.deepEqual(
      acks.map((ack) => ack.record),
      [1, 2, 3],
    );
  });

  it("measures the stall between acknowledgements, not from a write's own start", () => {
    const { seconds, end } = longestGap(acks);
    assert.equal(seconds.toFixed(3), "8.220");
    assert.equal(end, 108.25);
  });

  it("looks for the stall from the last acknowledgement before the injection on", () => {
    const slow = parseAcks("1 90.000 90.000\n2 99.000 99.000\n3 100.500 103.000\n4 103.100 103.500\n", 0);
    const { acknowledged, gap } = ticksOf(slow, 100);
    assert.deepEqual(acknowledged, [-10, -1, 3, 3.5]);
    assert.deepEqual(gap, { begin: -1, end: 3 });
    assert.deepEqual(ticksOf([], 100).acknowledged, []);
  });

  it("knows when a series went on: after what is given, else after its longest gap", () => {
    const ticks = { acknowledged: [-1, 0.5, 4, 4.1], gap: { begin: 0.5, end: 4 } };
    assert.equal(resumed(ticks), 4);
    assert.equal(resumed(ticks, 4), 4.1);
    assert.ok(Number.isNaN(resumed(ticks, 9)));
  });

  it("brings a node's clock to the operator's", () => {
    assert.equal(parseAcks("1 100.500 101.000\n", 0.5)[0]?.acknowledged, 100.5);
    assert.deepEqual(parseEvents("12.5 start nfsd\nnoise\n", 2), [{ at: 10.5, what: "start nfsd" }]);
  });

  it("finds every acknowledged record that the volume lacks, or has damaged", () => {
    assert.deepEqual(missingRecords(acks, record(1) + record(2) + record(3) + record(4)), []);
    assert.deepEqual(missingRecords(acks, record(1) + record(3).replace("xx", "x\0")), [2, 3]);
    assert.deepEqual(missingRecords(acks, ""), [1, 2, 3]);
  });
});
