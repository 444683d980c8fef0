import type * as pulumi from "@pulumi/pulumi";
import type { Access, DrbdMetadata, HeartbeatTransport, MachineType, Squash } from "../components/enums";

/** Where the hosts come from. */
export enum Platform {
  /** Virtual machines on the operator's machine. */
  Lab = "lab",
  /** Machines that exist and answer SSH. */
  Hosts = "hosts",
}

/** The checked configuration of a stack: frozen, with every default filled in. */
export type ClusterConfig = LabClusterConfig | HostsClusterConfig;

/** What every platform has. Addresses are IPv4; networks are CIDR such as `10.10.1.0/24`. */
export interface CommonConfig {
  /** The network of the NFS clients and the VIP. */
  readonly serviceNetwork: string;
  /** The network between the masters: heartbeat, and DRBD unless `replicationNetwork` is set. */
  readonly linkNetwork: string;
  /** A third network for DRBD alone. */
  readonly replicationNetwork?: string;
  /** The address the NFS clients mount from, without a prefix: that is the one of `serviceNetwork`. */
  readonly vip: string;
  /** More addresses there that serve as well, such as the one before a change of `vip`. */
  readonly vipAliases: string[];
  /** At least one; names are unique. */
  readonly shares: ShareConfig[];
  readonly heartbeat: HeartbeatConfig;
  readonly drbd: DrbdConfig;
  readonly fencing: FencingConfig;
  readonly nfs: NfsConfig;
  readonly replication: ReplicationConfig;
  /** Counts the rotations of the heartbeat and DRBD secrets, from 1. */
  readonly secretsGeneration: number;
  /** How long one host may take to answer SSH, in seconds. */
  readonly connectTimeoutSeconds: number;
}

/** A cluster of virtual machines. */
export interface LabClusterConfig extends CommonConfig {
  readonly platform: Platform.Lab;
  readonly masters: readonly [MasterConfig, MasterConfig];
  /** Read replicas; names are unique. */
  readonly slaves: SlaveConfig[];
  readonly readPool?: ReadPoolConfig;
  /** Lab clients that get the files; at most one target a client. */
  readonly pushTargets: PushTargetConfig[];
  readonly lab: LabConfig;
}

/** A cluster on machines that exist. */
export interface HostsClusterConfig extends CommonConfig {
  readonly platform: Platform.Hosts;
  readonly masters: readonly [HostMasterConfig, HostMasterConfig];
  /** Read replicas; names are unique. */
  readonly slaves: HostSlaveConfig[];
  readonly readPool?: ReadPoolConfig<HostProxyConfig>;
  /** Application servers that get the files; names are unique. */
  readonly pushTargets: HostPushTargetConfig[];
  /** The private key that opens every host, in PEM or OpenSSH form; a Pulumi secret. */
  readonly sshPrivateKey: pulumi.Output<string>;
}

/** One of the two masters. */
export interface MasterConfig {
  /** The host name as `uname -n` prints it, in small letters, with or without a domain; at most 63. */
  readonly name: string;
  /** Its address in `serviceNetwork`. */
  readonly serviceAddress: string;
  /** Its address in `linkNetwork`. */
  readonly linkAddress: string;
  /** Its address in `replicationNetwork`; there if, and only if, that network is. */
  readonly replicationAddress?: string;
  /** The interface in `serviceNetwork`, such as `eth1`. */
  readonly serviceDevice: string;
  /** The interface in `linkNetwork`. */
  readonly linkDevice: string;
  /** The interface in `replicationNetwork`; there if, and only if, that network is. */
  readonly replicationDevice?: string;
  /** The whole disk for the data, such as `/dev/disk/by-id/virtio-data`. */
  readonly dataDisk: string;
}

