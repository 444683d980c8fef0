import assert from "node:assert/strict";
import { parseOptions } from "../../bench/failover/options";
import { picture } from "../../bench/failover/picture";
import { between, EMPTY, report } from "../../bench/failover/report";
import { type Measured, merge, type Run, runOf, textOf } from "../../bench/failover/results";
import { drilled, SETUPS } from "../../bench/failover/setups";
import { DRILLS } from "../../scripts/drillOptions";
import type { DrillReport } from "../../scripts/drillReport";

const run = (stallSeconds: number, more: Partial<Run> = {}): Run => ({
  from: "m1",
  to: "m2",
  stallSeconds,
  fresh: { stallSeconds: stallSeconds + 0.25 },
  phases: [
    { phase: "detection", begin: 0, end: 1 },
    { phase: "mount", begin: 2, end: 2.5 },
  ],
  acknowledged: 100,
  lost: 0,
  redundantAfterSeconds: 30,
  ...more,
});

const measured = (more: Partial<Measured>): Measured => ({
  setup: "heartbeat",
  about: "ours",
  drill: "kill-active",
  at: "2026-01-02T03:04:05.678Z",
  code: "abc1234",
  host: { cpus: 2, model: "some", load: 0.5 },
  wanted: 2,
  runs: [run(2), run(4)],
  ...more,
});

describe("the failover bench's options", () => {
  it("are all setups and drills, on a stack of its own, by default", () => {
    const { setups, drills, runs, results, stack } = parseOptions([]);
    assert.deepEqual([setups, drills, runs, stack], [SETUPS, DRILLS, null, "failover"]);
    assert.match(results, /docs\/performance\.json$/);
  });

  it("choose", () => {
    const args = ["--setups=pacemaker-tuned,keepalived", "--runs", "3", "--drills", "switchover", "-s", "x"];
    const { setups, drills, runs, stack } = parseOptions(args);
    assert.deepEqual(
      [setups.map(({ name }) => name), drills, runs, stack],
      [["pacemaker-tuned", "keepalived"], ["switchover"], 3, "x"],
    );
  });

  for (const args of [
    ["--setups", "none"],
    ["--drills", "kill"],
    ["--runs", "1.5"],
    ["--results", "x.md"],
    ["stray"],
  ])
    it(`refuse ${args.join(" ")}`, () => {
      assert.throws(() => parseOptions(args), /usage: npm run bench -- failover/);
    });
});

describe("the failover bench's results", () => {
  const others = [measured({}), measured({ drill: "switchover" }), measured({ setup: "keepalived" })];

  it("replace those of the same setup and drill, and no other's", () => {
    const fresh = measured({ drill: "switchover", code: "new", runs: [run(1)] });
    assert.deepEqual(merge(others, fresh), [others[0], fresh, others[2]]);
    assert.deepEqual(merge([], fresh), [fresh]);
    assert.deepEqual(merge(others, measured({ setup: "other" })).slice(0, 3), others);
  });

  it("stay where not one of the new runs has ended well", () => {
    const none = measured({ runs: [], failed: "timed out" });
    assert.deepEqual(merge(others, none), others);
    assert.deepEqual(merge([none], measured({ runs: [], failed: "again" }))[0]?.failed, "again");
  });

  it("are written a line a run, and read as they were", () => {
    const text = textOf([...others, measured({ runs: [], failed: "x" })]);
    assert.deepEqual(JSON.parse(text), [...others, measured({ runs: [], failed: "x" })]);
    assert.equal(text.match(/^ {4}\{"from".*\}\}?,?$/gm)?.length, 6);
    assert.deepEqual(JSON.parse(textOf([])), []);
  });

  it("keep of a drill's report the figures, in milliseconds, and no more", () => {
    const full: DrillReport = {
      ...{ drill: "kill-active", from: "m1", to: "m2", stallSeconds: 1.23456 },
      fresh: { stallSeconds: 2.00049, acknowledged: 20 },
      phases: [{ phase: "mount", begin: 1.00009, end: 1.5 }],
      timeline: [{ seconds: 1, what: "something" }],
      ...{ acknowledged: 100, missing: [7, 8], redundantAfterSeconds: null },
    };
    assert.deepEqual(runOf(full), {
      ...{ from: "m1", to: "m2", stallSeconds: 1.235, fresh: { stallSeconds: 2 } },
      phases: [{ phase: "mount", begin: 1, end: 1.5 }],
      ...{ acknowledged: 100, lost: 2, redundantAfterSeconds: null },
    });
  });

  it("are those that ended well where the drill has failed", () => {
    const printed = JSON.stringify({ runs: [], summary: {}, failed: "timed out" });
    assert.deepEqual(drilled({ status: 1, stdout: printed }), { runs: [], failed: "timed out" });
    assert.match(drilled({ status: null, stdout: "" }).failed ?? "", /ended with null/);
  });
});

