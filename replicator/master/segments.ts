import { randomUUID } from "node:crypto";
import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { WATERMARK, watermarkLine, watermarkOf } from "./change";

/** A file of the journal: the positions from `base` up to, but without, `base + size`. */
export interface Segment {
  readonly base: number;
  size: number;
  /**
   * Of the daemon that wrote it: its term, and a random number. A position counts with the stamp of its segment only: a
   * volume that was put back to a snapshot, or has lost against its twin, has the same positions for other changes.
   * Undefined: of a daemon of before, or damaged.
   */
  readonly stamp: string | undefined;
}

/** What the first line of a segment has at most, bytes. */
const HEAD = 128;

/** The position after a segment. */
export function endOf({ base, size }: Segment): number {
  return base + size;
}

export function segmentFile(directory: string, { base }: { base: number }): string {
  return join(directory, `${String(base).padStart(16, "0")}.log`);
}

/** The segments in a directory, which is made where there is none; the oldest first. */
export async function listSegments(directory: string): Promise<Segment[]> {
  await mkdir(directory, { recursive: true });
  const segments: Segment[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const base = /^(\d{16})\.log$/.exec(name)?.[1];
    if (!base) continue;
    const file = join(directory, name);
    const head = await readHead(file).catch(() => "");
    const { stamp } = watermarkOf(head.split("\n", 1)[0] ?? "");
    segments.push({ base: Number(base), size: (await stat(file)).size, stamp });
  }
  return segments;
}

async function readHead(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Cuts off what a crash has left at the end of the last segments: an incomplete line, or zeros where a block never
 * reached the disk. One that cannot be read has nothing: what it said a rescan finds, from the watermark before it on.
 *
 * @returns the last watermark, seconds; undefined when there is none
 */
export async function mendSegments(
  directory: string,
  segments: readonly Segment[],
): Promise<number | undefined> {
  for (const segment of segments.toReversed()) {
    const watermark = await mendSegment(directory, segment).catch(() => void (segment.size = 0));
    if (watermark !== undefined) return watermark;
  }
  return undefined;
}

async function mendSegment(directory: string, segment: Segment): Promise<number | undefined> {
  const bytes = await readFile(segmentFile(directory, segment));
  const zero = bytes.indexOf(0);
  const valid = bytes.subarray(0, bytes.lastIndexOf("\n", zero < 0 ? bytes.length : zero) + 1);
  if (valid.length < segment.size) await truncate(segmentFile(directory, segment), valid.length);
  segment.size = valid.length;
  for (let at = valid.length; (at = valid.subarray(0, at).lastIndexOf(WATERMARK)) >= 0;) {
    const { seconds } = watermarkOf(valid.toString("latin1", at, valid.indexOf("\n", at)));
    if (seconds !== undefined) return seconds;
  }
  return undefined;
}

/** Makes a segment that survives a crash. It begins with watermark and stamp, so that older ones can go. */
export async function makeSegment(
  directory: string,
  base: number,
  watermark: number | undefined,
  stamp: string,
): Promise<{ segment: Segment; file: FileHandle }> {
  const segment: Segment = { base, size: 0, stamp };
  const file = await open(segmentFile(directory, segment), "w+");
  try {
    const head = Buffer.from(watermarkLine(watermark, stamp));
    await writeAt(file, head, 0);
    segment.size = head.length;
    await file.datasync();
    await syncDirectory(directory);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { segment, file };
}

/** The UUID in the file `id`; a new one when the journal is `fresh`. */
export async function identify(directory: string, fresh: boolean): Promise<string> {
  const file = join(directory, "id");
  const known = fresh ? undefined : await readFile(file, "latin1").catch(() => undefined);
  if (known) return known.trim();
  const id = randomUUID();
  await writeFile(`${file}.new`, `${id}\n`, { flush: true });
  await rename(`${file}.new`, file);
  await syncDirectory(directory);
  return id;
}

/** @throws Error of the file system; some of the bytes may be written then */
export async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
