/** A stretch of time, in seconds since 1970 on this machine's clock. */
export interface Span {
  from: number;
  to: number;
}

/** What a master held at one moment. Times of all samples are seconds since 1970 on this machine's clock. */
export interface Sample {
  at: number;
  /** Its boot: samples of two boots are of two lives. */
  boot: string;
  address: boolean;
  threads: number;
  role: string;
  /** Whether DRBD's I/O was frozen. */
  frozen: boolean;
}

/** One frame with the address and the port of NFS as its source, as the bridge passed it. */
export interface Frame {
  at: number;
  node: string;
  /** Bytes of TCP's payload: without any it is no reply. */
  payload: number;
  /** The client's end of the connection, and the place of the payload in what it has sent there. */
  place: string;
}

/** One time that a client had the lock. */
export interface Hold {
  client: string;
  taken: number;
  released: number;
  /** What it wrote; NaN when that failed. */
  number: number;
}

/** A line of a program on a node, and when it came here. */
export interface Line {
  arrived: number;
  text: string;
}

/**
 * The lines of programs/probe.pl. The nodes' clocks that nobody sets start at 0 at each boot: a boot's offset is what
 * its quickest line shows, so that samples are late by that line's way, a millisecond or two, and never early.
 */
export function parseProbe(lines: readonly Line[]): Sample[] {
  let boot = "";
  const found = lines.flatMap(({ arrived, text }) => {
    const [, id] = /^boot (\S+)$/.exec(text) ?? [];
    if (id) boot = id;
    const [, stamp, address, threads, role = "", frozen] =
      /^(\d+\.\d+) ([01]) (\d+) (\S+) ([01])$/.exec(text) ?? [];
    if (!boot || stamp === undefined) return [];
    const sample = { boot, address: address === "1", threads: Number(threads), role, frozen: frozen === "1" };
    return [{ sample: { ...sample, at: Number(stamp) }, arrived }];
  });
  const offsets = new Map<string, number>();
  for (const { sample, arrived } of found)
    offsets.set(sample.boot, Math.min(offsets.get(sample.boot) ?? Infinity, arrived - sample.at));
  return found.map(({ sample }) => ({ ...sample, at: sample.at + (offsets.get(sample.boot) ?? 0) }));
}

/** The lines of programs/capture.pl, of the masters' MACs alone. */
export function parseFrames(text: string, nodeOfMac: Readonly<Record<string, string>>): Frame[] {
  return [...text.matchAll(/^(\d+\.\d+) (\S+) (\d+) \d+ (\S+)$/gm)].flatMap(
    ([, at, mac = "", payload, place = ""]) => {
      const node = nodeOfMac[mac];
      return node ? [{ at: Number(at), node, payload: Number(payload), place }] : [];
    },
  );
}

/** The lines of programs/holder.pl of one client, whose clock is brought to ours by its quickest line, as a probe's. */
export function parseHolds(lines: readonly Line[], client: string): Hold[] {
  const found = lines.flatMap(({ arrived, text }) => {
    const [, taken, released, number] = /^(\d+\.\d+) (\d+\.\d+) (\S+)$/.exec(text) ?? [];
    return taken === undefined
      ? []
      : [{ arrived, taken: Number(taken), released: Number(released), number: Number(number) }];
  });
  const offset = Math.min(...found.map(({ arrived, released }) => arrived - released));
  return found.map(({ taken, released, number }) => ({
    client,
    taken: taken + offset,
    released: released + offset,
    number,
  }));
}

/** How often a stack's fence device has cut a power: lines of fence.log, `time asker off node off`. */
export function countShots(log: string): number {
  return [...log.matchAll(/^\S+ \S+ off \S+ off$/gm)].length;
}
