import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { labHash, stackDir, stacks } from "./paths";
import { writeWhole } from "./support";

/** SSH ports by node. */
export type Ports = Record<string, number>;

const first = 20000;
const count = 12000;

/**
 * The SSH port of each node on 127.0.0.1, 20000 to 31999. A port that the stack's ports.json has is kept. Another is
 * derived from the names of lab, stack and node, and moves on past ports that are listened on now or that any stack
 * has, so that a preview and the update after it agree.
 * @param options.persist write the ports into ports.json
 */
export function reservePorts(stack: string, nodes: string[], options: { persist: boolean }): Ports {
  const kept = readPorts(stack);
  const ports = { ...kept };
  const taken = takenPorts();
  const wanted = nodes.map((node) => [node, (ports[node] ??= freePort(stack, node, taken))] as const);
  if (options.persist && nodes.some((node) => kept[node] === undefined)) writePorts(stack, ports);
  return Object.fromEntries(wanted);
}

/** Gives a node another port than `taken`, which something else listens on, writes it into ports.json and returns it. */
export function movePort(stack: string, node: string, taken: number): number {
  const port = freePort(stack, node, takenPorts().add(taken));
  writePorts(stack, { ...readPorts(stack), [node]: port });
  return port;
}

/** The multicast group and UDP port of a LAN, as `239.1.2.3:20000`: one for each lab, stack and role. */
export function lanAddress(stack: string, role: string): string {
  const hash = Buffer.from(labHash("lan", stack, role), "hex");
  const [a, b, c] = [...hash.subarray(0, 3)].map((byte) => 1 + (byte % 254));
  return `239.${a}.${b}.${c}:${first + (hash.readUInt32BE(3) % count)}`;
}

/** The MAC address of a NIC, locally administered, as `02:…`: one for each lab, stack, node and role. */
export function macAddress(stack: string, node: string, role: string): string {
  const bytes = labHash("mac", stack, node, role).slice(0, 10).match(/../g) ?? [];
  return ["02", ...bytes].join(":");
}

/** The next free port for a node, from the one its name gives. It is `taken` from then on. */
function freePort(stack: string, node: string, taken: Set<number>): number {
  const start = parseInt(labHash("port", stack, node).slice(0, 8), 16);
  for (let step = 0; step < count; step++) {
    const port = first + ((start + step) % count);
    if (!taken.has(port)) {
      taken.add(port);
      return port;
    }
  }
  throw new Error(`no free port from ${first} to ${first + count - 1}`);
}

function takenPorts(): Set<number> {
  return new Set([...stacks().flatMap((stack) => Object.values(readPorts(stack))), ...listeningPorts()]);
}

/** TCP ports that something on this machine listens on, as the kernel's tables have them. */
function listeningPorts(): number[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].filter(existsSync).flatMap((table) =>
    readFileSync(table, "utf8")
      .split("\n")
      .map((line) => /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A /.exec(line)?.[1])
      .filter((port) => port !== undefined)
      .map((port) => parseInt(port, 16)),
  );
}

function portsFile(stack: string): string {
  return join(stackDir(stack), "ports.json");
}

function readPorts(stack: string): Ports {
  return existsSync(portsFile(stack)) ? (JSON.parse(readFileSync(portsFile(stack), "utf8")) as Ports) : {};
}

function writePorts(stack: string, ports: Ports): void {
  writeWhole(portsFile(stack), `${JSON.stringify(ports, undefined, 2)}\n`);
}
