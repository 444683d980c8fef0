import { REPLICATOR } from "../../components/render/replication";
import type { Cluster, Machine } from "./cluster";

/** What the nodes' counters say at one moment. */
export interface Reading {
  /** Tells one run of the contender from the next, whose CPU time starts at 0 again. */
  invocation: string;
  /** Of the contender's unit on the active master, with all its children, seconds. */
  masterCpu: number;
  /** Bytes, since the unit's start. */
  memoryPeak: number;
  /** Of all slaves together, whoever took it, seconds. */
  slavesCpu: number;
  /** Received by all slaves together on their link to the masters. */
  bytes: number;
}

export interface Usage {
  masterCpuSeconds: number;
  slavesCpuSeconds: number;
  bytes: number;
  peakMiB: number;
}

/** The properties of `systemctl show`; a unit that is not there has none of use. */
export function parseUnit(text: string): Pick<Reading, "invocation" | "masterCpu" | "memoryPeak"> {
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  const number = (name: string) => (/^\d{1,18}$/.test(value(name)) ? Number(value(name)) : 0);
  return {
    invocation: value("InvocationID"),
    masterCpu: number("CPUUsageNSec") / 1e9,
    memoryPeak: number("MemoryPeak"),
  };
}

/** The first line of /proc/stat and a NIC's rx_bytes. Time is in hundredths of a second; idle and iowait don't count. */
export function parseSlave(text: string): { cpu: number; bytes: number } {
  const [stat = "", bytes = ""] = text.trim().split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = stat.split(/\s+/).slice(1).map(Number);
  return { cpu: (user + nice + system + irq + softirq) / 100, bytes: Number(bytes) };
}

/** What was used between two readings. */
export function usage(from: Reading, to: Reading): Usage {
  return {
    masterCpuSeconds: to.masterCpu - (to.invocation === from.invocation ? from.masterCpu : 0),
    slavesCpuSeconds: to.slavesCpu - from.slavesCpu,
    bytes: to.bytes - from.bytes,
    peakMiB: to.memoryPeak / 2 ** 20,
  };
}

/** The address of each slave as the masters know it, by name. */
export async function findLinks(cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  const address = ({ name }: Machine) =>
    cluster.run(cluster.active, `sed -n 's/^HostName //p' ${REPLICATOR}/ssh.d/${name}.conf`);
  return new Map(
    await Promise.all(
      cluster.slaves.map(async (slave) => [slave.name, (await address(slave)).trim()] as const),
    ),
  );
}

const counters = (address: string) =>
  `head -n 1 /proc/stat
   nic=$(ip -o address show to ${address}/32) && set -- $nic && cat /sys/class/net/$2/statistics/rx_bytes`;

/** Reads the counters of the slaves at `links`, and of one unit on the active master. */
export async function read(
  cluster: Cluster,
  unit: string,
  links: ReadonlyMap<string, string>,
): Promise<Reading> {
  const slaves = cluster.slaves.filter(({ name }) => links.has(name));
  const [master, ...rest] = await Promise.all([
    cluster.run(cluster.active, `systemctl show ${unit} -p InvocationID -p CPUUsageNSec -p MemoryPeak`),
    ...slaves.map((slave) => cluster.run(slave, counters(links.get(slave.name) ?? ""))),
  ]);
  const readings = rest.map(parseSlave);
  const sum = (of: (slave: { cpu: number; bytes: number }) => number) =>
    readings.reduce((total, reading) => total + of(reading), 0);
  return { ...parseUnit(master), slavesCpu: sum(({ cpu }) => cpu), bytes: sum(({ bytes }) => bytes) };
}
