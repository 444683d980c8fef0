import assert from "node:assert/strict";
import { both, lateReplies, lockFaults, serves, stall, takesWrites, wrongAcks } from "../faults/oracles";
import { countShots, type Frame, parseFrames, parseHolds, parseProbe, type Sample } from "../faults/samples";

/** Samples of one boot, 20 a second from `from` to `to`. */
function samples(boot: string, from: number, to: number, what: Partial<Sample>): Sample[] {
  const idle = { address: false, threads: 0, role: "Secondary", frozen: false };
  const count = Math.round((to - from) / 0.05) + 1;
  return Array.from({ length: count }, (_, i) => ({ boot, at: from + i * 0.05, ...idle, ...what }));
}

const SERVING = { address: true, threads: 8, role: "Primary" };
const FROZEN = { ...SERVING, frozen: true };
const frame = (at: number, node: string, payload = 100, place = `10.0.0.1:700/${at}`): Frame => ({
  ...{ at, node, payload, place },
});
const ack = (acknowledged: number) => ({ record: 1, begun: acknowledged - 0.01, acknowledged });

describe("what the recorders say", () => {
  it("brings a probe's clock, which starts with each boot, to ours by its quickest line", () => {
    const lines = [
      { arrived: 1000.5, text: "boot a" },
      { arrived: 1000.9, text: "10.000 1 8 Primary 0" },
      { arrived: 1001.0, text: "10.500 1 8 Primary 1" },
      { arrived: 1001.1, text: "10.9" },
      { arrived: 1060.0, text: "boot b" },
      { arrived: 1060.1, text: "3.000 0 0 - 0" },
    ];
    const found = parseProbe(lines);
    assert.deepEqual(
      found.map(({ at, boot }) => [at.toFixed(2), boot]),
      [
        ["1000.50", "a"],
        ["1001.00", "a"],
        ["1060.10", "b"],
      ],
    );
    assert.deepEqual(found[1], {
      at: 1001,
      boot: "a",
      address: true,
      threads: 8,
      role: "Primary",
      frozen: true,
    });
  });

  it("knows the masters by their MACs, and leaves others out", () => {
    const text =
      "5.000001 02:aa 100 24 10.0.0.1:700/5.000001\n5.1 02:cc 100 24 10.0.0.1:700/1\n5.2 02:aa 0 16 10.0.0.1:700/5.2\ncut off";
    assert.deepEqual(parseFrames(text, { "02:aa": "m1", "02:bb": "m2" }), [
      frame(5.000001, "m1"),
      frame(5.2, "m1", 0),
    ]);
  });

  it("counts a shot only when the device says that the power is off", () => {
    const log =
      "1.5 m1 off m2 off\n2 m1 off m2 off already\n2.5 m2 off m1 error: m2 is off itself\n3 m1 status m2 off\n4 m1 on m2 on\n";
    assert.equal(countShots(log), 1);
  });
});

