import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { between, markers } from "../../bench/between";
import { counters, figures, median, roundTrips, work } from "../../bench/disk/figures";
import { gpt } from "../../bench/disk/gpt";
import { fio, JOBS, layOut, local } from "../../bench/disk/jobs";
import { parseOptions } from "../../bench/disk/options";
import { figure, report } from "../../bench/disk/report";
import { type Place, type Results, textOf, type Trial } from "../../bench/disk/results";

describe("the disk bench's options", () => {
  it("are three pairs of 10 s on a stack of its own by default", () => {
    const { pairs, seconds, results, stack, report: only } = parseOptions([]);
    assert.deepEqual([pairs, seconds, stack, only], [3, 10, "disk", false]);
    assert.match(results, /docs\/disk\.json$/);
  });

  for (const args of [["--pairs", "0"], ["--seconds", "1.5"], ["--results", "x.md"], ["stray"]])
    it(`refuse ${args.join(" ")}`, () => {
      assert.throws(() => parseOptions(args), /usage: npm run bench -- disk/);
    });
});

describe("the disk bench's jobs", () => {
  const job = (name: string) => JOBS.find((each) => each.name === name) ?? assert.fail(name);

  it("run in their directory, for their time, with a name each", () => {
    assert.equal(new Set(JOBS.map(({ name }) => name)).size, JOBS.length);
    for (const each of JOBS) {
      const command = fio(each, "/d", 7);
      assert.match(command, /fio --output-format=json .*--directory=\/d .*--runtime=7/);
      assert.equal(command.includes("--fsync=1"), each.latency === "fsync");
    }
  });

  it("append to a file that is not there, and read a file once", () => {
    assert.match(fio(job("append"), "/d", 1), /^rm -f \/d\/append\.\* && fio/);
    assert.ok(!fio(job("read"), "/d", 1).includes("--time_based"));
  });

  it("have their files written before, under the names and with the sizes that they use", () => {
    const commands = layOut("/d");
    assert.equal(commands.length, 4);
    assert.match(commands[1] ?? "", /--name=random-8 .*--numjobs=8 --rw=write .*--size=8M/);
    assert.match(commands[2] ?? "", /--filename=stream --size=256M/);
    assert.ok(commands.every((command) => !/randrw|fsync=1 --fsync/.test(command)));
    assert.match(
      local("/dev/x", "fsync", 5),
      /--bs=4k --filename=\/dev\/x --rw=randwrite --size=64M --fsync=1$/,
    );
  });
});

describe("the disk bench's figures", () => {
  const latency = (p50: number, p99: number) => ({ percentile: { "50.000000": p50, "99.000000": p99 } });
  const idle = { iops: 0, bw_bytes: 0, total_ios: 0, clat_ns: {} };
  const busy = { iops: 1234.5678, bw_bytes: 4 * 2 ** 20, total_ios: 5, clat_ns: latency(1e6, 2e6) };
  const printed = (more: object) =>
    `note: something\n${JSON.stringify({ jobs: [{ error: 0, read: idle, write: busy, sync: { lat_ns: latency(3e6, 4e6) }, ...more }] })}`;

  it("have the latency that counts, in milliseconds", () => {
    const rate = { perSecond: 1234.568, mibPerSecond: 4 };
    assert.deepEqual(figures(printed({}), "fsync"), { write: { ...rate, p50: 3, p99: 4 } });
    assert.deepEqual(figures(printed({ read: busy }), "each").read, { ...rate, p50: 1, p99: 2 });
    assert.deepEqual(figures(printed({}), undefined), { write: rate });
  });

  it("are none where fio has failed", () => {
    assert.throws(() => figures(printed({ error: 5 }), "each"), /error 5/);
    assert.throws(() => figures('{"jobs": []}', "each"), /without a job/);
  });

  it("are the round trips that ping prints", () => {
    const line = (ms: number) => `64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=${ms} ms\n`;
    assert.deepEqual(roundTrips([3, 1, 0.25, 2].map(line).join("")), { p50: 1, p99: 3 });
    assert.throws(() => roundTrips("0 received"), /no answer/);
  });

  it("are what a machine has done in between", () => {
    const before = counters("cpu  10 0 5 80 5 0 0 0 7 7\n 1 2 3 4 50 6 8 8 9 10 11 12 13 14 15 20 21\n");
    assert.deepEqual(before, { busy: 15, all: 100, writes: 50, blocks: 1, flushes: 20 });
    assert.deepEqual(work(before, { busy: 90, all: 200, writes: 60, blocks: 13, flushes: 25 }), {
      ...{ busy: 0.75, writes: 10, blocks: 12, flushes: 5 },
    });
    assert.deepEqual(counters("cpu 1 0 0 1 0 0 0 0"), { busy: 1, all: 2, writes: 0, blocks: 0, flushes: 0 });
  });

  it("have a median, and three digits", () => {
    assert.deepEqual([median([3, 1, 2]), median([4, 1]), median([])], [2, 2.5, NaN]);
    assert.deepEqual([1234.5, 12.34, 0.1, 5, 0.01234, 0, NaN].map(figure), [
      ...["1235", "12.3", "0.100", "5.00", "0.0123", "0.00", "-"],
    ]);
  });
});