describe("the failover bench's setups", () => {
  it("have a name each, and all drills", () => {
    assert.equal(new Set(SETUPS.map(({ name }) => name)).size, SETUPS.length);
    assert.deepEqual(
      SETUPS.map(({ runs }) => runs),
      [10, 10, 10, 5, 5, 5],
    );
    for (const { drills } of SETUPS) assert.deepEqual(Object.keys(drills), DRILLS);
  });
});

describe("the failover bench's document", () => {
  const results = [
    measured({}),
    measured({ setup: "stock", runs: [run(9, { phases: [], lost: 3 })], failed: "timed out\nmore" }),
    measured({ drill: "switchover" }),
  ];

  it("has a row a setup, with its runs, stalls and losses, under its drill", () => {
    const text = report(results, "performance.svg");
    assert.match(text, /## kill-active[^]*\| heartbeat \| 2 \| 2\.00 \| 4\.00 \| 4\.00 \| 2\.25 \|/);
    assert.match(text, /\| stock \| 1 \|.*\| \*\*3\*\* of 100 \| 30 \|/);
    assert.match(text, /## switchover/);
    assert.match(text, /!\[[^\]]+\]\(performance\.svg\)/);
  });

  it("has the phases of those that tell them, and why runs are missing", () => {
    const text = report(results, "p.svg");
    assert.match(text, /\| heartbeat \| 1\.00 \/ 1\.00 \| - \| - \| 0\.50 \/ 0\.50 \|/);
    assert.equal(text.match(/^\| stock \|/gm)?.length, 1);
    assert.match(text, /stock, kill-active: .*; \*\*1 without figures\*\*: timed out$/m);
  });

  it("replaces only what is between the markers", () => {
    const once = between(`before\n${EMPTY}after\n`, "first");
    const twice = between(once, "second");
    assert.match(twice, /^before\n[^]*begin -->\n\nsecond\n\n<!--[^]*after\n$/);
    assert.ok(!twice.includes("first"));
    assert.throws(() => between("nothing", "x"), /lacks/);
    assert.equal(report([], "x"), "Nothing has been run.");
  });
});

describe("the failover bench's picture", () => {
  const svg = picture([measured({}), measured({ drill: "switchover", runs: [run(0.5)] })]);

  it("has a bar a phase and a line a run and series, with the same scale", () => {
    assert.equal(svg.match(/<rect x="\d/g)?.length, 7 + 2 * 2);
    assert.equal(svg.match(/<line class="writer"/g)?.length, 3);
    assert.equal(svg.match(/<line class="fresh"/g)?.length, 3);
    assert.equal(
      new Set(svg.match(/<line class="faint" x1="[^"]*"/g)).size * 2,
      svg.match(/"faint"/g)?.length,
    );
  });

  it("shows a short stall beside one a hundred times as long", () => {
    const both = picture([measured({ runs: [run(1)] }), measured({ setup: "stock", runs: [run(100)] })]);
    const [short = 0, long = 0] = [...both.matchAll(/class="writer" x1="([^"]*)"/g)].map(([, x]) =>
      Number(x),
    );
    assert.ok(short > 190 + 40 && long < 900 - 150, `${short}, ${long}`);
    const marks = [...both.matchAll(/<text x="([^"]*)" [^>]*>[\d.]+ s</g)].map(([, x]) => Number(x));
    assert.ok(marks.length > 4 && marks.every((x, i) => i === 0 || x - (marks[i - 1] ?? 0) >= 34));
  });

  it("is within its own size, and there without results", () => {
    const numbers = [...svg.matchAll(/ (?:x|x1)="([^"]*)"/g)].map(([, number]) => Number(number));
    assert.ok(numbers.every((number) => number >= 0 && number <= 900));
    assert.ok(!svg.includes("NaN"));
    assert.ok(picture([measured({ runs: [] })]).endsWith("</svg>\n"));
  });
});
