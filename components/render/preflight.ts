import { assign } from "./shell";

/** What the configuration wants of one host. */
export interface Wanted {
  /** As `uname -n` is to say it. */
  name: string;
  /** Its interfaces with their addresses and prefix lengths. */
  nics: readonly { device: string; address: string }[];
  /** The addresses of the others, without prefix length, each with this host's interface to it. */
  peers: readonly { device: string; address: string }[];
  /** Where something of ours will listen. */
  ports: readonly { protocol: "tcp" | "udp"; port: number }[];
  /** Block device for the data, and the name that its partition gets. @default none */
  disk?: { device: string; partition: string };
  /** Whether it needs the kernel's DRBD. */
  drbd: boolean;
}

/** What the system disk must have free, in MiB: the packages of a master take about half of it. */
const ROOM_MIB = 1024;

/**
 * The text that `bash` reads on a host to tell what is wrong there: it changes nothing.
 *
 * @param functions text of disk.sh
 * @param script text of preflight.sh
 */
export function preflightText(wanted: Wanted, functions: string, script: string): string {
  const lines = (of: readonly string[]) => of.map((line) => `${line}\n`).join("");
  const vars = {
    NAME: wanted.name,
    NICS: lines(wanted.nics.map(({ device, address }) => `${device} ${address}`)),
    PEERS: lines(wanted.peers.map(({ device, address }) => `${device} ${address}`)),
    PORTS: lines(wanted.ports.map(({ protocol, port }) => `${protocol} ${port}`)),
    DISK: wanted.disk?.device ?? "",
    PARTITION: wanted.disk?.partition ?? "",
    DRBD: wanted.drbd ? "yes" : "no",
    ROOM_MIB: `${ROOM_MIB}`,
  };
  const assignments = Object.entries(vars).map(([name, value]) => assign(name, value));
  return ["set -euo pipefail\n", ...assignments, functions, script, "preflight </dev/null\nexit\n"].join("");
}

/** What a host has answered. */
export interface Answer {
  /** A sentence each: what was found, what is allowed, how to mend it. */
  mistakes: string[];
  /** What looks wrong, and may be meant so. */
  doubts: string[];
  /** The largest packet of each interface, in bytes, by the interface's name. */
  mtus: ReadonlyMap<string, number>;
  /** Its clock when it ended, seconds since 1970; undefined where it did not end. */
  clock: number | undefined;
}

/** Reads what {@link preflightText} has printed. */
export function answerOf(stdout: string): Answer {
  const of = (word: string) =>
    stdout.split("\n").flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const mtus = new Map(
    of("mtu").map((line) => {
      const [device = "", bytes] = line.split(" ");
      return [device, Number(bytes)];
    }),
  );
  const [clock] = of("clock");
  return {
    mistakes: of("mistake"),
    doubts: of("doubt"),
    mtus,
    clock: clock === undefined ? undefined : Number(clock),
  };
}

/** How far a host's clock may be from the others', in seconds: a log that jumps misleads, and certificates fail. */
export const CLOCK_LIMIT_SECONDS = 2;

/** Of clocks that were read at about the same time, as seconds ahead of ours: what those that are far off are told. */
export function clockMistakes(offsets: ReadonlyMap<string, number>): Map<string, string> {
  const sorted = [...offsets.values()].sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const far = [...offsets].filter(([, offset]) => Math.abs(offset - median) > CLOCK_LIMIT_SECONDS);
  return new Map(
    far.map(([name, offset]) => [
      name,
      `found: a clock that is ${(offset - median).toFixed(1)} s from the others'; allowed: ${CLOCK_LIMIT_SECONDS} s; apt-get install chrony, and wait until it is set`,
    ]),
  );
}

/** Of the interfaces of one network, by their hosts: what those are told that send smaller packets than the largest. */
export function mtuMistakes(
  network: string,
  interfaces: ReadonlyMap<string, { device: string; mtu: number }>,
): Map<string, string> {
  const largest = Math.max(...[...interfaces.values()].map(({ mtu }) => mtu));
  const smaller = [...interfaces].filter(([, { mtu }]) => mtu < largest);
  return new Map(
    smaller.map(([name, { device, mtu }]) => [
      name,
      `found: ${device} has an MTU of ${mtu}; allowed: ${largest}, which others have in the ${network} network, or the same on all; ip link set ${device} mtu SIZE, lastingly`,
    ]),
  );
}
