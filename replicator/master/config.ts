import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface SlaveConfig {
  /** The trees that it gets; all when absent. */
  trees?: string[];
  /** Kilobytes (1024) a second; 0 or absent: no limit. */
  bandwidthKiB?: number;
}

export interface MasterConfig {
  /** Where the volume is mounted. */
  root: string;
  /** The directories of `root` that are replicated. */
  trees: string[];
  /** File for ssh's -F; its hosts are the slaves' names. */
  sshConfig: string;
  /** Path of the program `watch`; `xattrs` is beside it. */
  watch: string;
  /** How long changes gather, milliseconds; 200 when absent. */
  coalesceMs?: number;
  /** Seconds behind which a slave counts as late; 5 when absent. */
  maxLagSeconds?: number;
  /** 256 when absent. */
  journalLimitMiB?: number;
  metricsAddress: string;
  metricsPort: number;
  /** Rewritten every second; not on the volume. */
  statusFile: string;
  /** Each of its files NAME.json is the slave NAME's; these come to `slaves`. */
  slavesDirectory?: string;
  slaves: Record<string, SlaveConfig>;
}

/** A tree, or a slave: of the latter ssh and rsync must not make anything but a host. */
const TREE = /^(?!\.\.?$|\.ha-nfs$|lost\+found$)[^-/\0#;][^/\0]*$/;
const SLAVE = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** @throws Error, with the file and the field, when a value is missing or wrong */
export function readConfig(file: string): MasterConfig {
  const config = readJson(file) as MasterConfig;
  config.slaves = { ...config.slaves, ...readSlaves(config.slavesDirectory) };
  const check = (field: string, good: boolean, wanted: string) => {
    if (!good) throw new Error(`${file}: ${field}: ${wanted}`);
  };
  const isWhole = (value: unknown, least: number) => Number.isInteger(value) && (value as number) >= least;
  const areTrees = (value: unknown): value is string[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((tree) => typeof tree === "string" && TREE.test(tree));
  for (const field of ["root", "sshConfig", "watch", "statusFile"] as const) {
    check(field, typeof config[field] === "string" && config[field].startsWith("/"), "an absolute path");
  }
  const names = "a list of names of directories in the root";
  check("trees", areTrees(config.trees), names);
  check(
    "metricsAddress",
    typeof config.metricsAddress === "string" && config.metricsAddress !== "",
    "an IP address",
  );
  check("metricsPort", isWhole(config.metricsPort, 1), "a port");
  check("coalesceMs", config.coalesceMs === undefined || isWhole(config.coalesceMs, 0), "milliseconds");
  const { journalLimitMiB, slaves } = config;
  check("journalLimitMiB", journalLimitMiB === undefined || isWhole(journalLimitMiB, 1), "1 or more");
  for (const [name, slave] of Object.entries(slaves)) {
    const field = `slaves.${name}`;
    check(field, SLAVE.test(name), "a name of letters, digits, dots, dashes");
    check(field, typeof slave === "object" && slave !== null, "an object");
    const { trees, bandwidthKiB } = slave;
    check(`${field}.trees`, trees === undefined || areTrees(trees), names);
    for (const tree of trees ?? [])
      check(`${field}.trees`, config.trees.includes(tree), "among the trees of all");
    check(`${field}.bandwidthKiB`, bandwidthKiB === undefined || isWhole(bandwidthKiB, 0), "0 or more");
  }
  return {
    ...config,
    trees: config.trees.map(latin1),
    slaves: withTrees(slaves, (trees) => trees.map(latin1)),
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
}

function readSlaves(directory: string | undefined): Record<string, SlaveConfig> {
  if (directory === undefined) return {};
  const names = readdirSync(directory).filter((file) => file.endsWith(".json"));
  return Object.fromEntries(
    names.map((file) => [file.slice(0, -".json".length), readJson(join(directory, file)) as SlaveConfig]),
  );
}

/** Paths are kept with one character a byte. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function withTrees(slaves: Record<string, SlaveConfig>, change: (trees: string[]) => string[]) {
  return Object.fromEntries(
    Object.entries(slaves).map(([name, slave]) => [
      name,
      slave.trees ? { ...slave, trees: change(slave.trees) } : slave,
    ]),
  );
}
