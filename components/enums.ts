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
