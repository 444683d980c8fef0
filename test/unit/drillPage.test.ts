import assert from "node:assert/strict";
import { drillPage } from "../../scripts/drillPage";
import type { Drill } from "../../scripts/drillReport";
import { figures, summarize } from "../../scripts/drillSummary";

const drill = (stall: number, timeline: Drill["report"]["timeline"] = []): Drill => ({
  report: {
    drill: "switchover",
    from: "m1",
    to: "m2<b>",
    stallSeconds: stall,
    fresh: { stallSeconds: stall + 0.5, acknowledged: 3 },
    phases: [
      { phase: "detection", begin: 0, end: 1.5 },
      { phase: "client", begin: 1.5, end: 1.5 },
    ],
    timeline,
    acknowledged: 4,
    missing: [],
    redundantAfterSeconds: 12,
  },
  writer: { acknowledged: [-5, -0.02, stall, stall + 0.02], gap: { begin: -0.02, end: stall } },
  fresh: { acknowledged: [-0.1, stall + 0.4, stall + 9], gap: { begin: -0.1, end: stall + 0.4 } },
});

const page = (...drills: Drill[]) =>
  drillPage(
    drills,
    summarize(
      "switchover",
      drills.map(({ report }) => figures(report)),
    ),
  );

describe("the drill's page", () => {
  const stopped = drill(4, [
    { seconds: 0.25, what: "m1 service: stop begin" },
    { seconds: 1, what: "m1 service: stop end" },
  ]);
  const html = page(drill(2), stopped);

  it("needs nothing from the network, and no script", () => {
    assert.doesNotMatch(html, /https?:|<script|<link|@import|url\(/);
    assert.match(html, /prefers-color-scheme: dark/);
  });

  it("has a picture a run, with a bar a phase, and one for the stop of the old master", () => {
    assert.equal(html.match(/<svg /g)?.length, 2);
    assert.equal(html.match(/<rect [^>]*fill="#/g)?.length, 5);
    assert.match(html, />the service's stop: 0\.75 s, from 0\.25 s to 1\.00 s/);
    assert.match(html, /detection 1\.50 s/);
  });

  it("shows both series' gaps with their times, and the ticks around them alone", () => {
    assert.equal(html.match(/class="gap"/g)?.length, 4);
    assert.match(html, />2\.02 s<\/text>/);
    assert.match(html, />2\.50 s<\/text>/);
    const [first = ""] = html.match(/ d="[^"]*"/) ?? [];
    assert.equal(first.match(/M/g)?.length, 3);
  });

  it("keeps all within the picture, each run with the same scale", () => {
    const numbers = [...html.matchAll(/ (?:x|x1|x2)="([^"]*)"/g)].map(([, number]) => Number(number));
    assert.ok(numbers.every((number) => number >= 0 && number <= 960));
    assert.ok(!html.includes("NaN"));
    const [one, other] = html.split("<h2>").slice(1);
    assert.deepEqual(one?.match(/<line [^>]*>/g), other?.match(/<line [^>]*>/g));
  });

  it("takes names for text", () => {
    assert.ok(!html.includes("<b>"));
    assert.match(html, /m2&lt;b>/);
  });

  it("is a page without any run too", () => {
    assert.match(page(), /<\/html>\n$/);
  });
});