describe("the disk bench's partitions", () => {
  const pieces = gpt(8, [
    { name: "one", sizeMiB: 4 },
    { name: "two", sizeMiB: 2 },
  ]);

  it("are in two tables with right checksums, at the disk's both ends", () => {
    const [front, back] = pieces.map(({ bytes }) => bytes);
    assert.ok(front && back);
    assert.deepEqual([pieces[0]?.offset, (pieces[1]?.offset ?? 0) + back.length], [0, 8 << 20]);
    for (const [header, entries] of [
      [Buffer.from(front.subarray(512, 1024)), front.subarray(1024)],
      [Buffer.from(back.subarray(-512)), back.subarray(0, -512)],
    ] as const) {
      const sum = header.readUInt32LE(16);
      header.writeUInt32LE(0, 16);
      assert.equal(sum, crc32(header.subarray(0, 92)));
      assert.equal(header.readUInt32LE(88), crc32(entries));
    }
    const entry = front.subarray(1024 + 128, 1024 + 256);
    assert.deepEqual([entry.readBigUInt64LE(32), entry.readBigUInt64LE(40)], [10240n, 14335n]);
    assert.match(entry.toString("utf16le", 56), /^two\0/);
  });

  it("fit", () => {
    assert.throws(() => gpt(8, [{ name: "x", sizeMiB: 7 }]), /too few/);
  });
});

describe("the disk bench's document", () => {
  const trial = (round: number, place: Place, perSecond: number): Trial => ({
    ...{ round, place, job: "append", load: 2 * round },
    figures: { write: { perSecond, mibPerSecond: perSecond / 256, p50: 1000 / perSecond, p99: 20 } },
    work: {
      client: { busy: 0.5, writes: 0, blocks: 0, flushes: 0 },
      active: { busy: 0.25, writes: 3000, blocks: 6000, flushes: 1000 },
    },
  });
  const piece = (name: Results["pieces"][number]["piece"], p50: number) => ({
    round: 1,
    piece: name,
    p50,
    p99: 9,
  });
  const results: Results = {
    ...{ at: "2026-01-02T03:04:05.678Z", code: "abc1234", seconds: 10, versions: "7.2, fio-3.39" },
    ...{ host: { cpus: 2, model: "some", load: 0.5 }, processors: { client: 0, active: 1, standby: 0 } },
    trials: [
      ...[trial(1, "drbd", 100), trial(1, "plain", 200), trial(2, "drbd", 120), trial(2, "plain", 160)],
    ],
    pieces: [
      piece("network", 1),
      piece("link", 1),
      piece("ext4", 2),
      piece("drbd", 5),
      piece("peer", 1.5),
      piece("write", 0.5),
      piece("drbdWrite", 2),
    ],
  };

  it("has a row a job with the median, the worst, and the ratio of the rounds", () => {
    const text = report(results, "disk.json");
    assert.match(
      text,
      /\| 4 KiB appended, fsync after each \| ops\/s \| 180 \(160\) \| 110 \(100\) \| 0\.625 \|/,
    );
    assert.match(
      text,
      /n = 2, 10 s a job; 2026-01-02, code abc1234; .*load before them 0\.5, meanwhile p50 3\.0 without DRBD, 3\.0 over DRBD; .*active on 1/,
    );
  });

  it("has the pieces, and what they leave", () => {
    const text = report(results, "disk.json");
    assert.match(
      text,
      /without DRBD: 5\.63 ms by NFS = 1\.00 network \+ 2\.00 ext4 on the master \+ 2\.63 the rest/,
    );
    assert.match(text, /DRBD adds 3\.00 ms to the fsync on the master/);
    assert.match(text, /after each \| over DRBD \| 2\.8 \/ 5\.5 \/ 0\.9 \| - \/ - \/ - \| 50 %, 25 %, - \|/);
    assert.equal(report({ ...results, trials: [] }, "x"), "Nothing has been run.");
  });

  it("is written a line a trial, and read as it was", () => {
    const text = textOf(results);
    assert.deepEqual(JSON.parse(text), results);
    assert.equal(text.match(/^ {4}\{"round".*\}\}?,?$/gm)?.length, 4 + 7);
  });

  it("leaves the other benches' parts alone", () => {
    const part = (bench: string) => `${markers(bench).join("\nold\n")}\n`;
    const text = between(part("failover") + part("disk"), "disk", "new");
    assert.ok(text.startsWith(part("failover")));
    assert.match(text, /bench disk: begin -->\n\nnew\n\n<!-- bench disk: end/);
    assert.throws(() => between(part("failover"), "disk", "new"), /lacks/);
  });
});
