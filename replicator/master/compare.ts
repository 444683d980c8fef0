import type { Stats } from "node:fs";
import { type Attributes, digestOf, type Entry, type EntryType, reasonOf } from "../protocol";
import { isMuch } from "./bulk";
import { dirOp, type Found, type Packer, type Parcel, single } from "./packer";
import type { Job } from "./plan";
import { attributesOf, SHARED_FILE, type Volume } from "./volume";
import type { Listed } from "./wire";

/** Lists that may be unanswered. */
const AT_ONCE = 8;

/** What a comparison needs of a connection. */
export interface Comparer {
  packer: Packer;
  list(path: string, attributes: Attributes, entries: Buffer): Promise<Listed | undefined>;
  names(path: string, names: Buffer): Promise<Listed | undefined>;
  send(parcel: Parcel): Promise<void>;
  /** Brings a great deal that the slave has not, directories with all below them. False: not all of it came. */
  bring(paths: readonly string[]): Promise<boolean>;
  /** Something for rsync. */
  special(path: string): void;
  /** What was to be compared is no directory. */
  lost(path: string): void;
  /** It cannot be read; the rest goes on. */
  failed(path: string, message: string): void;
}

/** A directory as it is here. */
interface Listing {
  stats: Stats;
  /** The JSON of Entry[]. */
  body: Buffer;
  /** Paths of the directories in it. */
  directories: string[];
  /** Paths of what in it has, or had, extended attributes; only looked for when it is to be deep. */
  marked: Set<string>;
  /** Names of files that are to be sent whatever the slave has: they are too long for a digest. */
  changed: string[];
}

/**
 * Makes directories on the slave equal to those here. What goes beyond the directories under way is kept as a list of
 * the directories that are left, never of files.
 *
 * @param counted is called with every directory that is done
 */
export async function compare(comparer: Comparer, jobs: readonly Job[], counted: () => void): Promise<void> {
  const stack = [...jobs].reverse();
  const own = new Set(jobs.filter(({ deep }) => deep).map(({ path }) => path));
  const running = new Set<Promise<void>>();
  while (stack.length > 0 || running.size > 0) {
    for (let job; running.size < AT_ONCE && (job = stack.pop());) {
      const done: Promise<void> = compareOne(comparer, job, own)
        .then((below) => {
          const how = job.deep ? job : { deep: true, since: job.since };
          for (const path of below) stack.push({ ...how, path });
        })
        .finally(() => {
          running.delete(done);
          counted();
        });
      done.catch(() => undefined);
      running.add(done);
    }
    await Promise.race(running);
  }
}

/**
 * Returns the directories in it that are to be compared as well, with all below them.
 *
 * @param own directories that are jobs of their own: they would be compared, and sent, twice
 */
async function compareOne(comparer: Comparer, job: Job, own: ReadonlySet<string>): Promise<string[]> {
  const { path, deep, since } = job;
  if (job.names) return compareNames(comparer, job, own);
  const found = look(comparer, path);
  if (!found) return [];
  const listing = await read(comparer, path, found, deep, since);
  const { stats, body, directories, marked, changed } = listing;
  const answer = await comparer.list(path, attributesOf(stats), body);
  if (!answer) return [];
  const below = (names: readonly string[]) => names.map((name) => `${path}/${name}`);
  const needed = below([...new Set([...answer.need, ...changed])]);
  const made = below(answer.made).filter((one) => !own.has(one));
  const brought = await bring(comparer, needed, made);
  await comparer.send(single(dirOp(path, stats)));
  for (const special of marked) comparer.special(special);
  const left = brought ? new Set(made) : undefined;
  return (deep ? directories : made).filter((one) => !own.has(one) && !left?.has(one));
}

