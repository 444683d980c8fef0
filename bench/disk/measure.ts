import { loadavg } from "node:os";
import { notice } from "../../toolchain/process";
import { figures, rounded, roundTrips, work } from "./figures";
import { fio, type Job, JOBS, layOut, local, type LocalKind } from "./jobs";
import type { Piece, PieceName, Place, Role, Trial } from "./results";
import type { Stage } from "./stage";
import { RAW } from "./stack";

/** Seconds of fio's own beside those of the job. */
const SPARE = 120;

const directory = (stage: Stage, place: Place) => (place === "plain" ? stage.plain : stage.shared);

/** Writes the files of all jobs in a place, and runs each for some seconds: what is done first is slower. */
export async function warmUp(stage: Stage, place: Place, seconds: number): Promise<void> {
  notice(`${place}: warming up`);
  for (const command of layOut(directory(stage, place))) await stage.on("client", command, SPARE);
  for (const job of JOBS) await stage.on("client", fio(job, directory(stage, place), seconds), SPARE);
}

/** All jobs in one place, one after the other. */
export async function trials(stage: Stage, round: number, place: Place, seconds: number): Promise<Trial[]> {
  const done: Trial[] = [];
  for (const job of JOBS) {
    done.push({ round, place, job: job.name, ...(await trial(stage, place, job, seconds)) });
    const { write, read } = done.at(-1)?.figures ?? {};
    const side = write ?? read;
    notice(`${round} ${place} ${job.name}: ${side?.perSecond}/s, ${side?.p50 ?? "-"} ms`);
  }
  return done;
}

async function trial(
  stage: Stage,
  place: Place,
  job: Job,
  seconds: number,
): Promise<Pick<Trial, "figures" | "work" | "load">> {
  if (job.needs === "cold") await stage.cold();
  const roles: Role[] = place === "alone" ? ["client", "active"] : ["client", "active", "standby"];
  const count = () => Promise.all(roles.map((role) => stage.counters(role)));
  const before = await count();
  const printed = await stage.on("client", fio(job, directory(stage, place), seconds), seconds + SPARE);
  const after = await count();
  const done = roles.map((role, i) => {
    const [first, last] = [before[i], after[i]];
    if (!first || !last) throw new Error(`no counters of ${role}`);
    return [role, work(first, last)] as const;
  });
  const load = rounded(loadavg()[0] ?? NaN);
  return { figures: figures(printed, job.latency), work: Object.fromEntries(done), load };
}

/** What a small write is made of, each alone. */
export async function pieces(stage: Stage, round: number, seconds: number): Promise<Piece[]> {
  const on = async (role: "active" | "standby", file: string, kind: LocalKind) => {
    const printed = await stage.on(role, local(file, kind, seconds), seconds + SPARE);
    const { write } = figures(printed, kind === "direct" ? "each" : "fsync");
    return { p50: write?.p50 ?? NaN, p99: write?.p99 ?? NaN };
  };
  const measured: [PieceName, { p50: number; p99: number }][] = [
    ["network", roundTrips(await stage.ping("client"))],
    ["link", roundTrips(await stage.ping("active"))],
    ["raw", await on("active", RAW, "fsync")],
    ["peer", await on("standby", RAW, "fsync")],
    ["write", await on("active", stage.localPlain, "direct")],
    ["drbdWrite", await on("active", stage.localShared, "direct")],
    ["ext4", await on("active", stage.localPlain, "append")],
    ["drbd", await on("active", stage.localShared, "append")],
  ];
  return measured.map(([piece, times]) => {
    notice(`${round} ${piece}: ${times.p50} ms`);
    return { round, piece, ...times };
  });
}
