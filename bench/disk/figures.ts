import { ascending, percentile } from "../../scripts/percentile";
import type { Job } from "./jobs";

/** What one kind of operation of a job came to. Latencies are milliseconds. */
export interface Series {
  /** Operations a second. */
  perSecond: number;
  mibPerSecond: number;
  p50?: number;
  p99?: number;
}

/** What the job did, by the direction in which its data went. */
export type Figures = Partial<Record<"read" | "write", Series>>;

interface FioLatency {
  percentile?: Record<string, number>;
}
interface FioSide {
  iops: number;
  bw_bytes: number;
  total_ios: number;
  clat_ns: FioLatency;
}
interface FioJob {
  error: number;
  read: FioSide;
  write: FioSide;
  sync: { lat_ns: FioLatency };
}

/**
 * What fio has printed with --output-format=json and --group_reporting.
 *
 * @throws Error when it is no such thing, or an operation has failed
 */
export function figures(json: string, latency: Job["latency"]): Figures {
  // warnings come before the object
  const { jobs } = JSON.parse(json.slice(json.indexOf("{"))) as { jobs: FioJob[] };
  const [job] = jobs;
  if (!job || job.error !== 0) throw new Error(`fio has failed: error ${job?.error ?? "without a job"}`);
  const result: Figures = {};
  for (const side of ["read", "write"] as const) {
    const { iops, bw_bytes, total_ios, clat_ns } = job[side];
    if (total_ios === 0) continue;
    const times = { fsync: job.sync.lat_ns, each: clat_ns, none: {} }[latency ?? "none"];
    result[side] = {
      perSecond: rounded(iops),
      mibPerSecond: rounded(bw_bytes / 2 ** 20),
      ...milliseconds(times),
    };
  }
  return result;
}

function milliseconds({ percentile: of }: FioLatency): Pick<Series, "p50" | "p99"> {
  const [p50, p99] = [of?.["50.000000"], of?.["99.000000"]];
  return p50 === undefined || p99 === undefined ? {} : { p50: rounded(p50 / 1e6), p99: rounded(p99 / 1e6) };
}

/** The round trips that ping(8) has printed, milliseconds. */
export function roundTrips(printed: string): { p50: number; p99: number } {
  const times = ascending([...printed.matchAll(/ time=([\d.]+) ms/g)].map(([, time]) => Number(time)));
  if (times.length === 0) throw new Error("ping has had no answer");
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** What a machine has done since it booted. */
export interface Counters {
  /** Of its processor, in ticks. */
  busy: number;
  all: number;
  /** Of its data disk: requests, the 4 KiB blocks in them, and how often it was told to keep all that it had. */
  writes: number;
  blocks: number;
  flushes: number;
}

/** What a machine has done during a job: `busy` is the share of its processor's time, 0 to 1. */
export interface Work {
  busy: number;
  /** Of its data disk: requests, the 4 KiB blocks in them, and how often it was told to keep all that it had. */
  writes: number;
  blocks: number;
  flushes: number;
}

/** The first line of /proc/stat, and maybe /sys/block/DISK/stat behind (Documentation/block/stat.rst). */
export function counters(printed: string): Counters {
  const [cpu = "", disk = ""] = printed.trim().split("\n");
  const ticks = cpu.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, each) => sum + each, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  const fields = disk.trim().split(/\s+/).map(Number);
  return {
    busy: all - idle,
    all,
    writes: fields[4] ?? 0,
    blocks: (fields[6] ?? 0) / 8,
    flushes: fields[15] ?? 0,
  };
}

export const work = (before: Counters, after: Counters): Work => ({
  busy: rounded((after.busy - before.busy) / Math.max(1, after.all - before.all)),
  writes: after.writes - before.writes,
  blocks: after.blocks - before.blocks,
  flushes: after.flushes - before.flushes,
});

export const median = (values: readonly number[]): number => {
  const sorted = ascending(values);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
};

export const rounded = (value: number): number => Math.round(value * 1000) / 1000;
