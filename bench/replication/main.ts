import { mkdirSync, writeFileSync } from "node:fs";
import { hostname, cpus } from "node:os";
import path from "node:path";
import type { ShareOutput } from "../../components/nfsCluster";
import { quote } from "../../components/render/shell";
import { REPLICA } from "../../components/render/replica";
import { notice, UserError } from "../../toolchain/process";
import { Cluster } from "./cluster";
import { type Contender, lsyncd, ours } from "./contenders";
import { clean, equip, holdOurs } from "./equipment";
import { type Outcome, summarize } from "./figures";
import { type ContenderName, count, type Options, parseOptions, sizes } from "./options";
import { picture } from "./picture";
import { plainRsync } from "./plainRsync";
import { COPY, LSYNCD_UNIT } from "./places";
import { Stage } from "./stage";
import { LEGEND, table } from "./table";
import { trial } from "./trial";
import { workloads } from "./workloads";

/** Seconds that the pair has to become redundant. */
const BEGIN_LIMIT = 30;
const OUT = path.join(__dirname, "../out");

function contender(name: ContenderName, cluster: Cluster, share: ShareOutput): Contender {
  if (name === "ours") return ours(cluster, share);
  if (name !== "rsync") return lsyncd(cluster, share, name);
  const nothing = () => Promise.resolve();
  const never = () => Promise.resolve(NaN);
  return {
    name,
    unit: LSYNCD_UNIT,
    copy: COPY,
    settle: 0,
    start: never,
    stop: nothing,
    atRest: () => Promise.resolve(true),
    signalWatcher: nothing,
    takeOver: never,
  };
}

/** All workloads of one contender, told to `done` one by one. Its files are gone afterwards. */
async function compete(
  stage: Stage,
  { only, repeat }: Options,
  done: (outcome: Outcome) => void,
): Promise<void> {
  const { name } = stage.contender;
  if (name !== "ours") await holdOurs(stage.cluster);
  if (name === "rsync") {
    for (let run = 0; run < repeat; run++) (await plainRsync(stage)).forEach(done);
  } else {
    for (const workload of only) {
      for (let run = 0; run < repeat; run++) {
        notice(`${new Date().toISOString()} ${name}: ${workload}`);
        try {
          done(await trial(stage, workload));
        } finally {
          await workloads[workload].restore?.(stage);
        }
      }
    }
    await stage.prepare("empty");
    await stage.contender.stop();
  }
  await stage.empty();
}

/** @throws UserError when a disk has no room for the files at this scale */
async function checkRoom(cluster: Cluster, share: ShareOutput, { scale, rate }: Options): Promise<void> {
  const { files, steady, tree } = sizes(scale, rate);
  const sets = [files, steady, tree];
  const inodes = Math.max(...sets.map((set) => count(set) + set.groups * set.dirs));
  const bytes = Math.max(...sets.map((set) => count(set) * Math.ceil(set.size / 4096) * 4096));
  const disks = [
    { machine: cluster.active, directory: path.dirname(share.path) },
    ...cluster.slaves.map((machine) => ({ machine, directory: REPLICA })),
  ];
  for (const { machine, directory } of disks) {
    const answer = await cluster.run(machine, `stat -f -c '%d %a %S' ${quote(directory)}`);
    const [freeInodes = 0, blocks = 0, blockSize = 0] = answer.split(" ").map(Number);
    const fits = Math.min(freeInodes / inodes, (blocks * blockSize) / bytes) * 0.9;
    if (fits < 1)
      throw new UserError(
        `${machine.name}:${directory} has no room for that: try --scale ${(scale * fits).toPrecision(1)}`,
      );
  }
}

function report(stack: string, options: Options, cluster: Cluster, outcomes: readonly Outcome[]): void {
  const date = new Date().toISOString();
  const folder = path.join(OUT, `replication-${date.replaceAll(/[:.]/g, "-")}`);
  const about = {
    date,
    host: { name: hostname(), cpus: cpus().length, model: cpus()[0]?.model ?? "" },
    stack,
    ...options,
    slaves: cluster.slaves.map(({ name }) => name),
    sizes: sizes(options.scale, options.rate),
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, "results.json"),
    `${JSON.stringify({ about, summary: summarize(outcomes), outcomes }, undefined, 2)}\n`,
  );
  writeFileSync(path.join(folder, "lag.svg"), picture(outcomes));
  process.stdout.write(`${table(outcomes)}\n${LEGEND}`);
  notice(folder);
}

/** Returns whether ours left no difference anywhere. */
async function bench(options: Options, signal: AbortSignal): Promise<boolean> {
  const stack = process.env.HA_NFS_STACK ?? "dev";
  const cluster = new Cluster(stack, options.slaves, signal);
  const [share] = Object.values(cluster.shares);
  if (!share) throw new UserError(`stack ${stack} has no share`);
  // the run before may just have started our daemon again
  if (!(await cluster.until(BEGIN_LIMIT, () => cluster.findActive())))
    throw new UserError("the pair is not redundant: see npm run status");
  await clean(cluster, share);
  if (options.clean) return true;
  const outcomes: Outcome[] = [];
  try {
    await checkRoom(cluster, share, options);
    await equip(cluster, share);
    for (const name of options.against) {
      const stage = new Stage(
        cluster,
        share,
        sizes(options.scale, options.rate),
        contender(name, cluster, share),
        options.limit,
      );
      await compete(stage, options, (outcome) => {
        outcomes.push(outcome);
        notice(
          outcome.failed ?? `${outcome.seconds?.toFixed(1)} s, ${outcome.filesPerSecond?.toFixed(1)} files/s`,
        );
      });
    }
  } finally {
    notice("cleaning up");
    await clean(cluster, share);
    if (outcomes.length > 0) report(stack, options, cluster, outcomes);
  }
  return outcomes.every(
    ({ contender, failed, differences }) =>
      contender !== "ours" || (failed === undefined && differences?.paths === 0),
  );
}

async function main(): Promise<void> {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => abort.abort());
  try {
    process.exitCode = (await bench(parseOptions(process.argv.slice(2)), abort.signal)) ? 0 : 1;
  } catch (error) {
    notice(`error: ${(error as Error).message}`);
    process.exitCode = abort.signal.aborted ? 130 : 1;
  }
}

void main();
