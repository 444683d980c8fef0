import type { SeedFile } from "../../../lab/seed";
import type { Master } from "./bare";

/** Somebody else's way to make the pair serve NFS over DRBD, as files and commands on two bare masters. */
export interface Rival {
  readonly name: string;
  readonly about: string;
  /** What a master gets before all else; DRBD's resource and /etc/exports, too. */
  files(master: Master): SeedFile[];
  /** Where the volume is mounted, and the share on it. */
  readonly volume: string;
  readonly share: string;
  /** What the volume gets besides the share, by root's command on the first master while it is mounted. */
  readonly fill?: string;
  /** Root's command that starts the cluster manager, on both masters, once the volume has its file system. */
  readonly start: string;
  /** Root's command on the first master after that. */
  readonly load?: string;
  /** Root's command on a master that has booted: what the documentation leaves to a person. */
  readonly rejoin?: string;
  /** Ends with 0 when the manager takes both masters for members and has nothing left to do. */
  settled(master: Master): string;
  /** Moves the service by plan, on the master that serves. It need not wait for the end. */
  handOver(from: Master, to: Master): string;
  /** What is to be undone once the service has moved, on the new master. */
  handedOver?(to: Master): string;
}