describe("never two serve", () => {
  const m1 = samples("a", 0, 10, SERVING);

  it("finds both serving, and for how long", () => {
    const m2 = [...samples("b", 0, 7.95, {}), ...samples("b", 8, 12, SERVING)];
    const time = both([m1, m2], serves);
    assert.ok(time > 1.98 && time < 2, `${time}`);
    assert.equal(both([m1, samples("b", 10.2, 20, SERVING)], serves), 0);
  });

  it("does not hold a frozen one, one without the address or one without nfsd for serving", () => {
    for (const part of [FROZEN, { ...SERVING, address: false }, { ...SERVING, threads: 0 }]) {
      assert.equal(both([m1, samples("b", 0, 10, part)], serves), 0);
    }
    assert.ok(both([m1, samples("b", 0, 10, { role: "Primary" })], takesWrites) > 9);
  });

  it("does not count the time in which one stood still, nor that between two boots", () => {
    const paused = [...samples("a", 0, 2, SERVING), ...samples("a", 8, 9, SERVING)];
    assert.equal(both([paused, samples("b", 4, 8, SERVING)], serves), 0);
    assert.ok(both([paused, samples("b", 4, 9, SERVING)], serves) > 0.9);
  });

  it("finds a reply of the loser after the winner's first", () => {
    const taken = [...samples("b", 0, 5, {}), ...samples("b", 5.05, 12, SERVING)];
    const moved = [frame(1, "m1"), frame(4, "m1"), frame(5.1, "m2"), frame(6, "m2")];
    const masters = { m1, m2: taken };
    assert.deepEqual(lateReplies(moved, masters), []);
    const late = [frame(6.5, "m1"), frame(6.55, "m1"), frame(6.7, "m1")];
    assert.deepEqual(
      lateReplies([...moved, ...late], masters),
      [frame(6.7, "m1")],
      "but for what it had in hand",
    );
    assert.deepEqual(lateReplies([...moved, frame(6.5, "m1", 0)], masters), []);
    const again = { ...frame(6.5, "m1"), place: moved.find(({ node }) => node === "m1")?.place ?? "" };
    assert.deepEqual(lateReplies([...moved, again], masters), [], "a reply that is sent again is none");
  });

  it("lets a master reply again that had given the address up, or has booted, and got it back", () => {
    const frames = [frame(1, "m1"), frame(5, "m2"), frame(9, "m1"), frame(10, "m1")];
    const m2 = [...samples("b", 0, 4.4, {}), ...samples("b", 4.5, 7, SERVING), ...samples("b", 7.1, 10, {})];
    const given = [
      ...samples("a", 0, 4, SERVING),
      ...samples("a", 4.05, 8, {}),
      ...samples("a", 8.05, 10, SERVING),
    ];
    const booted = [...samples("a", 0, 3, SERVING), ...samples("c", 8, 10, SERVING)];
    const kept = [...samples("a", 0, 3, SERVING), ...samples("a", 8, 10, SERVING)];
    assert.deepEqual(lateReplies(frames, { m1: given, m2 }), []);
    assert.deepEqual(lateReplies(frames, { m1: booted, m2 }), []);
    assert.deepEqual(lateReplies(frames, { m1: kept, m2 }), [frame(10, "m1")]);
  });
});

describe("no acknowledgement while frozen", () => {
  const m1 = [...samples("a", 0, 5, SERVING), ...samples("a", 5.05, 9, FROZEN)];
  const idle = samples("b", 0, 9, {});

  it("finds one that came while who served was frozen", () => {
    assert.deepEqual(wrongAcks([ack(4.9), ack(5.1), ack(7)], [m1, idle], []), [ack(7)]);
  });

  it("knows that the other one may have given it", () => {
    const m2 = [...samples("b", 0, 6, {}), ...samples("b", 6.05, 9, SERVING)];
    assert.deepEqual(wrongAcks([ack(7)], [m1, m2], []), []);
  });

  it("finds any in a time in which there must be none", () => {
    assert.deepEqual(wrongAcks([ack(1), ack(3)], [m1, idle], [{ from: 2, to: 4 }]), [ack(3)]);
  });
});

describe("two clients never hold one lock", () => {
  const lines = (text: string, late: number) =>
    text.split("\n").map((line) => ({ arrived: Number(line.split(" ")[1]) + late, text: line }));
  /** The second client's clock is half a second behind. */
  const holds = (one: string, other: string) => [
    ...parseHolds(lines(one, 0), "client"),
    ...parseHolds(lines(other, 0.5), "c2"),
  ];

  it("is content with one after the other, also where one could not write", () => {
    assert.deepEqual(
      lockFaults(holds("1.0 1.2 1\n1.6 1.8 3\n3.0 9.0 failed:EIO\n", "0.8 1.0 2\n1.4 1.6 4\n")),
      [],
    );
  });

  it("finds two at once, and a number written twice", () => {
    assert.equal(lockFaults(holds("1.0 6.2 1\n", "2.5 2.7 2\n")).length, 1);
    assert.equal(lockFaults(holds("1.0 1.2 7\n", "2.5 2.7 7\n")).length, 1);
  });
});

describe("the stall", () => {
  const acks = (...times: number[]) => times.map(ack);

  it("is the longest time without an acknowledgement around the fault", () => {
    assert.equal(stall(acks(1, 9, 9.5, 10, 14, 15, 15.5), 10, 16), 4);
  });

  it("is none when there is no service at the end", () => {
    assert.equal(stall(acks(8, 9, 10), 10, 60), null);
    assert.equal(stall([], 10, 60), null);
  });
});
