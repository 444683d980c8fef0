import * as pulumi from "@pulumi/pulumi";
import { Manager } from "../enums";
import { HeartbeatOptions, withDefaults } from "../options";
import { NicRole } from "../remote/host";
import { type HostScript, nodeFile } from "../remote/hostScript";
import { haCf, haresources, heartbeatDropIn, logdCf, logdUnit } from "../render/heartbeat";
import { type ClusterManager, type ManagerArgs, UNITS, unitsBeside } from "./manager";

const FOLDER = "managers/heartbeat";

/** Heartbeat as the cluster manager. */
export const heartbeat = (options: HeartbeatOptions = {}): ClusterManager => ({
  packages: ["heartbeat"],
  masked: [],
  unit: UNITS[Manager.Heartbeat],
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
            ...withDefaults(HeartbeatOptions, args),
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
        OTHERS: unitsBeside(Manager.Heartbeat),
      }),
      { parent: this, dependsOn: [...args.moves] },
    );
    this.registerOutputs({});
  }
}
