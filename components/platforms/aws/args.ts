import type * as pulumi from "@pulumi/pulumi";
import type { VipMode } from "../../enums";
import type { Bastion } from "../../remote/host";
import type { Port } from "../../render/awsPorts";

// No import of @pulumi/aws here: who only describes hosts on AWS does not load it.

/** What one availability zone has of each network: the CIDR of a subnet to make, or the id of one that is there. */
export interface AwsZoneArgs {
  service: string;
  link: string;
  /** Of the NAT gateway, by which the zone's hosts reach the Debian mirrors and the EC2 API. @default none: of a VPC that is there */
  public?: string;
}

/** A network to make, or one that is there. */
export interface AwsNetworkArgs {
  /** By the names of the zones. */
  zones: Record<string, AwsZoneArgs>;
  /** Of a VPC to make. @default none, `vpcId` is given */
  vpcCidr?: string;
  /** @default none, one is made */
  vpcId?: string;
  /** Every route table of the VPC that clients use. @default none; a VPC that is made has its own */
  routeTableIds?: string[];
}

/** A data volume to make, or one that is there. */
export interface AwsVolumeArgs {
  sizeGiB: number;
  /** gp3's input and output operations per second. */
  iops: number;
  /** MiB/s. */
  throughput: number;
  /** The id of one that is there, in the node's zone; nothing of it is then changed or removed. @default none, one is made */
  volumeId?: string;
}

/** One host. */
export interface AwsNodeArgs {
  zone: string;
  instanceType: string;
  volume: AwsVolumeArgs;
}

export interface AwsArgs {
  region: string;
  network: AwsNetworkArgs;
  /** The masters and slaves by their host names. */
  nodes: Record<string, AwsNodeArgs>;
  /** Names of the two masters. The first has the address at the start. */
  masters: string[];
  /** Name of the master that serves now: what changes comes to it last. @default the first */
  active?: string | undefined;
  /** The addresses that clients mount. */
  vips: string[];
  vipMode: VipMode;
  /** What the cluster listens on. */
  ports: Port[];
  /** CIDRs from which clients come. */
  clientNetworks: string[];
  /** CIDRs from which SSH comes: that of the bastion, or of a VPN. */
  sshNetworks: string[];
  /** What opens the hosts: a private key in OpenSSH's format. */
  privateKey: pulumi.Input<string>;
  /** Through which SSH comes. @default none, the hosts' own addresses are reached */
  bastion?: Bastion;
  /** Seconds that a host may take to answer SSH. */
  connectTimeoutSeconds?: number;
}
