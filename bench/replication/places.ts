import { REPLICA } from "../../components/render/replica";

/** Where the bench keeps things on the nodes. */

/** The directory in the share that all workloads work in. */
export const WORK = "ha-nfs-bench";
/** On every node; not there after a reboot. */
export const RUN = "/run/ha-nfs-bench";
/** Where the client mounts the share. */
export const MOUNT = `${RUN}/mnt`;
/** Where lsyncd and rsync copy to on a slave: on the disk of our replica, and ours never looks there. */
export const COPY = `${REPLICA}/.ha-nfs/bench`;
/** ssh_config(5) with the bench's key, on the masters. */
export const SSH_CONFIG = `${RUN}/ssh_config`;
export const LSYNCD_UNIT = "ha-nfs-bench-lsyncd.service";
export const WRITER_UNIT = "ha-nfs-bench-writer.service";
export const OUR_UNIT = "ha-nfs-replicator.service";
/** Comment of the bench's key, by which it is found again. */
export const KEY_COMMENT = "ha-nfs-bench";
