import type { Figures, Work } from "./figures";

export type Role = "client" | "active" | "standby";

/** Where a job runs, by NFS from the client: beside DRBD, over it, over it without the standby. */
export const PLACES = {
  plain: "without DRBD",
  drbd: "over DRBD",
  alone: "over DRBD, standby off",
} as const;
export type Place = keyof typeof PLACES;

/** One run of a job. */
export interface Trial {
  round: number;
  place: Place;
  job: string;
  figures: Figures;
  work: Partial<Record<Role, Work>>;
  /** The mean number of processes that ran on the machine that the lab runs on, of the last minute. */
  load: number;
}

/** What a small write is made of, each alone; milliseconds. */
export const PIECES = {
  network: "round trip, client to the address",
  link: "round trip, master to master on the link",
  raw: "4 KiB and fsync on a partition, on the active master",
  peer: "the same on the standby",
  write: "4 KiB by O_DIRECT, without fsync, in ext4 on a partition",
  drbdWrite: "the same over DRBD",
  ext4: "4 KiB appended, and fsync, in ext4 on a partition",
  drbd: "the same over DRBD",
} as const;
export type PieceName = keyof typeof PIECES;

export interface Piece {
  round: number;
  piece: PieceName;
  p50: number;
  p99: number;
}

export interface Results {
  /** When it began, ISO 8601. */
  at: string;
  /** Commit of the code. */
  code: string;
  /** The machine that the lab runs on, and how loaded it was before: the mean number of processes that run. */
  host: { cpus: number; model: string; load: number };
  /** The processor that each guest is pinned to. */
  processors: Partial<Record<Role, number>>;
  /** What the active master and the client run. */
  versions: string;
  /** Seconds that each job ran. */
  seconds: number;
  trials: Trial[];
  pieces: Piece[];
}

/** The file: a line a trial, so that a diff shows what is new. */
export function textOf({ trials, pieces, ...about }: Results): string {
  const head = JSON.stringify(about, undefined, 2).replace(/\n\}$/, "");
  const lines = (all: readonly object[]) => all.map((each) => `    ${JSON.stringify(each)}`).join(",\n");
  return `${head},\n  "trials": [\n${lines(trials)}\n  ],\n  "pieces": [\n${lines(pieces)}\n  ]\n}\n`;
}