/** How SSH reaches a machine that exists. */
export interface SshConfig {
  /** A name or an address. */
  readonly sshHost: string;
  readonly sshPort: number;
  /** root, or a user who may `sudo -n`. */
  readonly sshUser: string;
  /** The host key to expect: one line, `ssh-ed25519 AAAA…` or `ecdsa-sha2-nistp256 AAAA…`. */
  readonly hostKey: string;
}

/** A master that exists. */
export interface HostMasterConfig extends MasterConfig, SshConfig {}

/** A read replica: it follows the active master and serves the same files, read-only. */
export interface SlaveConfig {
  /** The host name, unique over all machines; its place in the list means nothing. */
  readonly name: string;
  /** Its address in `serviceNetwork`. */
  readonly serviceAddress: string;
  /** Its address in `linkNetwork`, over which it is replicated to. */
  readonly linkAddress: string;
  /** The interface in `serviceNetwork`, such as `eth1`. */
  readonly serviceDevice: string;
  /** The interface in `linkNetwork`. */
  readonly linkDevice: string;
  /** The whole disk for the data, such as `/dev/disk/by-id/virtio-data`. */
  readonly dataDisk: string;
  /** The most that replication to it may take, in KiB/s; 0 is no limit. */
  readonly bandwidthKiB: number;
}

/** A slave that exists. */
export interface HostSlaveConfig extends SlaveConfig, SshConfig {}

/** How changes reach slaves and push targets. */
export interface ReplicationConfig {
  /** How long changes are gathered before they are sent, in milliseconds. */
  readonly coalesceMs: number;
  /** A slave that is behind by more seconds, maybe a fraction, is not read from. */
  readonly maxLagSeconds: number;
  /** What the masters keep for slaves that are away; a slave further behind is compared in full. */
  readonly journalLimitMiB: number;
  /** The TCP port of Prometheus text and status, on the active master. */
  readonly metricsPort: number;
  /** The TCP port of health check and Prometheus text, on each slave and push target. */
  readonly healthPort: number;
}

/** One address for reading, spread over the slaves by two proxies. */
export interface ReadPoolConfig<P extends ProxyConfig = ProxyConfig> {
  /** The address that readers mount from, in `serviceNetwork`, without a prefix. */
  readonly vip: string;
  /** The VRRP `virtual_router_id`, unique in `serviceNetwork`. */
  readonly routerId: number;
  readonly proxies: readonly [P, P];
}

/** One of the two proxies of the read pool. */
export interface ProxyConfig {
  /** The host name, unique over all machines. */
  readonly name: string;
  /** Its address in `serviceNetwork`. */
  readonly serviceAddress: string;
  /** The interface in `serviceNetwork`, such as `eth1`. */
  readonly serviceDevice: string;
}

/** A proxy that exists. */
export interface HostProxyConfig extends ProxyConfig, SshConfig {}

/** An application server with a directory that gets the files, without NFS. */
export interface PushTargetConfig {
  /** The host name: in the lab that of one of `lab.clients`. */
  readonly name: string;
  /** Its address in `serviceNetwork`, over which it is replicated to. */
  readonly serviceAddress: string;
  /** The interface in `serviceNetwork`, such as `eth1`. */
  readonly serviceDevice: string;
  /** Where the files go: absolute, normalised, none of the system's. */
  readonly directory: string;
  /** The names of the shares it gets; at least one. */
  readonly shares: string[];
  /** The most that replication to it may take, in KiB/s; 0 is no limit. */
  readonly bandwidthKiB: number;
}

/** A push target that exists. */
export interface HostPushTargetConfig extends PushTargetConfig, SshConfig {}

/** The virtual machines of the lab. Sizes are in MiB. */
export interface LabConfig {
  /** What executes them. Left out, user-mode Linux where it runs, else QEMU; a stack that exists keeps its type. */
  readonly machine?: MachineType;
  readonly masterMemoryMiB: number;
  readonly clientMemoryMiB: number;
  readonly slaveMemoryMiB: number;
  readonly proxyMemoryMiB: number;
  /** The size of each master's data disk. */
  readonly dataDiskMiB: number;
  /** The size of each slave's data disk. */
  readonly slaveDiskMiB: number;
  /** Machines that mount the shares; may be empty. */
  readonly clients: readonly LabClientConfig[];
}

