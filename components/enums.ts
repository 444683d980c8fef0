export { MachineType } from "../lab/machines/type";

/** What an NFS client may do with a share: the `rw` and `ro` options of exports(5). */
export enum Access {
  ReadWrite = "rw",
  ReadOnly = "ro",
}

/** Which users of an NFS client lose their identity and act as the share's anonymous one. See exports(5). */
export enum Squash {
  /** Only root: `root_squash`. */
  Root = "root",
  /** Everyone: `all_squash`. */
  All = "all",
  /** Nobody; root on the client is root on the share: `no_root_squash`. */
  None = "none",
}

/** Who says which of the two masters serves. */
export enum Manager {
  /** Linux-HA heartbeat 3, in its R1 mode: over two networks. */
  Heartbeat = "heartbeat",
  /** VRRP 3: detects a death soonest, over the link alone. */
  Keepalived = "keepalived",
  /** Corosync and Pacemaker, for sites that run them: over two networks. */
  Pacemaker = "pacemaker",
}

/** How long a master may be silent before its peer takes over: see the options' own times. */
export enum Timing {
  /** Machines that never stall for a second. A false alarm costs a refused takeover, and no data. */
  Fast = "fast",
  /** Machines that do: live migration, snapshots, a host with more guests than processors. */
  Patient = "patient",
}

/** How heartbeat sends its packets: the `ucast` and `mcast` directives of ha.cf(5). */
export enum HeartbeatTransport {
  Unicast = "ucast",
  Multicast = "mcast",
}

/** Digests for `drbdadm verify`, by their names in the kernel. */
export enum VerifyAlg {
  Sha1 = "sha1",
  Sha256 = "sha256",
}

/** Where DRBD keeps the metadata of a volume: the `meta-disk` option of drbd.conf(5). */
export enum DrbdMetadata {
  /** At the end of the data partition. */
  Internal = "internal",
  /** In a partition of its own. */
  External = "external",
}

/** How the virtual address comes to the master that serves, on AWS. */
export enum VipMode {
  /** A route to it in every route table that clients use: an address outside the VPC, across zones. */
  RouteTable = "route-table",
  /** A secondary address of the master's interface: within one subnet, and so within one zone. */
  SecondaryIp = "secondary-ip",
}
