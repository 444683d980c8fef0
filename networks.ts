import type { ClusterConfig, Machine } from "./config";
import { type ClusterPorts, clusterPorts, Manager, NicRole, type Port } from "./components";

/** One interface, and the address with its prefix length that it has. */
interface Interface {
  device: string;
  address: string;
}

/** A machine's interfaces: one in each network that it has an address in, and all have one in the service network. */
export function nics(config: ClusterConfig, machine: Machine): Record<NicRole, Interface> {
  const all = Object.values(NicRole).flatMap((role) => {
    const device = machine[`${role}Device`];
    const address = machine[`${role}Address`];
    const prefix = config[`${role}Network`]?.split("/")[1];
    return device && address && prefix ? [[role, { device, address: `${address}/${prefix}` }] as const] : [];
  });
  return Object.fromEntries(all) as Record<NicRole, Interface>;
}

/** What listens on masters and slaves, and for whom. */
export const ports = (config: ClusterConfig): Port[] =>
  clusterPorts({
    manager: managerPorts(config),
    drbd: config.drbd.port,
    metrics: config.replication.metricsPort,
    health: config.replication.healthPort,
  });

/** What the cluster manager sends between the masters. */
function managerPorts({ manager, heartbeat, pacemaker }: ClusterConfig): ClusterPorts["manager"] {
  switch (manager) {
    case Manager.Heartbeat:
      return { protocol: "udp", port: heartbeat.udpPort };
    case Manager.Keepalived:
      return { protocol: "112" }; // VRRP: RFC 5798
    case Manager.Pacemaker:
      return { protocol: "udp", port: pacemaker.port, toPort: pacemaker.port + 1 };
  }
}
