import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { ShareOutput } from "../../components/nfsCluster";
import { quote } from "../../components/render/shell";
import { REPLICA } from "../../components/render/replica";
import { notice } from "../../toolchain/process";
import type { Cluster, Machine } from "./cluster";
import type { Contender } from "./contenders";
import { type Differences, parseDifferences } from "./figures";
import { count, type FileSet, type Sizes } from "./options";
import { COPY, MOUNT, RUN, SSH_CONFIG, WORK, WRITER_UNIT } from "./places";

const PROGRAM = readFileSync(path.join(__dirname, "client.pl"), "utf8");
const ACKS = `${RUN}/acks`;
/** Inodes by which a slave may differ before it is worth comparing: both sides make a few for themselves. */
const NEAR = 16;
const COMPARE_LIMIT = 3600;

/** What is in the bench's directory: nothing, `Sizes.files`, or `Sizes.tree`. */
export type Content = "empty" | "files" | "tree";

/** One run of client.pl; times are seconds on the clock of the machine that ran it. */
export interface Written {
  machine: Machine;
  /** The name of the file that was made last. */
  token: string;
  began: number;
  ended: number;
}

/** The bench's directory, one contender that copies it, and who writes to it. */
export class Stage {
  /** By how many inodes a slave's file system holds more than the volume, when both have the same of ours. */
  private readonly more = new Map<string, number>();
  private content: Content | undefined;

  constructor(
    readonly cluster: Cluster,
    readonly share: ShareOutput,
    readonly sizes: Sizes,
    readonly contender: Contender,
    /** Seconds that the contender has to converge. */
    readonly limit: number,
  ) {}

  get work(): string {
    return `${this.share.path}/${WORK}`;
  }

  /** Makes the content what a workload needs, and the contender fresh, running, and done with it. */
  async prepare(needs: Content): Promise<void> {
    await this.contender.stop();
    if (this.content !== needs) {
      await this.empty();
      this.more.clear();
      await this.ready();
      await this.emptied();
      await this.learnInodes();
      this.content = needs;
      if (needs === "empty") return;
      await this.contender.stop();
      await this.build(this.sizes[needs]);
    }
    await this.ready();
  }

  /** Starts the contender, and waits until it has done what there is to do. */
  private async ready(): Promise<void> {
    notice(`starting ${this.contender.name}`);
    await this.contender.start();
    const { token } = await this.write(this.cluster.active, "mark");
    const atRest = async () => (await this.contender.atRest()) || undefined;
    if (!(await this.arrived(token)) || !(await this.cluster.until(this.limit, atRest, 3)))
      throw new Error(`not ready ${this.limit} s after its start`);
  }

  /** The content is not what it was. */
  leave(content: Content | undefined): void {
    this.content = content;
  }

  /** Waits until all copies are as empty as the bench's directory: what was made last may arrive before that. */
  private async emptied(): Promise<void> {
    const { cluster, contender, work } = this;
    const probe = async () => {
      const wanted = await cluster.run(cluster.active, `find ${quote(work)} | wc -l`);
      const found = await cluster.all(cluster.slaves, `find ${contender.copy} | wc -l`);
      return found.every((entries) => entries === wanted) || undefined;
    };
    if (!(await cluster.until(this.limit, probe))) throw new Error(`not emptied within ${this.limit} s`);
  }

  /** How many inodes more or less than the master a slave has in use while both hold the same of ours. */
  private async learnInodes(): Promise<void> {
    const { cluster, share } = this;
    let before = "";
    const settled = async () => {
      const now: number[] = [];
      for (const slave of cluster.slaves) now.push(await this.inodes(slave, REPLICA));
      const same = String(now) === before;
      before = String(now);
      return same ? now : undefined;
    };
    // what a contender has put aside is removed later
    const inodes = await cluster.until(this.limit, settled, 3);
    if (!inodes) throw new Error(`the slaves' disks are not at rest within ${this.limit} s`);
    const volume = await this.inodes(cluster.active, path.dirname(share.path));
    cluster.slaves.forEach(({ name }, i) => this.more.set(name, (inodes[i] ?? NaN) - volume));
  }

  /** Removes all files; a contender that runs, or starts, removes its copies. */
  async empty(): Promise<void> {
    const { cluster } = this;
    await cluster.run(cluster.active, `find ${quote(this.work)} -mindepth 1 -delete`, 1800);
    if (this.contender.copy === COPY)
      await cluster.all(cluster.slaves, `rm -rf ${COPY} && mkdir -p ${COPY}`, 1800);
  }

