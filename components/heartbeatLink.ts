import * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "./masterPair";
import { HeartbeatOptions, withDefaults } from "./options";
import { NicRole } from "./remote/host";
import { type HostScript, nodeFile } from "./remote/hostScript";
import { haCf, haresources } from "./render/haCf";
import { heartbeatDropIn, logdCf, logdUnit } from "./render/units";

export interface HeartbeatLinkArgs extends HeartbeatOptions {
  pair: MasterPair;
  /** Name of the volume whose service heartbeat moves. */
  volume: string;
  /** What must be in place on both masters before heartbeat starts the service: volume, address, exports, guard. */
  moves: readonly pulumi.Resource[];
}

/** Heartbeat between the masters, over the link and the service network, and the one resource that it moves. */
export class HeartbeatLink extends pulumi.ComponentResource {
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: HeartbeatLinkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:HeartbeatLink", name, {}, opts);
    const { pair, volume } = args;
    this.scripts = pair.rollOut(
      name,
      "heartbeat.sh",
      (host, peer) => ({
        VOLUME: volume,
        SECRETS_GENERATION: pair.secretsGeneration,
        HA_CF: haCf({
          ...withDefaults(HeartbeatOptions, args),
          paths: [NicRole.Link, NicRole.Service].map((role) => ({
            device: host.nic(role).device,
            peer: peer.address(role),
          })),
          nodes: [pair.preferred.name, pair.second.name],
        }),
        HARESOURCES: haresources(pair.preferred.name, volume),
        LOGD_CF: logdCf,
        LOGD_UNIT: logdUnit,
        HEARTBEAT_DROP_IN: heartbeatDropIn(volume),
        HANFS: nodeFile("hanfs"),
      }),
      { parent: this, dependsOn: [...args.moves] },
    );
    this.registerOutputs({});
  }
}
