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
    "Median of the runs, and the worst in parentheses. **Ratio**: over DRBD to without, median of the pairs, each of one round.",
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
disk, without DRBD, exported as the share is (\`sync\`). The two take turns. **Standby off** is the share while the standby has no
power: DRBD with one disk; these runs come after the others.

The machines are guests that share few processors and one real disk: the absolute figures are no hardware's. The standby's
work takes from what the active master has, here alone. The ratio of two columns is what counts.`;

const BOUNDS = `A small write that is fsync'ed is one at a time: NFS sends it and waits; nfsd writes it to the file and has it on the disk
before it answers; ext4 writes the block, then commits its journal, in which the file's new times are; the commit's last
block goes with a flush. DRBD sends each of these writes to the peer while it does them here, and a write is done when both
are: so each step in the row takes the longer of the local write, and of the link's round trip with the peer's write. The
flush of the commit is in both. Nothing is pipelined but by other processes' writes: those share a commit.`;

const EFFORT = `Per operation; **busy**: share of the time in which that machine's one processor was not idle. Writes and flushes are those that
reached the virtual disk.`;

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
      `- One write costs ${figure(piece("drbdWrite").p50)} ms over DRBD and ${figure(piece("write").p50)} ms without; the link's round trip with the peer's write and flush is ${figure(link + peer)} ms.`,
      `- DRBD adds ${figure(drbd - ext4)} ms to the fsync on the master; by NFS it adds ${figure(nfs("drbd") - nfs("plain"))} ms.`,
    ].join("\n"),
  ].join("\n\n");
}

/** What the machines do for an operation of the jobs that fsync. */
function effort(results: Results): string {
  const roles: Role[] = ["client", "active", "standby"];
  const rows = JOBS.filter(({ latency: kind }) => kind === "fsync").flatMap((job) =>
    places(results).map((place) => {
      const runs = of(results, place, job);
      const per = (role: Role, what: "writes" | "blocks" | "flushes") =>
        figure(
          median(
            runs.map(({ figures, work }) => {
              const operations = (figures.write?.perSecond ?? NaN) * results.seconds;
              return (work[role]?.[what] ?? NaN) / operations;
            }),
          ),
        );
      const busy = roles.map((role) => median(runs.map(({ work }) => work[role]?.busy ?? NaN)));
      return [
        ...[job.name, PLACES[place]],
        ...(["active", "standby"] as const).map(
          (role) => `${per(role, "writes")} / ${per(role, "blocks")} / ${per(role, "flushes")}`,
        ),
        busy.map((share) => (Number.isNaN(share) ? "-" : `${Math.round(share * 100)} %`)).join(", "),
      ];
    }),
  );
  const head = [
    "job",
    "",
    "active: writes / blocks / flushes",
    "standby: writes / blocks / flushes",
    "busy: client, active, standby",
  ];
  return table(head, rows);
}

function origin({ at, code, host, processors, versions, seconds, trials }: Results, file: string): string {
  const pinned = Object.entries(processors).map(([role, processor]) => `${role} on ${processor}`);
  const rounds = Math.max(...trials.map(({ round }) => round));
  return `n = ${rounds}, ${seconds} s a job; ${at.slice(0, 10)}, code ${code}; ${host.cpus} CPUs (${host.model}), load before ${host.load.toFixed(1)}${pinned.length === 0 ? "" : `, guests pinned: ${pinned.join(", ")}`}; ${versions}. All figures: [${file}](${file}).`;
}

/** Three digits or more. */
export const figure = (value: number): string =>
  Number.isFinite(value) ? (value >= 100 ? value.toFixed(0) : value.toPrecision(3)) : "-";