/** A virtual machine in `serviceNetwork` that mounts the shares. */
export interface LabClientConfig {
  readonly name: string;
  readonly serviceAddress: string;
}

/** A directory the cluster exports: `/srv/nfs/<name>`. */
export interface ShareConfig {
  readonly name: string;
  /** At least one; `from` is unique within a share. */
  readonly clients: ShareClientConfig[];
}

/** Who may mount a share, and as what. See exports(5). */
export interface ShareClientConfig {
  /** An address, or a network in CIDR form. */
  readonly from: string;
  readonly access: Access;
  readonly squash: Squash;
  /** The user id that a squashed user acts as. */
  readonly anonUid: number;
  /** The group id that a squashed user acts as. */
  readonly anonGid: number;
  /** Whether it may ask from a port above 1023, as any of its users can. */
  readonly insecure: boolean;
}

/** How the masters watch each other. Times are in milliseconds. See ha.cf(5). */
export interface HeartbeatConfig {
  /** Between two heartbeats. */
  readonly keepaliveMs: number;
  /** Silence after which a late heartbeat is logged. */
  readonly warntimeMs: number;
  /** Silence after which the peer is dead. */
  readonly deadtimeMs: number;
  /** `deadtimeMs` for the first start, when the network may still be coming up. */
  readonly initdeadMs: number;
  readonly udpPort: number;
  readonly transport: HeartbeatTransport;
  /** The group for both networks where `transport` is multicast. */
  readonly mcastGroup: string;
  /** Whether the first master takes the service back when it returns. */
  readonly autoFailback: boolean;
  /** Addresses in `serviceNetwork` that tell a master whether it still reaches its clients. */
  readonly pingNodes: string[];
}

/** The value of `fencing.device` that is the lab's own. */
export const LAB_DEVICE = "lab";

/** A program of Debian's fence-agents with its options, which may be secret. */
export interface FenceAgentConfig {
  readonly agent: string;
  /** What it needs for either master. */
  readonly options: Readonly<Record<string, string>>;
  /** What it needs beside to switch off the master of that name. */
  readonly masters: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** How a master proves that its peer is not serving, before it goes on or takes over without it. */
export interface FencingConfig {
  /** Command with power over the masters, or {@link LAB_DEVICE}. */
  readonly device?: string | FenceAgentConfig;
  /** Name of the machine that is the witness. */
  readonly witness?: string;
  /** Neither device nor witness: who loses its peer waits for a person, whose error may lose data. */
  readonly allowDataLoss: boolean;
  /** After so many milliseconds a master or witness that does not answer is silent. */
  readonly silenceMs: number;
  /** How long the device may take, in seconds. */
  readonly deviceSeconds: number;
}

/** The replicated volume. */
export interface DrbdConfig {
  /** The TCP port, on both masters. */
  readonly port: number;
  readonly metadata: DrbdMetadata;
  /** When both disks are compared: a calendar expression of systemd's, or `off`. */
  readonly verify: string;
  /** The digest of `drbdadm verify`. */
  readonly verifyAlg: VerifyAlg;
  /** The most a resync may take, in MiB/s: DRBD's `c-max-rate`. */
  readonly resyncMaxRateMiB: number;
}

/** Digests for `drbdadm verify`, by their names in the kernel. */
export enum VerifyAlg {
  Sha1 = "sha1",
  Sha256 = "sha256",
}

/** The NFS server. Times are in seconds. */
export interface NfsConfig {
  /** Threads of nfsd. */
  readonly threads: number;
  /** How long a silent client keeps its state. */
  readonly leaseSeconds: number;
  /** How long after a failover only reclaims are served; it ends early when all known clients are back. */
  readonly graceSeconds: number;
}
