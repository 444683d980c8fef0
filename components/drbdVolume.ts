import * as pulumi from "@pulumi/pulumi";
import { DrbdMetadata } from "./enums";
import type { MasterPair } from "./masterPair";
import { HostScript } from "./remote/hostScript";
import { drbdGlobal, drbdResource } from "./render/drbd";

/** What a user tunes of the volume. */
export interface DrbdOptions {
  /** TCP port of the replication. @default 7788 */
  port?: number;
  /** Where DRBD keeps its metadata: in the data partition, or in one of its own. @default internal */
  metadata?: DrbdMetadata;
  /** When both disks are compared, the online verification: a calendar expression of systemd's, or `off`. @default weekly */
  verify?: string;
  /** Digest for the online verification. @default sha1 */
  verifyAlg?: string;
  /** Upper limit of a resync, MiB/s. @default 100 */
  resyncMaxRateMiB?: number;
}

export interface DrbdVolumeArgs extends DrbdOptions {
  pair: MasterPair;
  /** Name of the volume: letters, digits and dashes; it names the DRBD resource and the GPT partition. */
  volume: string;
  /** N of `/dev/drbdN`. */
  minor: number;
  /** Where the active master mounts it. */
  mount: string;
  /** What DRBD's handlers need: it must be there before DRBD is. */
  after: readonly pulumi.Resource[];
}

/**
 * One block device on both masters, replicated by DRBD with protocol C, with an ext4 file system on it. Metadata and
 * file system are made only where the disks are provably blank; a volume that is there already is taken as it is.
 */
export class DrbdVolume extends pulumi.ComponentResource {
  /** Ready once the volume has a file system and both masters hold the same data: the last of them. */
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: DrbdVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:DrbdVolume", name, {}, opts);
    const { pair, volume, minor } = args;
    const metadata = args.metadata ?? DrbdMetadata.Internal;
    const resource = pulumi.output({
      volume,
      minor,
      port: args.port ?? 7788,
      verifyAlg: args.verifyAlg ?? "sha1",
      resyncMaxRateMiB: args.resyncMaxRateMiB ?? 100,
      nodes: [pair.preferred, pair.second].map((host) => ({
        name: host.name,
        address: host.address(host.replicationRole),
      })),
    });
    const halves = pair.rollOut(
      name,
      "drbd.sh",
      (host) => ({
        VOLUME: volume,
        DISK: host.dataDisk,
        EXTERNAL_METADATA: metadata === DrbdMetadata.External ? "yes" : "no",
        SECRETS_GENERATION: pair.secretsGeneration,
        DRBD_GLOBAL: drbdGlobal,
        DRBD_RESOURCE: resource.apply(drbdResource),
      }),
      { parent: this, dependsOn: [...args.after] },
    );
    const volumeItself = new HostScript(
      `${name}-volume-${pair.preferred.name}`,
      {
        host: pair.preferred,
        script: "volume.sh",
        vars: { VOLUME: volume, DEVICE: `/dev/drbd${minor}` },
      },
      { parent: this, dependsOn: halves },
    );
    this.scripts = [...halves, volumeItself];
    this.registerOutputs({});
  }
}
