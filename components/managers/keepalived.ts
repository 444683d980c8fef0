import * as pulumi from "@pulumi/pulumi";
import { Manager } from "../enums";
import { KeepalivedOptions, withDefaults } from "../options";
import { NicRole } from "../remote/host";
import { type HostScript, nodeFile } from "../remote/hostScript";
import { vrrpConf, vrrpUnit } from "../render/keepalived";
import { type ClusterManager, type ManagerArgs, UNITS, unitsBeside } from "./manager";

const FOLDER = "managers/keepalived";

/** Keepalived as the cluster manager. */
export const keepalived = (options: KeepalivedOptions = {}): ClusterManager => ({
  packages: ["keepalived"],
  masked: ["keepalived.service"],
  unit: UNITS[Manager.Keepalived],
  words: nodeFile(`${FOLDER}/manager.py`),
  start: (name, args, opts) => new KeepalivedLink(`${name}-keepalived`, { ...args, ...options }, opts),
});

export interface KeepalivedLinkArgs extends KeepalivedOptions, ManagerArgs {}

/** VRRP between the masters over the link: who is its master serves. It holds no address. */
export class KeepalivedLink extends pulumi.ComponentResource {
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: KeepalivedLinkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:KeepalivedLink", name, {}, opts);
    const { pair, volume } = args;
    this.scripts = pair.rollOut(
      name,
      `${FOLDER}/keepalived.sh`,
      (host, peer) => ({
        VRRP_CONF: pulumi
          .output({
            ...withDefaults(KeepalivedOptions, args),
            volume,
            isPreferred: host === pair.preferred,
            device: host.nic(NicRole.Link).device,
            address: host.address(NicRole.Link),
            peer: peer.address(NicRole.Link),
            serviceDevice: host.nic(NicRole.Service).device,
          })
          .apply(vrrpConf),
        VRRP_UNIT: vrrpUnit(volume),
        OTHERS: unitsBeside(Manager.Keepalived),
      }),
      { parent: this, dependsOn: [...args.moves] },
    );
    this.registerOutputs({});
  }
}
