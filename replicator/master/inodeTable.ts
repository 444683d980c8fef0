import { type FileHandle, open, readFile } from "node:fs/promises";

/** Where the superblock is, bytes. */
const SUPERBLOCK = 1024;
const MAGIC = 0xef53;
const META_BG = 0x10;
const WIDE = 0x80;
/** Of a group whose inodes have never been used. */
const UNINIT = 0x1;
const CHUNK = 1024 * 1024;

/**
 * The device of an ext4 file system that is mounted here as a whole; undefined: it is another one. Not with `lazytime`,
 * which tells times to the device much later.
 */
export async function ext4Device(mount: string): Promise<string | undefined> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  for (const line of mounts.split("\n").reverse()) {
    const [, , , root, point, options = "", ...rest] = line.split(" ");
    if (point !== mount) continue;
    const [type, source, more = ""] = rest.slice(rest.indexOf("-") + 1);
    const lazy = `${options},${more}`.split(",").includes("lazytime");
    return type === "ext4" && root === "/" && !lazy ? source : undefined;
  }
  return undefined;
}

/**
 * The inodes of an ext4 file system that have changed since then, read from the tables on its device: the kernel keeps
 * them up to date in the same cache, and to read them in order is many times quicker than to ask for each file.
 * Layout: linux/Documentation/filesystems/ext4.
 *
 * @param since seconds since 1970
 * @throws Error when it cannot be read, or is none that we know
 */
export async function changedInodes(
  device: string,
  since: number,
  signal?: AbortSignal,
): Promise<Set<number>> {
  const file = await open(device, "r");
  try {
    const { size, perGroup, tables } = await readGroups(file);
    const changed = new Set<number>();
    const bytes = Buffer.alloc(CHUNK);
    for (const [group, { start, used }] of tables.entries()) {
      for (let at = 0; at < used * size; at += CHUNK) {
        signal?.throwIfAborted();
        const length = Math.min(CHUNK, used * size - at);
        await readFully(file, bytes.subarray(0, length), start + at);
        const first = group * perGroup + at / size + 1;
        for (let offset = 0; offset < length; offset += size) {
          if (!isChanged(bytes, offset, size, since)) continue;
          changed.add(first + offset / size);
        }
      }
    }
    return changed;
  } finally {
    await file.close();
  }
}

interface Groups {
  /** Bytes of an inode. */
  size: number;
  perGroup: number;
  /** Where each group's inodes are on the device, and how many of them have ever been used. */
  tables: { start: number; used: number }[];
}

async function readGroups(file: FileHandle): Promise<Groups> {
  const head = Buffer.alloc(1024);
  await readFully(file, head, SUPERBLOCK);
  const features = head.readUInt32LE(0x60);
  if (head.readUInt16LE(0x38) !== MAGIC || features & META_BG) throw new Error("not an ext4 that we know");
  const block = 1024 << head.readUInt32LE(0x18);
  const perGroup = head.readUInt32LE(0x28);
  const wide = (features & WIDE) !== 0;
  const step = wide ? head.readUInt16LE(0xfe) : 32;
  const groups = Math.ceil(head.readUInt32LE(0) / perGroup);
  const descriptors = Buffer.alloc(groups * step);
  await readFully(file, descriptors, (head.readUInt32LE(0x14) + 1) * block);
  const tables = Array.from({ length: groups }, (_, group) => {
    const at = group * step;
    const high = (offset: number) => (wide ? descriptors.readUInt32LE(at + offset) : 0);
    const table = high(0x28) * 2 ** 32 + descriptors.readUInt32LE(at + 0x08);
    const unused =
      descriptors.readUInt16LE(at + 0x1c) + (wide ? descriptors.readUInt16LE(at + 0x32) * 65536 : 0);
    const blank = (descriptors.readUInt16LE(at + 0x12) & UNINIT) !== 0;
    return { start: table * block, used: blank ? 0 : perGroup - unused };
  });
  return { size: head.readUInt16LE(0x58), perGroup, tables };
}

function isChanged(bytes: Buffer, at: number, size: number, since: number): boolean {
  const mode = bytes.readUInt16LE(at);
  const links = bytes.readUInt16LE(at + 0x1a);
  if (mode === 0 || links === 0) return false;
  const epoch = size > 128 ? (bytes.readUInt32LE(at + 0x84) & 3) * 2 ** 32 : 0;
  return bytes.readInt32LE(at + 0x0c) + epoch >= Math.floor(since);
}

async function readFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
  if (bytesRead < bytes.length) throw new Error(`${bytesRead} of ${bytes.length} bytes at ${position}`);
}
