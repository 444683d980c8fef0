import { parseArgs } from "node:util";
import { orUsage } from "../../toolchain/process";

/** All workloads, in the order in which they run: one leaves what the next needs. */
export const WORKLOADS = [
  "create",
  "create-local",
  "rename",
  "edits",
  "edits-1s",
  "delete",
  "catch-up",
  "steady",
  "burst",
  "restart",
  "failover",
] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** All contenders, in the order in which they run when none is named. */
export const CONTENDERS = ["ours", "lsyncd-1", "lsyncd-15", "rsync"] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export const USAGE = `usage: npm run bench -- replication [--stack NAME] [flags]
  --scale F       multiplies the numbers of files and the duration; default 1
  --only A,B      workloads: ${WORKLOADS.join(", ")}; default all
  --against A,B   contenders, in their order, which may be named again: ${CONTENDERS.join(", ")}; default all
  --slaves N      sends to the first N slaves; default all
  --rate R        files a second of steady; default 300
  --repeat N      times that each workload runs; default 1
  --limit S       seconds that a contender has to converge; default 3600
  --clean         only removes what an interrupted run has left`;

export interface Options {
  scale: number;
  only: readonly WorkloadName[];
  against: readonly ContenderName[];
  slaves: number;
  rate: number;
  repeat: number;
  limit: number;
  clean: boolean;
}

/**
 * The command line.
 *
 * @throws UserError that says what is wrong with it
 */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  return orUsage(USAGE, () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        scale: text,
        only: text,
        against: text,
        slaves: text,
        rate: text,
        repeat: text,
        limit: text,
        clean: { type: "boolean" },
      },
    });
    const only = chosen("--only", values.only, WORKLOADS);
    return {
      scale: positive("--scale", values.scale, 1),
      only: WORKLOADS.filter((name) => only.includes(name)),
      against: chosen("--against", values.against, CONTENDERS),
      slaves: whole("--slaves", values.slaves, Infinity),
      rate: positive("--rate", values.rate, 300),
      repeat: whole("--repeat", values.repeat, 1),
      limit: positive("--limit", values.limit, 3600),
      clean: values.clean ?? false,
    };
  });
}

function positive(flag: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value);
  if (!(number > 0)) throw new Error(`${flag} must be more than 0, not ${value}`);
  return number;
}

export function whole(flag: string, value: string | undefined, otherwise: number): number {
  const number = positive(flag, value, otherwise);
  if (value !== undefined && !Number.isInteger(number))
    throw new Error(`${flag} must be a whole number, not ${value}`);
  return number;
}

/** The ones that are named in a list with commas. */
export function chosen<T extends string>(
  flag: string,
  list: string | undefined,
  all: readonly T[],
): readonly T[] {
  return list === undefined
    ? all
    : list.split(",").map((name) => {
        const found = all.find((one) => one === name);
        if (found === undefined) throw new Error(`${flag}: no ${name}; there is: ${all.join(", ")}`);
        return found;
      });
}

/** A set of files: groups of directories of files, each of `size` bytes. */
export interface FileSet {
  directory: string;
  groups: number;
  /** In a group. */
  dirs: number;
  /** In a directory. */
  files: number;
  size: number;
}

/** How much each workload does. */
export interface Sizes {
  /** For create, rename (its first group, a fifth), edits, delete and catch-up. */
  files: FileSet;
  steady: FileSet;
  burst: FileSet;
  /** For restart and failover. */
  tree: FileSet;
  /** Files a second, of steady. */
  rate: number;
  /** Events that the watchers' queue may hold during burst. */
  queue: number;
  changes: number;
}

/**
 * The sizes at a scale; at 1 those of the issue: 100 000 files, 20 000 to rename, 3 minutes, a tree of 300 000.
 *
 * @param rate files a second, of steady
 */
export function sizes(scale: number, rate: number): Sizes {
  const scaled = (number: number, least: number) => Math.max(least, Math.round(number * scale));
  const flat = (directory: string, files: number, size: number): FileSet => ({
    directory,
    groups: 1,
    dirs: Math.ceil(files / 100),
    files: 100,
    size,
  });
  const queue = scaled(16_384, 256);
  return {
    files: { directory: "files", groups: 5, dirs: scaled(200, 1), files: 100, size: 4096 },
    steady: flat("steady", rate * scaled(180, 10), 20_000),
    burst: flat("burst", queue * 1.25, 100),
    tree: { directory: "tree", groups: 1, dirs: scaled(1000, 10), files: 300, size: 200 },
    rate,
    queue,
    changes: 100,
  };
}

export const count = ({ groups, dirs, files }: FileSet): number => groups * dirs * files;
