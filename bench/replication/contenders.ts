import type { ShareOutput } from "../../components/nfsCluster";
import { REPLICA } from "../../components/render/replica";
import { STATUS_FILE } from "../../components/render/replication";
import type { Status } from "../../replicator/master/metrics";
import type { Cluster } from "./cluster";
import { releaseOurs, stopOurs, TIME } from "./equipment";
import type { ContenderName } from "./options";
import { COPY, LSYNCD_UNIT, OUR_UNIT, RUN, SSH_CONFIG, WORK } from "./places";

/** So few seconds of lag a slave has that waits for nothing but beacons. */
const CALM = 5;
const processes = (unit: string) => `/sys/fs/cgroup/system.slice/${unit}/cgroup.procs`;

/** Something that keeps the slaves' copies of the bench's directory like the active master's. */
export interface Contender {
  name: ContenderName;
  /** Its systemd unit on the active master. */
  unit: string;
  /** Its copy on a slave. */
  copy: string;
  /** Seconds that it may wait before it sends. */
  settle: number;
  /**
   * Starts it on the active master. Returns when, seconds on that one's clock: what the bench needs to log in does not
   * count.
   */
  start(): Promise<number>;
  stop(): Promise<void>;
  /** Whether it has nothing left to do, also nothing that the copies do not show. */
  atRest(): Promise<boolean>;
  /** Sends a signal to the process that takes the kernel's events. */
  signalWatcher(signal: "STOP" | "CONT"): Promise<void>;
  /** Does what nothing else does when another master has become active. Returns as `start`; undefined: no need. */
  takeOver(): Promise<number | undefined>;
}

export function ours(cluster: Cluster, share: ShareOutput): Contender {
  const tree = share.path.split("/").at(-1);
  return {
    name: "ours",
    unit: OUR_UNIT,
    copy: `${REPLICA}/${tree}/${WORK}`,
    settle: 3,
    start: () => releaseOurs(cluster),
    stop: () => stopOurs(cluster),
    atRest: async () => {
      const said = await cluster.run(cluster.active, `cat ${STATUS_FILE} 2>/dev/null || :`);
      if (said === "") return false;
      const { slaves } = JSON.parse(said) as Status;
      return cluster.slaves.every(({ name }) => (slaves[name]?.lagSeconds ?? Infinity) < CALM);
    },
    signalWatcher: async (signal) => {
      await cluster.run(
        cluster.active,
        `for pid in $(cat ${processes(OUR_UNIT)}); do
           ! tr '\\0' ' ' </proc/$pid/cmdline | grep -q 'ha-nfs/watch ' || kill -${signal} $pid
         done`,
      );
    },
    takeOver: () => Promise.resolve(undefined),
  };
}

export interface LsyncdSettings {
  /** lsyncd's settings{}, Lua. */
  settings: string;
  /** Seconds; undefined: lsyncd's default, 15. */
  delay?: number;
}

/** lsyncd with delay 1, as quick as it can be made, and with its defaults. */
export const LSYNCD: Record<"lsyncd-1" | "lsyncd-15", LsyncdSettings> = {
  "lsyncd-1": { settings: `maxProcesses = 4, inotifyMode = "CloseWrite or Modify"`, delay: 1 },
  "lsyncd-15": { settings: "" },
};

/** lsyncd.conf(5) for one directory and several slaves. `archive` is rsync's -a, as the comparison asks. */
export function lsyncdConf(
  source: string,
  slaves: readonly string[],
  { settings, delay }: LsyncdSettings,
): string {
  const syncs = slaves.map(
    (slave) => `sync {
  default.rsync, source = "${source}", target = "${slave}:${COPY}",${delay === undefined ? "" : ` delay = ${delay},`}
  rsync = { archive = true, rsh = "/usr/bin/ssh -F ${SSH_CONFIG}" }
}
`,
  );
  return `settings { nodaemon = true, insist = true, ${settings} }\n${syncs.join("")}`;
}

export function lsyncd(cluster: Cluster, share: ShareOutput, name: keyof typeof LSYNCD): Contender {
  const settings = LSYNCD[name];
  const file = `${RUN}/${name}.lua`;
  const slaves = cluster.slaves.map((slave) => slave.name);
  const text = lsyncdConf(`${share.path}/${WORK}`, slaves, settings);
  const start = async () => {
    const began = await cluster.run(
      cluster.active,
      `cat >${file} && ${TIME} && systemd-run --quiet --collect --unit=${LSYNCD_UNIT} -p CPUAccounting=yes -p MemoryAccounting=yes -p KillSignal=SIGKILL lsyncd -nodaemon ${file}`,
      60,
      text,
    );
    return Number(began);
  };
  return {
    name,
    unit: LSYNCD_UNIT,
    copy: COPY,
    settle: (settings.delay ?? 15) + 3,
    start,
    stop: async () => {
      await cluster.run(
        cluster.active,
        `systemctl stop ${LSYNCD_UNIT} 2>/dev/null; ! systemctl --quiet is-active ${LSYNCD_UNIT}`,
      );
    },
    // each rsync is a process of its own
    atRest: async () =>
      (await cluster.run(cluster.active, `cat ${processes(LSYNCD_UNIT)}`)).trim().split("\n").length === 1,
    signalWatcher: async (signal) => {
      await cluster.run(cluster.active, `systemctl kill --kill-whom=main --signal=${signal} ${LSYNCD_UNIT}`);
    },
    takeOver: start,
  };
}
