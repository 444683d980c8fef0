import * as pulumi from "@pulumi/pulumi";
import { Manager } from "../enums";
import { PacemakerOptions, withDefaults } from "../options";
import { NicRole } from "../remote/host";
import { HostScript, nodeFile } from "../remote/hostScript";
import { cib, corosyncConf, corosyncDropIn, pacemakerDropIn } from "../render/pacemaker";
import { type ClusterManager, type ManagerArgs, UNITS, unitsBeside } from "./manager";
import { QuorumDevice } from "./quorumDevice";

const FOLDER = "managers/pacemaker";

/** Pacemaker with corosync as the cluster manager. */
export const pacemaker = (options: PacemakerOptions = {}): ClusterManager => ({
  packages: [
    "corosync",
    "pacemaker",
    "pacemaker-cli-utils",
    ...(options.quorumDevice ? ["corosync-qdevice"] : []),
  ],
  masked: [],
  unit: UNITS[Manager.Pacemaker],
  words: nodeFile(`${FOLDER}/manager.py`),
  start: (name, args, opts) => new PacemakerLink(`${name}-pacemaker`, { ...args, ...options }, opts),
});

export interface PacemakerLinkArgs extends PacemakerOptions, ManagerArgs {}

/** Corosync between the masters, over the link and the service network, and Pacemaker with the service as its resource. */
export class PacemakerLink extends pulumi.ComponentResource {
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: PacemakerLinkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:PacemakerLink", name, {}, opts);
    const { pair, volume, fences } = args;
    const masters = [pair.preferred, pair.second];
    const witness = args.quorumDevice ? args.witness : undefined;
    const COROSYNC_CONF = pulumi
      .output({
        ...withDefaults(PacemakerOptions, args),
        nodes: masters.map((host) => ({
          name: host.name,
          addresses: [NicRole.Link, NicRole.Service].map((role) => host.address(role)),
        })),
        witness: witness?.address(NicRole.Service),
      })
      .apply(corosyncConf);
    const nodes = pair.rollOut(
      name,
      `${FOLDER}/pacemaker.sh`,
      () => ({
        SECRETS_GENERATION: pair.secretsGeneration,
        COROSYNC_CONF,
        COROSYNC_DROP_IN: corosyncDropIn(volume),
        PACEMAKER_DROP_IN: pacemakerDropIn(volume),
        SERVICE_AGENT: nodeFile(`${FOLDER}/service`),
        FENCE_AGENT: nodeFile(`${FOLDER}/fence_ha_nfs`),
        OTHERS: unitsBeside(Manager.Pacemaker),
      }),
      { parent: this, dependsOn: [...args.moves] },
    );
    const loaded = new HostScript(
      `${name}-cib-${pair.preferred.name}`,
      {
        host: pair.preferred,
        script: `${FOLDER}/cib.sh`,
        vars: {
          PEER: pair.second.name,
          CIB: cib({ volume, nodes: masters.map((host) => host.name), fences }),
        },
      },
      { parent: this, dependsOn: nodes },
    );
    const device =
      witness && new QuorumDevice(`${name}-quorum`, { pair, witness, after: nodes }, { parent: this });
    this.scripts = [...nodes, loaded, ...(device?.scripts ?? [])];
    this.registerOutputs({});
  }
}
