import * as pulumi from "@pulumi/pulumi";
import { replicatorFiles } from "../replicator/files";
import type { Service } from "../replicator/slave/services";
import { type Host, NicRole } from "./remote/host";
import { HostScript, nodeFile } from "./remote/hostScript";
import { authorizedKey, receiverUnit, replicaConf, rsyncSocket, rsyncUnit, sshdConf } from "./render/replica";
import { LOGIN } from "./render/replication";
import type { Replication } from "./replication";

/** A service whose address may not be known yet. */
type ServiceArgs = Omit<Service, "address"> & { address: pulumi.Input<string> };

export interface ReplicaArgs {
  /** What the names of its scripts begin with. */
  label: string;
  host: Host;
  /** Directory that holds the copies of the shares. */
  root: string;
  /** Names of the shares that it gets. */
  shares: readonly string[];
  /** The interface by which the masters reach it. */
  role: NicRole;
  /** The masters' addresses as the replica sees them. */
  masters: readonly pulumi.Input<string>[];
  /** What must be in place on the host before: its packages, its disk. */
  after: pulumi.Resource;
  /** KiB/s that replication to it may take; 0 is no limit. */
  bandwidthKiB: number;
  /** Lag above which the health check says no, seconds. */
  maxLagSeconds: number;
  /** TCP port of health check and metrics. */
  healthPort: number;
  /** What serves the copies; its health is the replica's. @default nothing */
  serves?: readonly ServiceArgs[];
  /** Where what changes comes from. */
  replication: Replication;
}

/** The receiver of copies on one host, and the masters that send to it. What the directory holds already is refused. */
export class Replica extends pulumi.ComponentResource {
  public readonly receiver: HostScript;
  /** Ready once the masters send. */
  public readonly feeds: readonly HostScript[];

  constructor(name: string, args: ReplicaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Replica", name, {}, opts);
    const { host, root, replication, healthPort, maxLagSeconds, serves = [] } = args;
    const healthAddress = host.address(NicRole.Service);
    this.receiver = new HostScript(
      `${args.label}-receiver-${host.name}`,
      {
        host,
        script: "receiver.sh",
        vars: {
          ROOT: root,
          LOGIN,
          HEALTH: pulumi.interpolate`${healthAddress}:${healthPort}`,
          CONFIG: pulumi
            .output({ root, healthAddress, healthPort, maxLagSeconds, serves })
            .apply(replicaConf),
          AUTHORIZED_KEYS: pulumi
            .all([replication.publicKey, pulumi.output(args.masters)])
            .apply(([key, masters]) => authorizedKey(key, masters)),
          SSHD_CONF: sshdConf,
          RECEIVER_UNIT: receiverUnit(root),
          RSYNC_SOCKET: rsyncSocket,
          RSYNC_UNIT: rsyncUnit(root),
          RECEIVE: nodeFile("receive"),
          RSYNC_DOOR: nodeFile("rsync-door.py"),
          PROGRAM: replicatorFiles().program,
        },
      },
      { parent: this, dependsOn: args.after },
    );
    this.feeds = replication.feed({
      host,
      role: args.role,
      shares: args.shares,
      bandwidthKiB: args.bandwidthKiB,
      receiver: this.receiver,
    });
    this.registerOutputs({});
  }
}
