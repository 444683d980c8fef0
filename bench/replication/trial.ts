import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, Cluster, Machine } from "./cluster";
import {
  type Differences,
  lagOf,
  lags,
  type Outcome,
  overTime,
  parseAcks,
  parseChangeTimes,
} from "./figures";
import { findLinks, read, usage, type Usage } from "./meter";
import type { WorkloadName } from "./options";
import type { Stage } from "./stage";
import { type Act, type Workload, workloads } from "./workloads";

/**
 * Runs one workload with the stage's contender, but for its `restore`: that takes long, and the outcome is known before.
 * What goes wrong is in the outcome, but for an interruption.
 */
export async function trial(stage: Stage, name: WorkloadName): Promise<Outcome> {
  const workload = workloads[name];
  const nothing = { seconds: null, secondsBehind: null, filesPerSecond: null, writtenPerSecond: null };
  const about = { contender: stage.contender.name, workload: name };
  try {
    await stage.prepare(workload.needs);
    return { ...about, ...nothing, ...(await measure(stage, workload)) };
  } catch (error) {
    stage.cluster.signal.throwIfAborted();
    stage.leave(undefined);
    return { ...about, ...nothing, files: 0, failed: (error as Error).message };
  }
}

type Measured = Pick<Outcome, "files"> & Partial<Outcome>;

async function measure(stage: Stage, workload: Workload): Promise<Measured> {
  const { cluster, contender, limit } = stage;
  const before = await clocks(cluster, [cluster.client, ...cluster.masters, ...cluster.slaves]);
  const links = await findLinks(cluster);
  const meter = () => read(cluster, contender.unit, links);
  let from = await meter();
  const act = await workload.act(stage, before);
  stage.leave(workload.leaves);
  const converged = await stage.arrived(act.written.token);
  let to = await meter();
  const total = usage(from, to);
  let differences = await stage.compare();
  for (let same = 0; isDifferent(differences) && converged && same < 2;) {
    from = await meter();
    await sleep(contender.settle * 1000, undefined, { signal: cluster.signal });
    to = await meter();
    add(total, usage(from, to));
    const again = await stage.compare();
    same = again.paths === differences.paths ? same + 1 : 0;
    differences = again;
  }
  const after = await clocks(cluster, [cluster.client, cluster.active, ...cluster.slaves]);
  const clock = mean(before, after);
  if (!converged) stage.leave(undefined);
  return {
    files: act.files,
    ...(converged
      ? {}
      : { failed: `not converged after ${limit} s: ${differences.paths} paths are different` }),
    ...(await timing(stage, workload, act, clock, converged)),
    clockError: Math.max(...[...clock.values()].map(({ error }) => error)),
    usage: total,
    differences,
  };
}

const isDifferent = ({ paths, directoryTimes }: Differences) => paths + directoryTimes > 0;

/** When it was done, and the lag of each file, from the slaves' change times. */
async function timing(
  stage: Stage,
  workload: Workload,
  act: Act,
  clock: ReadonlyMap<string, Clock>,
  converged: boolean,
): Promise<Partial<Measured>> {
  const { cluster } = stage;
  const ahead = ({ name }: Machine) => clock.get(name)?.offset ?? 0;
  const { machine, began, ended } = act.written;
  const begun = act.begun ?? began - ahead(machine);
  const ready = act.ready ?? ended - ahead(machine);
  const acks = workload.lags ? parseAcks(await stage.acks(machine)) : new Map<string, number>();
  const copies = (await stage.changeTimes()).map((text, i) => {
    const slave = cluster.slaves[i] as Machine;
    const { times, newest } = parseChangeTimes(text);
    return {
      name: slave.name,
      last: newest - ahead(slave),
      lags: lags(acks, times, ahead(slave) - ahead(machine)),
    };
  });
  const done = Math.max(begun, ...copies.map(({ last }) => last));
  const bySlave = Object.fromEntries(
    copies
      .filter((copy) => copy.lags.length > 0)
      .map((copy) => [copy.name, lagOf(copy.lags.map(({ lag }) => lag))]),
  );
  const [worst] = Object.values(bySlave).sort((a, b) => b.p99 - a.p99);
  return {
    writtenPerSecond: act.files / (ended - began),
    ...(converged
      ? {
          seconds: done - begun,
          secondsBehind: Math.max(0, done - ready),
          filesPerSecond: act.files / (done - begun),
        }
      : {}),
    ...(worst ? { lag: worst, lagBySlave: bySlave } : {}),
    ...(worst
      ? { lagOverTime: overTime(copies.flatMap((copy) => copy.lags).sort((a, b) => a.at - b.at)) }
      : {}),
  };
}

async function clocks(cluster: Cluster, machines: readonly Machine[]): Promise<Map<string, Clock>> {
  const found = new Map<string, Clock>();
  // one after the other: they would be in each other's way
  for (const machine of machines) found.set(machine.name, await cluster.clock(machine));
  return found;
}

/** The clocks halfway between two measurements. What they drifted by meanwhile adds to the error. */
export function mean(
  before: ReadonlyMap<string, Clock>,
  after: ReadonlyMap<string, Clock>,
): Map<string, Clock> {
  return new Map(
    [...before].map(([name, first]) => {
      const last = after.get(name) ?? first;
      const offset = (first.offset + last.offset) / 2;
      const error = Math.max(first.error, last.error) + Math.abs(first.offset - last.offset) / 2;
      return [name, { offset, error }];
    }),
  );
}

/** Memory is a peak, the rest adds up. */
function add(total: Usage, more: Usage): void {
  total.masterCpuSeconds += more.masterCpuSeconds;
  total.slavesCpuSeconds += more.slavesCpuSeconds;
  total.bytes += more.bytes;
  total.peakMiB = Math.max(total.peakMiB, more.peakMiB);
}
