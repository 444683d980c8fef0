import { closeSync, fstatSync } from "node:fs";
import { CHUNK, encode } from "../protocol";
import { putOp } from "./packer";
import { readUpTo, type Volume } from "./volume";
import type { Wire } from "./wire";

/**
 * Sends a file in pieces; one that is not there any more is deleted on the slave. Returns its bytes.
 *
 * @throws Error when the file cannot be read, or of the connection
 */
export function stream(wire: Wire, volume: Volume, path: string): Promise<number> {
  return wire.exclusive(async () => {
    const file = volume.open(path);
    if (file === undefined) {
      await wire.put(encode({ op: "delete", path }));
      return 0;
    }
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return 0; // what has taken its place is in a later record
      let sent = 0;
      for (let more = true; more;) {
        const piece = await readOr(wire, () => readUpTo(file, Math.min(CHUNK, stats.size - sent)), sent > 0);
        const before = sent;
        sent += piece.length;
        more = piece.length > 0 && sent < stats.size;
        const mark = more ? ({ more } as const) : {};
        await wire.put(
          encode(before === 0 ? { ...putOp(path, stats), ...mark } : { op: "data", ...mark }, piece),
        );
      }
      return sent;
    } finally {
      closeSync(file);
    }
  });
}

/** What `read` returns; when that fails after the file has begun, the slave is to forget it. */
async function readOr(wire: Wire, read: () => Buffer, begun: boolean): Promise<Buffer> {
  try {
    return read();
  } catch (error) {
    if (begun) await wire.put(encode({ op: "cancel" }));
    throw error;
  }
}