/** Of a directory, all of whose changes are told otherwise but those that leave nothing to be found. */
async function compareNames(
  comparer: Comparer,
  { path, tidy, deep }: Job,
  own: ReadonlySet<string>,
): Promise<string[]> {
  const { volume } = comparer.packer;
  const found = look(comparer, path);
  if (!found) return [];
  const { stats, names } = found;
  const answer = await comparer.names(path, Buffer.from(JSON.stringify(names)));
  if (!answer) return [];
  if (tidy && deep) {
    const need = new Set(answer.need);
    const had = names.filter((name) => !need.has(name)).map((name) => `${path}/${name}`);
    return had.filter((one) => volume.isDirectory(one));
  }
  const missing = tidy ? [] : answer.need.map((name) => `${path}/${name}`).filter((one) => !own.has(one));
  const files: string[] = [];
  const directories: string[] = [];
  for (const one of missing) (volume.isDirectory(one) ? directories : files).push(one);
  const brought = await bring(comparer, files, directories);
  await comparer.send(single(dirOp(path, stats)));
  return brought ? [] : directories;
}

/** Brings what the slave has not. True: the directories with all that is in them. */
async function bring(
  comparer: Comparer,
  files: readonly string[],
  directories: readonly string[],
): Promise<boolean> {
  const { packer } = comparer;
  const brought =
    isMuch(packer.volume, files, directories) && (await comparer.bring([...files, ...directories]));
  for await (const parcel of packer.parcels(brought ? [] : files)) await comparer.send(parcel);
  return brought;
}

interface Directory {
  stats: Stats;
  names: string[];
}

/** Undefined: there is no directory that can be read; the comparer has been told. */
function look(comparer: Comparer, path: string): Directory | undefined {
  const { volume } = comparer.packer;
  try {
    const stats = volume.lstat(path);
    const names = stats?.isDirectory() ? volume.names(path) : undefined;
    if (stats && names) return { stats, names };
    comparer.lost(path);
  } catch (error) {
    comparer.failed(path, reasonOf(error));
  }
  return undefined;
}

async function read(
  comparer: Comparer,
  path: string,
  { stats, names }: Directory,
  deep: boolean,
  since = Infinity,
): Promise<Listing> {
  const { packer } = comparer;
  const { volume } = packer;
  const entries: string[] = [];
  const directories: string[] = [];
  const present: Found[] = [{ path, stats }];
  const changed: string[] = [];
  for (const name of names) {
    await packer.breathe();
    const below = `${path}/${name}`;
    try {
      const own = volume.lstat(below);
      if (!own) continue;
      const target = own.isSymbolicLink() ? volume.target(below) : "";
      if (target === undefined) continue;
      const entry = entryOf(name, own, target);
      if (deep) present.push({ path: below, stats: own });
      if (own.isDirectory()) directories.push(below);
      const digested = own.isFile() && own.ctimeMs >= since * 1000 ? digest(volume, below, name) : entry;
      if (!digested) changed.push(name);
      entries.push(JSON.stringify(digested ?? entry));
    } catch (error) {
      comparer.failed(below, reasonOf(error));
      entries.push(JSON.stringify({ name, type: "unknown", ...attributesOf(stats) } satisfies Entry));
    }
  }
  const { ever } = await packer.markedOf(present);
  return { stats, body: Buffer.from(`[${entries.join()}]`), directories, marked: ever, changed };
}

/** Undefined: it is too long for a digest, or cannot be read now: whoever sends it sees why. */
function digest(volume: Volume, path: string, name: string): Entry | undefined {
  try {
    const { stats, content } = volume.read(path, SHARED_FILE) ?? {};
    return stats && content && { ...entryOf(name, stats), digest: digestOf(content) };
  } catch {
    return undefined;
  }
}

function entryOf(name: string, stats: Stats, target = ""): Entry {
  const type = typeOf(stats);
  return {
    name,
    type,
    ...attributesOf(stats),
    ...(type === "file" ? { size: stats.size } : {}),
    ...(type === "file" && stats.nlink > 1 ? { links: stats.ino } : {}),
    ...(type === "link" ? { target } : {}),
  };
}

/** `Volume` knows no other types. */
function typeOf(stats: Stats): EntryType {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "dir";
  return "link";
}
