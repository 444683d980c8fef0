/** What fio does. `about`: what it is, for the document. */
export interface Job {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly string[];
  readonly processes: number;
  /** Whose latency counts: of the fsync, in which NFS does the write, or of each read and write. Default: of nothing. */
  readonly latency?: "fsync" | "each";
  /** What must be there: files as large as it uses, or none, or nothing of them in memory. */
  readonly needs: "written" | "none" | "cold";
}

const small = ["--bs=4k", "--fsync=1"];
const stream = ["--filename=stream", "--bs=1M", "--size=256M"];

/** In the order in which they run: the reader reads what the writer before it has written. */
export const JOBS: readonly Job[] = [
  {
    name: "append",
    about: "4 KiB appended, fsync after each",
    flags: ["--rw=write", "--size=128M", "--fallocate=none", ...small],
    processes: 1,
    latency: "fsync",
    needs: "none",
  },
  {
    name: "random",
    about: "4 KiB at random, fsync after each",
    flags: ["--rw=randwrite", "--size=64M", ...small],
    processes: 1,
    latency: "fsync",
    needs: "written",
  },
  {
    name: "random-8",
    about: "the same by 8 processes, a file each",
    flags: ["--rw=randwrite", "--size=8M", ...small],
    processes: 8,
    latency: "fsync",
    needs: "written",
  },
  {
    name: "write",
    about: "1 MiB sequential write, one fsync at the end",
    flags: ["--rw=write", "--end_fsync=1", ...stream],
    processes: 1,
    needs: "written",
  },
  {
    name: "read",
    about: "1 MiB sequential read",
    flags: ["--rw=read", ...stream],
    processes: 1,
    needs: "cold",
  },
  {
    name: "mix",
    about: "4 KiB at random, O_DIRECT, 70 % reads, 4 processes",
    flags: ["--rw=randrw", "--rwmixread=70", "--bs=4k", "--direct=1", "--size=32M"],
    processes: 4,
    latency: "each",
    needs: "written",
  },
];

const common = ["--output-format=json", "--group_reporting", "--thread"];

/**
 * The command that runs a job in a directory for so many seconds. It goes over its file again and again, but for the
 * reader: what it has read once is in the client's memory.
 */
export function fio(job: Job, directory: string, seconds: number): string {
  const files = `${directory}/${job.name}.*`;
  return [
    ...(job.needs === "none" ? [`rm -f ${files} &&`] : []),
    ...["fio", ...common, `--name=${job.name}`, `--directory=${directory}`],
    ...[`--numjobs=${job.processes}`, `--runtime=${seconds}`],
    ...(job.needs === "cold" ? [] : ["--time_based"]),
    ...job.flags,
  ].join(" ");
}

/** The commands that write the files of the jobs that want them written: a first write would also allocate. */
export function layOut(directory: string): string[] {
  return JOBS.filter(({ needs }) => needs === "written").map(({ name, processes, flags }) => {
    const files = flags.filter((flag) => /^--(filename|size)=/.test(flag));
    return [
      ...["fio", ...common, `--name=${name}`, `--directory=${directory}`, `--numjobs=${processes}`],
      ...["--rw=write", "--bs=1M", "--end_fsync=1", ...files],
    ].join(" ");
  });
}

/** Size of the file, or of the device's start, that a machine's own disk is measured by. */
export const LOCAL_MIB = 64;

/** One process on the machine's own disk: what a job does, or 4 KiB at random past the memory, without an fsync. */
export type LocalKind = "append" | "fsync" | "direct";

/** A file or device that is written already, or, to append, the name of one that is not there. */
export function local(file: string, kind: LocalKind, seconds: number): string {
  const flags = {
    append: ["--rw=write", "--size=128M", "--fallocate=none", "--fsync=1"],
    fsync: ["--rw=randwrite", `--size=${LOCAL_MIB}M`, "--fsync=1"],
    direct: ["--rw=randwrite", `--size=${LOCAL_MIB}M`, "--direct=1"],
  }[kind];
  const name = kind === "append" ? `${file}.append` : file;
  const command = ["fio", ...common, "--name=local", "--time_based", `--runtime=${seconds}`, "--bs=4k"];
  return [...command, `--filename=${name}`, ...flags, ...(kind === "append" ? [`&& rm ${name}`] : [])].join(
    " ",
  );
}
