import assert from "node:assert/strict";
import { Manager } from "../../components/enums";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FAILED, type Fault, NOT_MADE, type Run, violations } from "../faults/fault";
import { faults } from "../faults/faults";
import { parseOptions } from "../faults/options";
import { median, report } from "../faults/report";
import { addRun, dropRuns, readRuns } from "../faults/results";

const inject = () => Promise.resolve();
const killed: Fault = {
  name: "active killed",
  stands: "ha 1",
  modes: ["device", "neither"],
  shots: 1,
  inject,
};
const disk: Fault = {
  name: "disk fails",
  stands: "ha 14",
  modes: ["device"],
  hand: "a person: the disk",
  inject,
};

const good: Run = {
  ...{ fault: "active killed", mode: "device", at: "2026-11-26T22:00:00Z", code: "abc1234" },
  ...{ stall: 3, acknowledged: 100, lost: 0, dualService: 0, dualPrimary: 0, lateReplies: 0, wrongAcks: 0 },
  ...{ lockFaults: 0, shots: 1, healed: 12, repairs: [], notes: [] },
};

/** The cells of the rows of a document's table. */
const rows = (text: string) =>
  [...text.matchAll(/^\| (.*) \|$/gm)]
    .slice(2)
    .map(([, cells = ""]) => cells.split("|").map((cell) => cell.trim()));

describe("what is wrong in a run", () => {
  it("is nothing in a good one", () => {
    assert.deepEqual(violations(good, killed), []);
    assert.deepEqual(violations({ ...good, shots: 0, healed: null }, disk), []);
  });

  it("is each thing that must not be", () => {
    const bad: [Partial<Run>, RegExp][] = [
      [{ lost: 1 }, /^1 of 100 acknowledged records lost$/],
      [{ dualService: 0.02 }, /both served/],
      [{ dualPrimary: 0.02 }, /both primary/],
      [{ lateReplies: 1 }, /from the loser/],
      [{ wrongAcks: 1 }, /must not be/],
      [{ lockFaults: 1 }, /one lock/],
      [{ shots: 2 }, /2 shots, allowed 1/],
      [{ healed: null }, /not redundant again by itself/],
      [{ notes: [`${FAILED}EIO`] }, /reached the client/],
      [{ notes: [`${NOT_MADE}no such unit`] }, /not made/],
    ];
    for (const [part, words] of bad) {
      const found = violations({ ...good, ...part }, killed);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", words);
    }
  });
});

describe("the report of the faults", () => {
  it("has no figure that was not measured", () => {
    assert.deepEqual(rows(report(Manager.Heartbeat, [killed, disk], [], [])), [
      ["active killed", "ha 1", "device, neither", "not run", "", "", "", "", "", ""],
      ["disk fails", "ha 14", "device", "not run", "", "", "", "", "", ""],
    ]);
    assert.match(report(Manager.Heartbeat, [killed], [], []), /Nothing has been run\./);
  });

  it("has median and worst of the runs, and sums of what must not be", () => {
    const runs: Run[] = [good, { ...good, stall: 5, healed: 30 }, { ...good, stall: 2 }];
    const lossy: Run = { ...good, mode: "neither", lost: 31, dualPrimary: 20.04, lateReplies: 3, shots: 0 };
    assert.deepEqual(rows(report(Manager.Heartbeat, [killed], [...runs, lossy], [])), [
      ["active killed", "ha 1", "device", "3", "3.0 / 5.0", "0", "0", "3", "30.0", "nobody"],
      [
        "active killed",
        "ha 1",
        "neither",
        "1",
        "3.0 / 3.0",
        "**31** of 100",
        "**20.0 s, 3 replies**",
        "0",
        "12.0",
        "nobody",
      ],
    ]);
    assert.match(
      report(Manager.Heartbeat, [killed], [lossy], []),
      /- active killed, neither \(abc1234, .*\): 31 of 100 acknow/,
    );
  });

  it("says who had to act: the hand that is expected, or what was done and must not have been needed", () => {
    const stuck: Run = { ...good, stall: null, healed: null, repairs: ["both power-cycled"] };
    const [[...cells] = []] = rows(report(Manager.Heartbeat, [killed], [stuck], []));
    assert.deepEqual(cells.slice(4), ["- / -", "0", "0", "1", "-", "**both power-cycled**"]);
    const [[...other] = []] = rows(
      report(Manager.Heartbeat, [disk], [{ ...stuck, fault: "disk fails" }], []),
    );
    assert.equal(other.at(-1), "a person: the disk");
  });

  it("names what cannot be made", () => {
    assert.match(report(Manager.Heartbeat, [], [], [["a thing", "a reason"]]), /^- a thing: a reason\.$/m);
  });

  it("takes the later of the two in the middle", () => {
    assert.equal(median([4, 1, 3, 2]), 3);
    assert.equal(median([5]), 5);
  });
});

describe("the faults", () => {
  it("have a name each, and a mode", () => {
    assert.equal(new Set(faults.map(({ name }) => name)).size, faults.length);
    for (const { name, modes } of faults) assert.ok(modes.length > 0, name);
    assert.ok(faults.length >= 30);
  });

  it("are found by a flag's expression, and a flag that is none is refused with the usage", () => {
    assert.ok(parseOptions(["--filter", "^active", "--mode", "device"]).filter.test("active killed"));
    assert.equal(parseOptions([]).stack, "faults");
    for (const args of [["--mode", "x"], ["--runs", "0"], ["--filter", "("], ["--nonsense"]])
      assert.throws(() => parseOptions(args), /usage: npm run test:faults/);
  });
});

describe("the runs there are", () => {
  const directory = mkdtempSync(join(tmpdir(), "ha-nfs-faults-"));
  const file = join(directory, "lab/faults.jsonl");
  after(() => rmSync(directory, { recursive: true }));

  it("outlive a harness that was killed while it wrote", () => {
    assert.deepEqual(readRuns(file), []);
    addRun(file, good);
    writeFileSync(file, `${readFileSync(file, "utf8")}{"fault":"act`);
    assert.deepEqual(readRuns(file), [good]);
    addRun(file, { ...good, mode: "neither" });
    assert.deepEqual(readRuns(file), [good, { ...good, mode: "neither" }]);
  });

  it("are dropped when they are to be made again", () => {
    dropRuns(file, ({ mode }) => mode === "device");
    assert.deepEqual(readRuns(file), [{ ...good, mode: "neither" }]);
  });
});
