import { table } from "../between";
import { median, type Series } from "./figures";
import { type Job, JOBS } from "./jobs";
import { type PieceName, PIECES, type Place, PLACES, type Results, type Role, type Trial } from "./results";

type Side = "read" | "write";
type Runs = readonly Trial[];

/** What the figures say, as Markdown; `file` is where they all are, beside the document. */
export function report(results: Results, file: string): string {
  if (results.trials.length === 0) return "Nothing has been run.";
  return [
    "## What DRBD costs",
    INTRODUCTION,
    throughput(results),
    "Median of the runs, and the worst in parentheses. **Ratio**: over DRBD to without, of the runs of one round; its median.",
    "### Latency, ms",
    latency(results),
    "p50 / p99 of fio in the median run, and p99 in the worst. Of the fsync where there is one: NFS writes then.",
    "### What bounds the small writes",
    BOUNDS,
    breakdown(results),
    effort(results),
    EFFORT,
    origin(results, file),
  ].join("\n\n");
}

const INTRODUCTION = `fio on the client, over two NFS mounts with the same options, of the same nfsd on the active master. One is the share: ext4 on
DRBD, protocol C. The other is ext4, made and mounted with the same options, on a partition as large, of the same virtual
disk, without DRBD, exported as the share is (\`sync\`). The two take turns; each job has run once before, for some seconds.
**Standby off** is the share while the standby has no power: DRBD with one disk; these runs come after the others.

The machines are guests that share few processors and one real disk: the absolute figures are no hardware's. The ratio of two
columns is what counts, and it is no hardware's either: the standby's work takes from what the others have. What else that
machine did meanwhile (its load is below) is in all columns, and in the tails most. The mix's reads are from the server's memory,
the sequential ones from its disk.`;

const BOUNDS = `A small write that is fsync'ed goes step by step. NFS sends it and waits; nfsd has it on the disk before it answers, by requests
of ext4's, each after the one before: the data, the journal's blocks (the file has a new time at least), and the block that
commits them, with a flush before it and one behind. Over DRBD each of these is done when both disks have done it, and the
peer's has a round trip on the link and DRBD's threads on both machines before it. So the network of NFS counts once, and what
DRBD adds to a write, as often as there are requests in a row. Those who write at once share commits: so 8 processes lose
less than one. A long sequential write waits at its end alone. A read does not leave the active master.`;

const EFFORT = `Per operation: requests to the virtual disk that write, 4 KiB blocks in them, and flushes. **Busy**: share of the time in which
that machine's one processor was not idle. The standby flushes more: DRBD has it do so at the end of each epoch of writes
(drbd.conf(5), \`disk-flushes\`). Here a flush costs next to nothing, for the disks are files in the memory of the machine that
the lab runs on: without DRBD a write waits for little but NFS. A real disk's flush makes both columns slower; the lab does
not show which of them more.`;

const of = ({ trials }: Results, place: Place, job: Job): Runs =>
  trials.filter((each) => each.place === place && each.job === job.name);

/** The directions in which a job's data goes, by what it has done. */
const sides = (results: Results, job: Job): Side[] =>
  (["read", "write"] as const).filter((side) =>
    results.trials.some(({ job: name, figures }) => name === job.name && figures[side]),
  );

const places = ({ trials }: Results): Place[] =>
  (Object.keys(PLACES) as Place[]).filter((place) => trials.some((each) => each.place === place));

const series = (runs: Runs, side: Side): Series[] => runs.flatMap(({ figures }) => figures[side] ?? []);

function eachSide(
  results: Results,
  jobs: readonly Job[],
  row: (job: Job, side: Side) => string[],
): string[][] {
  return jobs.flatMap((job) => {
    const all = sides(results, job);
    return all.map((side) => [`${job.about}${all.length > 1 ? `: ${side}s` : ""}`, ...row(job, side)]);
  });
}

function throughput(results: Results): string {
  const unit = (job: Job): keyof Series => (job.latency ? "perSecond" : "mibPerSecond");
  const rows = eachSide(results, JOBS, (job, side) => [
    job.latency ? "ops/s" : "MiB/s",
    ...places(results).map((place) => {
      const values = series(of(results, place, job), side).map((each) => each[unit(job)] ?? NaN);
      return values.length === 0 ? "-" : `${figure(median(values))} (${figure(Math.min(...values))})`;
    }),
    figure(median(ratios(results, job, side, unit(job)))),
  ]);
  return table(["job", "", ...places(results).map((place) => PLACES[place]), "ratio"], rows);
}

/** Over DRBD to without, of each round. */
function ratios(results: Results, job: Job, side: Side, what: keyof Series): number[] {
  return of(results, "drbd", job).flatMap(({ round, figures }) => {
    const other = of(results, "plain", job).find((each) => each.round === round);
    const [over, without] = [figures[side]?.[what], other?.figures[side]?.[what]];
    return over === undefined || without === undefined ? [] : [over / without];
  });
}

