import * as pulumi from "@pulumi/pulumi";
import { HeartbeatTransport } from "../enums";
import { NicRole } from "../remote/host";
import { type HostScript, nodeFile } from "../remote/hostScript";
import { haCf, haresources, heartbeatDropIn, logdCf, logdUnit } from "../render/heartbeat";
import type { ClusterManager, ManagerArgs } from "./manager";

/** Milliseconds of silence after which a master is dead. */
export const DEADTIME_MS = 3000;

const FOLDER = "managers/heartbeat";

/** What a user tunes of heartbeat. All times are milliseconds. */
export interface HeartbeatOptions {
  /** Time between two heartbeats. @default 500 */
  keepaliveMs?: number;
  /** Silence after which a late heartbeat is logged. @default 1500 */
  warntimeMs?: number;
  /** Silence after which the peer is dead and its service is taken over. @default 3000 */
  deadtimeMs?: number;
  /** The same right after start; at least twice deadtime (ha.cf). @default 20000 */
  initdeadMs?: number;
  /** UDP port of the heartbeats; with multicast the service network has the next one. @default 694 */
  udpPort?: number;
  /** @default ucast */
  transport?: HeartbeatTransport;
  /** Multicast group, with `mcast`; must be the pair's own on its networks. @default 225.0.0.11 */
  mcastGroup?: string;
  /** Whether the preferred master takes the service back when it returns. @default false */
  autoFailback?: boolean;
  /** Addresses that answer ping for as long as the service network is whole; ipfail moves the service. @default none */
  pingNodes?: string[];
}

/** Heartbeat as the cluster manager. */
export const heartbeat = (options: HeartbeatOptions = {}): ClusterManager => ({
  packages: ["heartbeat"],
  unit: "heartbeat.service",
  words: nodeFile(`${FOLDER}/manager.py`),
  start: (name, args, opts) => new HeartbeatLink(`${name}-heartbeat`, { ...args, ...options }, opts),
});

export interface HeartbeatLinkArgs extends HeartbeatOptions, ManagerArgs {}

/** Heartbeat between the masters, over the link and the service network, and the one resource that it moves. */
export class HeartbeatLink extends pulumi.ComponentResource {
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: HeartbeatLinkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:HeartbeatLink", name, {}, opts);
    const { pair, volume } = args;
    this.scripts = pair.rollOut(
      name,
      `${FOLDER}/heartbeat.sh`,
      (host, peer) => ({
        VOLUME: volume,
        SECRETS_GENERATION: pair.secretsGeneration,
        HA_CF: pulumi
          .output({
            keepaliveMs: args.keepaliveMs ?? 500,
            warntimeMs: args.warntimeMs ?? 1500,
            deadtimeMs: args.deadtimeMs ?? DEADTIME_MS,
            initdeadMs: args.initdeadMs ?? 20000,
            udpPort: args.udpPort ?? 694,
            transport: args.transport ?? HeartbeatTransport.Unicast,
            mcastGroup: args.mcastGroup ?? "225.0.0.11",
            autoFailback: args.autoFailback ?? false,
            pingNodes: args.pingNodes ?? [],
            paths: [NicRole.Link, NicRole.Service].map((role) => ({
              device: host.nic(role).device,
              peer: peer.address(role),
            })),
            nodes: [pair.preferred.name, pair.second.name],
          })
          .apply(haCf),
        HARESOURCES: haresources(pair.preferred.name, volume),
        LOGD_CF: logdCf,
        LOGD_UNIT: logdUnit,
        HEARTBEAT_DROP_IN: heartbeatDropIn(volume),
        HANFS: nodeFile(`${FOLDER}/hanfs`),
      }),
      { parent: this, dependsOn: [...args.moves] },
    );
    this.registerOutputs({});
  }
}
