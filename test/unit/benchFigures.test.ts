import assert from "node:assert/strict";
import {
  lagOf,
  lags,
  type Outcome,
  overTime,
  parseAcks,
  parseChangeTimes,
  parseDifferences,
  summarize,
} from "../../bench/replication/figures";
import { percentile } from "../../scripts/percentile";
import { parseSlave, parseUnit, usage } from "../../bench/replication/meter";
import { picture } from "../../bench/replication/picture";
import { table } from "../../bench/replication/table";

const outcome = (more: Partial<Outcome>): Outcome => ({
  contender: "ours",
  workload: "create",
  files: 1000,
  seconds: 10,
  secondsBehind: 0.5,
  filesPerSecond: 100,
  writtenPerSecond: 105,
  ...more,
});

describe("the bench's figures", () => {
  it("takes percentiles by nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    assert.deepEqual(
      [0, 0.5, 0.99, 1].map((p) => percentile(hundred, p)),
      [1, 50, 99, 100],
    );
    assert.equal(percentile([7], 0.99), 7);
    assert.ok(Number.isNaN(percentile([], 0.5)));
    assert.deepEqual(lagOf([3, 1, 2]), { n: 3, p50: 2, p99: 3, max: 3 });
  });

  it("reads acknowledgements, the last of each path, whatever is in the path", () => {
    const acks = parseAcks("a\n b\x001.5\0c\x002\0a\n b\x003.25\0");
    assert.deepEqual(
      [...acks],
      [
        ["a\n b", 3.25],
        ["c", 2],
      ],
    );
    assert.equal(parseAcks("").size, 0);
    assert.equal(parseChangeTimes("\x0010\0a\x0012.5\0").newest, 12.5);
  });

  it("subtracts the clocks, leaves out what did not arrive, and is in order of time", () => {
    const found = lags(
      new Map([
        ["a", 12],
        ["b", 10],
        ["gone", 11],
      ]),
      new Map([
        ["a", 18],
        ["b", 15.5],
      ]),
      5,
    );
    assert.deepEqual(found, [
      { at: 10, lag: 0.5 },
      { at: 12, lag: 1 },
    ]);
    assert.deepEqual(overTime(found), [
      { second: 0, p50: 0.5, max: 0.5 },
      { second: 2, p50: 1, max: 1 },
    ]);
    assert.deepEqual(overTime([]), []);
  });

  it("tells directory times from other differences", () => {
    const { paths, directoryTimes, examples } = parseDifferences(
      ".d..t...... files/\n>fc........ files/a\n*deleting   b\n.d...p..... c/\n",
    );
    assert.deepEqual([paths, directoryTimes], [3, 1]);
    assert.equal(examples[0], ">fc........ files/a");
    assert.deepEqual(parseDifferences(""), { paths: 0, directoryTimes: 0, examples: [] });
  });

  it("sums up repeated runs by median and worst, without those that failed", () => {
    const runs = [4, 2, 9].map((seconds) => outcome({ seconds, filesPerSecond: 100 / seconds }));
    const [summary, ...rest] = summarize([...runs, outcome({ seconds: null })]);
    assert.equal(rest.length, 0);
    assert.equal(summary?.n, 3);
    assert.deepEqual(summary?.seconds, { median: 4, worst: 9 });
    assert.deepEqual(summary?.filesPerSecond, { median: 25, worst: 100 / 9 });
    assert.equal(summary?.lagP99, undefined);
  });
});

describe("the bench's meter", () => {
  it("reads systemd's properties, and nothing from those that are not set", () => {
    const unit = parseUnit("InvocationID=ab\nCPUUsageNSec=1500000000\nMemoryPeak=1048576\n");
    assert.deepEqual(unit, { invocation: "ab", masterCpu: 1.5, memoryPeak: 1048576 });
    const none = parseUnit("InvocationID=\nCPUUsageNSec=[not set]\nMemoryPeak=18446744073709551615\n");
    assert.deepEqual(none, { invocation: "", masterCpu: 0, memoryPeak: 0 });
  });

  it("counts a processor's busy time", () => {
    assert.deepEqual(parseSlave("cpu  100 10 200 5000 300 20 30 0 0 0\n12345\n"), { cpu: 3.6, bytes: 12345 });
  });

  it("begins at 0 for a contender that was started meanwhile", () => {
    const from = { invocation: "a", masterCpu: 5, memoryPeak: 0, slavesCpu: 1, bytes: 10 };
    const to = { invocation: "a", masterCpu: 7, memoryPeak: 2 ** 20, slavesCpu: 4, bytes: 30 };
    assert.deepEqual(usage(from, to), { masterCpuSeconds: 2, slavesCpuSeconds: 3, bytes: 20, peakMiB: 1 });
    assert.equal(usage(from, { ...to, invocation: "b" }).masterCpuSeconds, 7);
  });
});

describe("the bench's output", () => {
  it("has a row an outcome, one workload's together, and the reason where one failed", () => {
    const text = table([
      outcome({}),
      outcome({ workload: "delete" }),
      outcome({ contender: "lsyncd-1", failed: "not converged after 60 s" }),
    ]);
    const lines = text.trimEnd().split("\n");
    assert.equal(lines.length, 4);
    assert.match(lines[1] ?? "", /^create +ours +1000 +100\.0 /);
    assert.match(lines[2] ?? "", /^create +lsyncd-1 +not converged after 60 s$/);
    assert.match(lines[3] ?? "", /^delete /);
  });

  it("draws a panel a workload and two lines a contender, all within the picture", () => {
    const lagOverTime = [
      { second: 0, p50: 0, max: 0.5 },
      { second: 9, p50: 2, max: 130 },
    ];
    const svg = picture([
      outcome({ lagOverTime }),
      outcome({ contender: "lsyncd-1", lagOverTime }),
      outcome({}),
    ]);
    assert.match(svg, /^<svg [^>]*width="900" height="260"/);
    assert.equal(svg.match(/<polyline/g)?.length, 4);
    const numbers = [...svg.matchAll(/points="([^"]*)"/g)].flatMap(([, points = ""]) =>
      points.split(/[ ,]/).map(Number),
    );
    assert.ok(numbers.every((number) => number >= 0 && number <= 900));
    assert.ok(!svg.includes("NaN"));
    assert.ok(picture([]).endsWith("</svg>\n"));
  });
});
