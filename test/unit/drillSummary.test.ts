import assert from "node:assert/strict";
import { parseOptions } from "../../scripts/drillOptions";
import { type DrillFigures, spread, summarize, summaryText } from "../../scripts/drillSummary";

const run = (stallSeconds: number, more: Partial<DrillFigures> = {}): DrillFigures => ({
  stallSeconds,
  fresh: { stallSeconds: stallSeconds + 1 },
  phases: [{ phase: "mount", begin: 2, end: 2.5 }],
  acknowledged: 100,
  lost: 0,
  redundantAfterSeconds: 30,
  ...more,
});

describe("the summary of drills", () => {
  it("takes percentiles by nearest rank, so p95 of few runs is the worst", () => {
    assert.deepEqual(spread([3, 1, 2]), { n: 3, p50: 2, p95: 3, worst: 3 });
    const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
    assert.deepEqual(spread(twenty), { n: 20, p50: 10, p95: 19, worst: 20 });
    assert.equal(spread([]), null);
  });

  it("sums up both series, each phase that was told, and what was lost", () => {
    const runs = [run(2), run(3, { phases: [], lost: 2 }), run(9, { redundantAfterSeconds: null })];
    const s = summarize("kill-active", runs);
    assert.deepEqual([s.runs, s.acknowledged, s.lost], [3, 300, 2]);
    assert.deepEqual([s.writer?.p50, s.fresh?.worst], [3, 10]);
    assert.deepEqual([s.phases.mount?.n, s.phases.mount?.p50, s.phases.nfsd], [2, 0.5, null]);
    assert.equal(s.redundantAfter?.n, 2);
  });

  it("says how its percentiles are made", () => {
    const text = summaryText(summarize("switchover", [run(2.25)]));
    assert.match(text, /^stall, writer on an open file +1 +2\.25 +2\.25 +2\.25$/m);
    assert.match(text, /^ {2}nfsd +-$/m);
    assert.match(
      text,
      /lost: 0 of 100; percentiles are by nearest rank: p95 of fewer than 20 runs is the worst/,
    );
  });
});

describe("the drill's options", () => {
  it("are one drill without a summary by default", () => {
    assert.deepEqual(parseOptions(["kill-active"]), {
      drill: "kill-active",
      runs: null,
      json: false,
      html: null,
    });
    assert.equal(parseOptions(["--runs", "10", "switchover", "--json"]).runs, 10);
  });

  for (const args of [
    [],
    ["kill"],
    ["kill-active", "more"],
    ["kill-active", "--runs", "0"],
    ["--nonsense"],
  ]) {
    it(`refuse ${args.join(" ") || "nothing"}`, () => {
      assert.throws(() => parseOptions(args), /usage: npm run drill/);
    });
  }
});
