import { DOOR_PORT, WITNESS_PORT } from "./fencing";

/** Who may reach a port. */
export type Peer = "masters" | "slaves" | "clients" | "ssh";

/** One opening: hosts of a role listen there, and peers reach it. */
export interface Port {
  /** Says what it is for; the name of the rule. */
  name: string;
  on: "masters" | "slaves";
  from: Peer;
  /** `tcp`, `udp`, or a protocol's number, which has no ports. */
  protocol: string;
  /** The first port. */
  port?: number;
  /** The last one. @default the first */
  toPort?: number;
}

/** The ports of a cluster that are configured. */
export interface ClusterPorts {
  /** What the cluster manager sends between the masters. */
  manager: Pick<Port, "protocol" | "port" | "toPort">;
  drbd: number;
  metrics: number;
  health: number;
}

/** What must be open, and between whom. */
export function clusterPorts({ manager, drbd, metrics, health }: ClusterPorts): Port[] {
  const tcp = (on: Port["on"], from: Peer, ports: Record<string, number>): Port[] =>
    Object.entries(ports).map(([name, port]) => ({ name, on, from, protocol: "tcp", port }));
  return [
    { name: "manager", on: "masters", from: "masters", ...manager },
    ...tcp("masters", "masters", { drbd, door: DOOR_PORT, nfs: 2049 }),
    ...tcp("masters", "clients", { nfs: 2049, metrics }),
    ...tcp("masters", "ssh", { ssh: 22 }),
    ...tcp("slaves", "masters", { ssh: 22, witness: WITNESS_PORT, health }),
    ...tcp("slaves", "clients", { http: 80, nfs: 2049, health }),
    ...tcp("slaves", "ssh", { ssh: 22 }),
  ];
}