  /** Writes a set of files on the active master, and to its disk. */
  async build(set: FileSet): Promise<Written> {
    const { cluster } = this;
    notice(`making ${count(set)} files`);
    const written = await this.write(cluster.active, "write", ...fileArguments(set, 0));
    await cluster.run(cluster.active, "sync", 600);
    return written;
  }

  /** Empties the caches of the machines: who comes second would find them as the first has left them. */
  async cold(): Promise<void> {
    const { cluster } = this;
    await cluster.all([cluster.active, ...cluster.slaves], "sync; echo 3 >/proc/sys/vm/drop_caches", 600);
  }

  /** Runs client.pl, on the client through NFS, or on the active master with the client's rights in the volume. */
  async write(machine: Machine, verb: string, ...args: (string | number)[]): Promise<Written> {
    const { cluster } = this;
    const token = randomBytes(6).toString("hex");
    const remote = machine === cluster.client;
    const root = remote ? `${MOUNT}/${WORK}` : this.work;
    const rights = remote ? "" : `setpriv --reuid=$1 --regid=$2 --clear-groups`;
    const command = `set -- $(stat -c '%u %g' ${quote(root)}) && rm -rf ${ACKS} && install -d -o $1 -g $2 ${ACKS} &&
      exec systemd-run --quiet --pipe --wait --collect --unit=${WRITER_UNIT} ${rights} perl - ${[root, ACKS, token, verb, ...args].map((word) => quote(String(word))).join(" ")}`;
    const answer = await cluster.run(machine, command, 6 * 3600, PROGRAM);
    const [began = NaN, ended = NaN] = answer.trim().split(" ").map(Number);
    return { machine, token, began, ended };
  }

  /** What client.pl has noted on a machine. */
  acks(machine: Machine): Promise<string> {
    return this.cluster.run(machine, `cat ${ACKS}/* 2>/dev/null || :`, 600);
  }

  /** `path\0seconds\0` of all that is in each slave's copy; seconds: its change time there. */
  changeTimes(): Promise<string[]> {
    const { cluster, contender } = this;
    return cluster.all(cluster.slaves, `find ${contender.copy} -printf '%P\\0%C@\\0'`, 900);
  }

  /** Waits until all slaves have the file that was made last, and as many others as the master; false: too long. */
  async arrived(token: string): Promise<boolean> {
    const { cluster, contender, share, more } = this;
    const volume = cluster.question(cluster.active, inodesOf(path.dirname(share.path)));
    const copies = cluster.slaves.map((slave) => ({
      slave,
      question: cluster.question(slave, inodesOf(`${contender.copy}/zz/${token}`)),
    }));
    const probe = async () => {
      const here = parseInodes(await volume.ask());
      const near = await Promise.all(
        copies.map(async ({ slave, question }) => {
          const inodes = parseInodes(await question.ask());
          const expected = more.get(slave.name) ?? inodes - here;
          return Math.abs(inodes - here - expected) <= NEAR;
        }),
      );
      return near.every(Boolean) || undefined;
    };
    try {
      return (await cluster.until(this.limit, probe)) ?? false;
    } finally {
      for (const { question } of [...copies, { question: volume }]) question.end();
    }
  }

  private async inodes(machine: Machine, file: string): Promise<number> {
    return parseInodes(await this.cluster.run(machine, inodesOf(file)));
  }

  /** Compares the slaves' copies with the master by checksum, one after the other. */
  async compare(): Promise<Differences> {
    const { cluster, contender } = this;
    let lines = "";
    for (const { name } of cluster.slaves) {
      lines += await cluster.run(
        cluster.active,
        `rsync -rlptgoDnc --delete --numeric-ids --itemize-changes -e 'ssh -F ${SSH_CONFIG}' ${quote(this.work)}/ ${name}:${contender.copy}/`,
        COMPARE_LIMIT,
      );
    }
    return parseDifferences(lines);
  }
}

/** A set as client.pl takes it; `rate`: files a second, 0 for no limit. */
export function fileArguments(
  { directory, groups, dirs, files, size }: FileSet,
  rate: number,
): (string | number)[] {
  return [directory, groups, dirs, files, size, rate];
}

/** Tells the inodes, all and free, of the file system of a path; nothing when it is not there. */
const inodesOf = (file: string) => `stat -f -c '%c %d' ${quote(file)} 2>/dev/null || :`;

/** How many are in use; NaN when there was nothing. */
function parseInodes(answer: string): number {
  const [all = NaN, free = NaN] = answer.split(" ").map(Number);
  return all - free;
}
