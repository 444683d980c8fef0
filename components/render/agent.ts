import { assign } from "./shell";

export interface VolumeConf {
  /** Name of the DRBD resource. */
  volume: string;
  /** N of `/dev/drbdN`. */
  minor: number;
  /** Where the active node mounts the volume. */
  mount: string;
  /** Names of the shares, each a directory on the volume. */
  shares: readonly string[];
}

/**
 * How the active node mounts the volume (mount(8)). An NFS client follows symbolic links itself; here one that a client
 * has made leads nobody out of the volume, rsync and root included.
 */
const MOUNT_OPTIONS = "noatime,nodev,nosuid,nosymfollow,errors=remount-ro";

/** What the guard and the service's script read about the volume. */
export function volumeConf(c: VolumeConf): string {
  return [
    "# made by ha-nfs\n",
    assign("VOLUME", c.volume),
    assign("MINOR", String(c.minor)),
    assign("DEVICE", `/dev/drbd${c.minor}`),
    assign("MOUNT", c.mount),
    assign("MOUNT_OPTIONS", MOUNT_OPTIONS),
    assign("SHARES", c.shares.join(" ")),
    assign("SHARE_MODE", "1777"),
  ].join("");
}

export interface VipConf {
  /** IPv4 address without the prefix length. */
  address: string;
  /** More of them, which serve as well. */
  aliases: readonly string[];
  prefixLength: number;
  /** Interface that carries it. */
  device: string;
  /** Gratuitous ARPs at a takeover. */
  arpCount: number;
  /** Milliseconds between two of them. */
  arpIntervalMs: number;
  /** Run with the addresses: has a network that does not go by ARP lead them to this node. @default none: ARP does */
  mover?: string | undefined;
}

/** What they read about the virtual address. */
export function vipConf(c: VipConf): string {
  return [
    "# made by ha-nfs\n",
    assign("VIP", c.address),
    assign("VIP_ALIASES", c.aliases.join(" ")),
    assign("PREFIX", String(c.prefixLength)),
    assign("NIC", c.device),
    assign("ARP_COUNT", String(c.arpCount)),
    assign("ARP_INTERVAL_MS", String(c.arpIntervalMs)),
    ...(c.mover === undefined ? [] : [assign("MOVER", c.mover)]),
  ].join("");
}
