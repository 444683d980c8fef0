import { DrbdMetadata, HeartbeatTransport, Timing, VerifyAlg } from "./enums";

// What a user tunes: an option's name, type, meaning and default, all in one place. A user gives plain objects.

/** How the masters watch each other. Times are in milliseconds. See ha.cf(5). */
export class HeartbeatOptions {
  /** Between two heartbeats. */
  keepaliveMs?: number = 200;
  /** Silence after which a late heartbeat is logged. */
  warntimeMs?: number = 600;
  /** Silence after which the peer is dead and its service is taken over. */
  deadtimeMs?: number = 1200;
  /** The same right after start, while network and peer may still be coming up; at least twice deadtime. */
  initdeadMs?: number = 20000;
  /** UDP port; with multicast the service network has the next one. */
  udpPort?: number = 694;
  transport?: HeartbeatTransport = HeartbeatTransport.Unicast;
  /** Multicast group, for `mcast`; must be the pair's own on its networks. */
  mcastGroup?: string = "225.0.0.11";
  /** Whether the preferred master takes the service back when it returns. */
  autoFailback?: boolean = false;
  /** Addresses that answer ping for as long as the service network is whole; with any, ipfail moves the service. */
  pingNodes?: string[] = [];
}

/** How the masters watch each other by keepalived: VRRP 3 on the link. */
export class KeepalivedOptions {
  /**
   * Between two advertisements, milliseconds, in hundredths of a second as VRRP 3 sends it (RFC 5798, 5.2.7). The peer is
   * dead after a little more than three of them are missed.
   */
  advertMs?: number = 100;
  /** Virtual router, 1 to 255. */
  routerId?: number = 52;
}

/** How the masters watch each other by corosync, for pacemaker. Times are in milliseconds. See corosync.conf(5). */
export class PacemakerOptions {
  /** Silence after which the peer is missed. */
  tokenMs?: number = 600;
  /** How long it may still join the new membership then: of two nodes, less than the token is safe. */
  consensusMs?: number = 200;
  /** UDP port over the link; over the service network it is the next one. */
  port?: number = 5405;
  /** Whether the host that is the witness gives corosync a third vote: corosync-qdevice(8). */
  quorumDevice?: boolean = false;
}

/** The times of a profile that are other than the options' defaults, which are those of `fast`. */
export const TIMES = {
  [Timing.Fast]: { heartbeat: {}, keepalived: {}, pacemaker: {}, drbd: {} },
  [Timing.Patient]: {
    heartbeat: { keepaliveMs: 1000, warntimeMs: 3000, deadtimeMs: 10_000, initdeadMs: 30_000 },
    keepalived: { advertMs: 1000 },
    pacemaker: { tokenMs: 5000, consensusMs: 1000 },
    drbd: { pingTimeoutMs: 500 },
  },
} satisfies Record<
  Timing,
  {
    heartbeat: HeartbeatOptions;
    keepalived: KeepalivedOptions;
    pacemaker: PacemakerOptions;
    drbd: DrbdOptions;
  }
>;

/** What the masters hold. */
export class VolumeOptions {
  /** Name of the DRBD resource and of the partition: letters, digits and dashes. */
  name?: string = "data";
  /** N of `/dev/drbdN`. */
  minor?: number = 0;
  /** Where the active master mounts it; the shares are directories in it. */
  mount?: string = "/srv/nfs";
}

/** How the volume is replicated. */
export class DrbdOptions {
  /** TCP port of the replication, on both masters. */
  port?: number = 7788;
  metadata?: DrbdMetadata = DrbdMetadata.Internal;
  /** How long the peer's kernel has for the answer to a ping, in tenths of a second: drbd.conf(5), ping-timeout. */
  pingTimeoutMs?: number = 300;
  /** When both disks are compared: a calendar expression of systemd's, or `off`. `weekly` is a time of the masters' own. */
  verify?: string = "weekly";
  /** Digest of that comparison. */
  verifyAlg?: VerifyAlg = VerifyAlg.Sha1;
  /** The most a resync may take, MiB/s. */
  resyncMaxRateMiB?: number = 100;
  /** What a resync takes even while clients keep the disks busy, MiB/s; 0 holds it back for nobody. */
  resyncMinRateMiB?: number = 4;
}

/** How long a master waits for a proof that its peer is not serving. */
export class FencingTimes {
  /** Milliseconds after which a master or witness that does not answer is silent. */
  silenceMs?: number = 400;
  /** Seconds that the device has for an answer. */
  deviceSeconds?: number = 20;
}

/** The NFS server. Times are in seconds. */
export class NfsOptions {
  /** Kernel threads of nfsd. */
  threads?: number = 8;
  /** NFSv4 lease: how long a silent client keeps its state. The kernel takes 10 to 3600 (fs/nfsd/nfsctl.c). */
  leaseSeconds?: number = 10;
  /** Grace period after a failover, not below the lease; it ends as soon as all known clients are back. */
  graceSeconds?: number = 10;
}

/** What a replica's health check goes by. */
export class HealthOptions {
  /** Lag above which a replica is late and a slave not read from, seconds. */
  maxLagSeconds?: number = 5;
  /** TCP port of health check and metrics on each replica. */
  healthPort?: number = 9479;
}

/** How changes reach slaves and push targets. */
export class ReplicationOptions extends HealthOptions {
  /** How long changes are gathered before they are sent, milliseconds. */
  coalesceMs?: number = 200;
  /** What the masters keep for replicas that are away, MiB; one that is further behind is compared in full. */
  journalLimitMiB?: number = 256;
  /** TCP port of metrics and status on the active master. */
  metricsPort?: number = 9478;
}

/** One host that gets copies. */
export class FeedOptions {
  /** KiB/s that replication to it may take; 0 is no limit. */
  bandwidthKiB?: number = 0;
}

/** VRRP between the proxies of the read pool. */
export class VrrpOptions {
  /** Virtual router, 1 to 255, of its own in the service network. */
  routerId?: number = 51;
}

/** Counts the rotations of the secrets of heartbeat, DRBD, fencing and replication. */
export const SECRETS_GENERATION = 1;

/** How a host is logged in on. */
export const SSH_PORT = 22;
export const SSH_USER = "root";

/** Seconds that a host may take to answer SSH. */
export const CONNECT_TIMEOUT_SECONDS = 300;

/** Each of the options, with its default where it is not `given`. */
export function withDefaults<T extends object>(Options: new () => T, given: Partial<T> = {}): Required<T> {
  const all = Object.entries(new Options()) as [keyof T, unknown][];
  return Object.fromEntries(all.map(([key, value]) => [key, given[key] ?? value])) as Required<T>;
}