function latency(results: Results): string {
  const rows = eachSide(
    results,
    JOBS.filter((job) => job.latency),
    (job, side) =>
      places(results).map((place) => {
        const all = series(of(results, place, job), side);
        const middle = (what: "p50" | "p99") => median(all.map((each) => each[what] ?? NaN));
        const worst = Math.max(...all.map(({ p99 = NaN }) => p99));
        return all.length === 0
          ? "-"
          : `${figure(middle("p50"))} / ${figure(middle("p99"))}, ${figure(worst)}`;
      }),
  );
  return table(["job", ...places(results).map((place) => PLACES[place])], rows);
}

/** The pieces, and what of the write by NFS they leave. */
function breakdown(results: Results): string {
  const piece = (name: PieceName) => {
    const all = results.pieces.filter((each) => each.piece === name);
    return { p50: median(all.map(({ p50 }) => p50)), worst: Math.max(...all.map(({ p99 }) => p99)) };
  };
  const job = JOBS.find(({ name }) => name === "append");
  const nfs = (place: Place) =>
    job ? median(series(of(results, place, job), "write").map(({ p50 = NaN }) => p50)) : NaN;
  const names = Object.keys(PIECES) as PieceName[];
  const [network, link, peer] = [piece("network").p50, piece("link").p50, piece("peer").p50];
  const steps = perOperation(results, "drbd", "append", "active", "writes");
  const [ext4, drbd] = [piece("ext4").p50, piece("drbd").p50];
  const rows = names.map((name) => [PIECES[name], figure(piece(name).p50), figure(piece(name).worst)]);
  const sum = (place: Place, local: number) =>
    `- ${PLACES[place]}: ${figure(nfs(place))} ms by NFS = ${figure(network)} network + ${figure(local)} ext4 on the master + ${figure(nfs(place) - network - local)} the rest, which is the client, nfsd and the hand-overs between them.`;
  return [
    table(["alone, ms", "p50", "worst p99"], rows),
    "4 KiB appended with fsync, p50:",
    [
      sum("plain", ext4),
      sum("drbd", drbd),
      `- DRBD adds ${figure(drbd - ext4)} ms to the fsync on the master. One write takes ${figure(piece("drbdWrite").p50)} ms over it, ${figure(piece("write").p50)} without; ${figure(steps)} in a row make ${figure(steps * (piece("drbdWrite").p50 - piece("write").p50))}. Of each, the link's round trip, and the peer's write with its flush, are ${figure(link + peer)} ms; the rest is DRBD's threads.`,
    ].join("\n"),
  ].join("\n\n");
}

function perOperation(
  results: Results,
  place: Place,
  name: string,
  role: Role,
  what: "writes" | "blocks" | "flushes",
): number {
  const runs = results.trials.filter((each) => each.place === place && each.job === name);
  return median(
    runs.map(({ figures, work }) => {
      const operations = (figures.write?.perSecond ?? NaN) * results.seconds;
      return (work[role]?.[what] ?? NaN) / operations;
    }),
  );
}

/** What the machines do for an operation of the jobs that fsync. */
function effort(results: Results): string {
  const roles: Role[] = ["client", "active", "standby"];
  const rows = JOBS.filter(({ latency: kind }) => kind === "fsync").flatMap((job) =>
    places(results).map((place) => {
      const counts = (["active", "standby"] as const).map((role) =>
        (["writes", "blocks", "flushes"] as const)
          .map((what) => perOperation(results, place, job.name, role, what))
          .map((count) => (Number.isNaN(count) ? "-" : count.toFixed(1)))
          .join(" / "),
      );
      const runs = of(results, place, job);
      const busy = roles.map((role) => median(runs.map(({ work }) => work[role]?.busy ?? NaN)));
      const shares = busy.map((share) => (Number.isNaN(share) ? "-" : `${Math.round(share * 100)} %`));
      return [job.about, PLACES[place], ...counts, shares.join(", ")];
    }),
  );
  const counts = (role: Role) => `${role}: writes / blocks / flushes`;
  return table(["job", "", counts("active"), counts("standby"), "busy: client, active, standby"], rows);
}

function origin({ at, code, host, processors, versions, seconds, trials }: Results, file: string): string {
  const pinned = Object.entries(processors).map(([role, processor]) => `${role} on ${processor}`);
  const load = (place: Place) => {
    const loads = trials.filter((each) => each.place === place).map((each) => each.load);
    return loads.length === 0 ? [] : [`${median(loads).toFixed(1)} ${PLACES[place]}`];
  };
  const loads = (Object.keys(PLACES) as Place[]).flatMap(load).join(", ");
  const rounds = Math.max(...trials.map(({ round }) => round));
  return `n = ${rounds}, ${seconds} s a job; ${at.slice(0, 10)}, code ${code}; ${host.cpus} CPUs (${host.model}), load before them ${host.load.toFixed(1)}, meanwhile p50 ${loads}${pinned.length === 0 ? "" : `; guests pinned: ${pinned.join(", ")}`}; ${versions}. All figures: [${file}](${file}).`;
}

/** Three digits or more. */
export const figure = (value: number): string =>
  Number.isFinite(value) ? (value >= 100 ? value.toFixed(0) : value.toPrecision(3)) : "-";
