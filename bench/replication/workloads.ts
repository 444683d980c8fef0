import { setTimeout as sleep } from "node:timers/promises";
import { killNode, startNode } from "../../lab/vm";
import { notice } from "../../toolchain/process";
import type { Clock } from "./cluster";
import { equipMaster, holdOurs, limitQueue, releaseOurs } from "./equipment";
import { count, type WorkloadName } from "./options";
import { type Content, fileArguments, type Stage, type Written } from "./stage";

/** What a workload has done. Moments are seconds on our clock. */
export interface Act {
  written: Written;
  files: number;
  /** From when the time counts; as `ready` the moment of the first write. */
  begun?: number;
  /** From when the contender had nothing more to wait for. @default the last write */
  ready?: number;
}

export interface Workload {
  needs: Content;
  /** The content afterwards; undefined: something else. */
  leaves?: Content;
  /** Whether the lag of each file tells something: not when the contender was down meanwhile. */
  lags: boolean;
  act(stage: Stage, clocks: Clocks): Promise<Act>;
  /** Makes good what was done to the nodes, whatever has happened. */
  restore?(stage: Stage): Promise<void>;
}

type Clocks = ReadonlyMap<string, Clock>;

const now = () => Date.now() / 1000;
const FAILOVER_LIMIT = 180;
/** Seconds over which the changes around a failover are spread; the kill is in the middle. */
const SPREAD = 10;

export const workloads: Record<WorkloadName, Workload> = {
  create: create("client"),
  /** A slow client would set the pace; on the master the contender does. */
  "create-local": create("active"),
  rename: {
    needs: "files",
    leaves: "files",
    lags: false,
    act: async (stage) => ({
      written: await stage.write(stage.cluster.client, "rename", "files/g0", "files/renamed"),
      files: stage.sizes.files.dirs * stage.sizes.files.files,
    }),
  },
  edits: edits("client"),
  /** A slow client can't do so many in one second; on the master they fit. */
  "edits-1s": edits("active"),
  delete: {
    needs: "files",
    leaves: "empty",
    lags: false,
    act: async (stage) => ({
      written: await stage.write(stage.cluster.client, "remove", "files"),
      files: count(stage.sizes.files),
    }),
  },
  "catch-up": {
    needs: "empty",
    leaves: "files",
    lags: false,
    act: async (stage, clocks) => {
      await stage.contender.stop();
      const written = await stage.build(stage.sizes.files);
      await stage.cold();
      return { written, files: count(stage.sizes.files), ...(await started(stage, clocks)) };
    },
  },
  steady: {
    needs: "empty",
    lags: true,
    act: async (stage) => ({
      written: await stage.write(
        stage.cluster.client,
        "write",
        ...fileArguments(stage.sizes.steady, stage.sizes.rate),
      ),
      files: count(stage.sizes.steady),
    }),
  },
  burst: {
    needs: "empty",
    lags: false,
    act: async (stage) => {
      const { contender, sizes, cluster } = stage;
      await contender.stop();
      await limitQueue(cluster, sizes.queue);
      await stage.prepare("empty");
      await contender.signalWatcher("STOP");
      const written = await stage.write(cluster.client, "write", ...fileArguments(sizes.burst, 0));
      const ready = now();
      await contender.signalWatcher("CONT");
      return { written, files: count(sizes.burst), ready };
    },
    restore: async ({ contender, cluster }) => {
      await contender.stop();
      await limitQueue(cluster);
    },
  },
  restart: {
    needs: "tree",
    leaves: "tree",
    lags: false,
    act: async (stage, clocks) => {
      await stage.contender.stop();
      const { tree, changes } = stage.sizes;
      const written = await stage.write(
        stage.cluster.client,
        "change",
        tree.directory,
        tree.dirs,
        changes,
        0,
      );
      return { written, files: changes, ...(await started(stage, clocks)) };
    },
  },
  failover: {
    needs: "tree",
    leaves: "tree",
    lags: true,
    act: failover,
    restore: async ({ cluster, contender, limit }) => {
      for (const { name } of cluster.masters) await startNode(cluster.stack, name);
      // without ours the stack is degraded, and also while it has yet to send a tree that another contender has sent
      await releaseOurs(cluster);
      if (!(await cluster.until(limit, () => cluster.findActive())))
        throw new Error(`the pair is not redundant ${limit} s after the failover`);
      if (contender.name !== "ours") await holdOurs(cluster);
      for (const master of cluster.masters) await equipMaster(cluster, master);
    },
  },
};

function create(who: "client" | "active"): Workload {
  return {
    needs: "empty",
    leaves: "files",
    lags: true,
    act: async (stage) => ({
      written: await stage.write(stage.cluster[who], "write", ...fileArguments(stage.sizes.files, 0)),
      files: count(stage.sizes.files),
    }),
  };
}

function edits(who: "client" | "active"): Workload {
  const files = 50;
  const times = 10;
  return {
    needs: "files",
    leaves: "files",
    lags: who === "client",
    act: async (stage) => ({
      written: await stage.write(stage.cluster[who], "edit", "files/g1/d0", files, times),
      files: files * times,
    }),
  };
}

/** Starts the contender, and returns from when on it could work. */
async function started(
  { contender, cluster }: Stage,
  clocks: Clocks,
): Promise<{ begun: number; ready: number }> {
  const begun = onOurClock(clocks, cluster.active, await contender.start());
  return { begun, ready: begun };
}

const onOurClock = (clocks: Clocks, { name }: { name: string }, time: number) =>
  time - (clocks.get(name)?.offset ?? 0);

async function failover(stage: Stage, clocks: Clocks): Promise<Act> {
  const { cluster, contender, sizes } = stage;
  const { active, standby, client } = cluster;
  const events = async () => {
    const account = await cluster.run(standby, "cat /run/ha-nfs/events 2>/dev/null || :");
    return [...account.matchAll(/^(\d+\.\d+) start end$/gm)].map((match) => Number(match[1]));
  };
  const before = (await events()).length;
  const { tree, changes } = sizes;
  const writing = stage.write(client, "change", tree.directory, tree.dirs, changes, changes / SPREAD);
  writing.catch(() => undefined);
  await sleep((SPREAD / 2) * 1000, undefined, { signal: cluster.signal });
  const begun = now();
  notice(`killing ${active.name}`);
  await killNode(cluster.stack, active.name);
  const serves = await cluster.until(FAILOVER_LIMIT, async () => (await events())[before], 0.25);
  if (serves === undefined) throw new Error(`${standby.name} does not serve`);
  cluster.active = standby;
  const able = (await contender.takeOver()) ?? serves;
  const written = await writing;
  return {
    written,
    files: changes,
    begun,
    ready: Math.max(onOurClock(clocks, standby, able), onOurClock(clocks, client, written.ended)),
  };
}
