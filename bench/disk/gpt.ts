import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const SECTOR = 512;
/** Sectors of a table's entries: 128 of 128 bytes. */
const ENTRIES = 32;
const MIB = 2 ** 20 / SECTOR;
/** 0FC63DAF-8483-4772-8E79-3D69D8477DE4, a Linux file system, as it is on a disk. */
const LINUX = Buffer.from("af3dc60f838472478e793d69d8477de4", "hex");

export interface Partition {
  /** ASCII. */
  name: string;
  sizeMiB: number;
}

/** Some bytes of a disk, from an offset on. */
export interface Piece {
  offset: number;
  bytes: Buffer;
}

/**
 * What makes a disk of zeros one with a GPT (UEFI 2.10, 5.3): partitions one behind the other from 1 MiB on. Ours, for no
 * program that does it has to be on the operator's machine. The last MiB is the table's.
 */
export function gpt(diskMiB: number, partitions: readonly Partition[]): Piece[] {
  const sectors = diskMiB * MIB;
  const entries = Buffer.alloc(ENTRIES * SECTOR);
  let first = MIB;
  partitions.forEach(({ name, sizeMiB }, i) => {
    const entry = entries.subarray(i * 128, (i + 1) * 128);
    entry.set(LINUX, 0);
    entry.set(guid(), 16);
    entry.writeBigUInt64LE(BigInt(first), 32);
    entry.writeBigUInt64LE(BigInt(first + sizeMiB * MIB - 1), 40);
    entry.write(name, 56, 72, "utf16le");
    first += sizeMiB * MIB;
  });
  if (first > sectors - MIB) throw new Error(`${diskMiB} MiB are too few for these partitions`);
  const disk = guid();
  const header = (own: number, other: number, table: number) => {
    const bytes = Buffer.alloc(SECTOR);
    bytes.write("EFI PART", 0, "latin1");
    bytes.writeUInt32LE(0x10000, 8);
    bytes.writeUInt32LE(92, 12);
    [own, other, ENTRIES + 2, sectors - ENTRIES - 2].forEach((lba, i) =>
      bytes.writeBigUInt64LE(BigInt(lba), 24 + 8 * i),
    );
    bytes.set(disk, 56);
    bytes.writeBigUInt64LE(BigInt(table), 72);
    bytes.writeUInt32LE(128, 80);
    bytes.writeUInt32LE(128, 84);
    bytes.writeUInt32LE(crc32(entries), 88);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 92)), 16);
    return bytes;
  };
  return [
    { offset: 0, bytes: Buffer.concat([protective(sectors), header(1, sectors - 1, 2), entries]) },
    {
      offset: (sectors - ENTRIES - 1) * SECTOR,
      bytes: Buffer.concat([entries, header(sectors - 1, 1, sectors - ENTRIES - 1)]),
    },
  ];
}

/** An MBR that calls the whole disk one partition of a kind that old programs leave alone. */
function protective(sectors: number): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff], 446);
  bytes.writeUInt32LE(1, 454);
  bytes.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 458);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

function guid(): Buffer {
  const bytes = randomBytes(16);
  bytes[7] = ((bytes[7] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}
