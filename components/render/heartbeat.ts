import { HeartbeatTransport } from "../enums";
import type { HeartbeatOptions } from "../options";

/** One network over which this node's heartbeat reaches the peer. */
export interface HeartbeatPath {
  /** This node's interface. */
  device: string;
  /** The peer's IPv4 address on that network. */
  peer: string;
}

export interface HaCf extends Required<HeartbeatOptions> {
  /** Two or more networks, so that one cut cable is no split brain. */
  paths: readonly HeartbeatPath[];
  /** Both nodes' names as `uname -n` gives them. */
  nodes: readonly string[];
}

/** ha.cf's spelling of a time: seconds, or a number with `ms`. */
function time(ms: number): string {
  return ms % 1000 === 0 ? String(ms / 1000) : `${ms}ms`;
}

/**
 * ha.cf of one node. Heartbeat reads it line by line, so `udpport` stands before the paths that use it, and `ping`
 * before `respawn`.
 */
export function haCf(c: HaCf): string {
  // multicast arrives at every socket of its group and port, whatever the interface: with one port for both paths a cut
  // one would seem alive
  const paths = c.paths.map(({ device, peer }, i) =>
    c.transport === HeartbeatTransport.Multicast
      ? `mcast ${device} ${c.mcastGroup} ${c.udpPort + i} 1 0`
      : `ucast ${device} ${peer}`,
  );
  const ping = c.pingNodes.length > 0 ? [`ping ${c.pingNodes.join(" ")}`] : [];
  const ipfail = c.pingNodes.length > 0 ? ["respawn hacluster /usr/libexec/heartbeat/ipfail"] : [];
  return [
    "# made by ha-nfs",
    "use_logd yes",
    `keepalive ${time(c.keepaliveMs)}`,
    `warntime ${time(c.warntimeMs)}`,
    `deadtime ${time(c.deadtimeMs)}`,
    `initdead ${time(c.initdeadMs)}`,
    `udpport ${c.udpPort}`,
    ...paths,
    ...ping,
    `auto_failback ${c.autoFailback ? "on" : "off"}`,
    `node ${c.nodes.join(" ")}`,
    "crm no",
    ...ipfail,
    "",
  ].join("\n");
}

/** haresources: the preferred node and its one resource, the agent `hanfs` with the volume's name. */
export function haresources(preferred: string, volume: string): string {
  return `# made by ha-nfs\n${preferred} hanfs::${volume}\n`;
}

/**
 * authkeys: `secrets` are those of the generation itself, of the next one and of the one before. A key's number is its
 * generation's, so that both nodes call the same key by the same number; heartbeat takes 1 to 15 (MAXAUTH in hb_api.h).
 */
export function authkeys(generation: number, secrets: readonly string[]): string {
  const number = (g: number) => ((g - 1) % 15) + 1;
  const lines = secrets.map((secret, i) => `${number(generation + ([0, 1, -1][i] ?? 0))} sha1 ${secret}\n`);
  return `auth ${number(generation)}\n${lines.join("")}`;
}

/** Heartbeat's log daemon: with it a slow syslog cannot hold up heartbeat's own loop. */
export const logdUnit = `# made by ha-nfs
[Unit]
Description=Log daemon of heartbeat
Before=heartbeat.service
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/lib/heartbeat/ha_logd -c /etc/logd.cf
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;

export const logdCf = "# made by ha-nfs\nlogfacility daemon\n";

/**
 * heartbeat.service takes part only when this node's data are the newest or the peer's are at hand (wait-peer). A
 * heartbeat that dies comes back, and the service goes on meanwhile; so does one that ends by itself with 0, as it does
 * after it has met a peer that it had taken for dead.
 */
export function heartbeatDropIn(volume: string): string {
  return `# made by ha-nfs
[Unit]
Wants=ha-nfs-logd.service drbd@${volume}.target ha-nfs@${volume}.service
After=ha-nfs-logd.service drbd@${volume}.target ha-nfs@${volume}.service
StartLimitIntervalSec=0

[Service]
ExecStartPre=/usr/local/lib/ha-nfs/wait-peer ${volume}
TimeoutStartSec=infinity
Restart=always
RestartSec=1
`;
}
