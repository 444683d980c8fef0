import type { DrbdOptions } from "../options";

export interface DrbdNode {
  /** The node's name as `uname -n` gives it. */
  name: string;
  /** IPv4 address for the replication traffic. */
  address: string;
}

export interface DrbdResource extends Omit<Required<DrbdOptions>, "metadata" | "verify"> {
  /** Name of the resource, of the GPT partition and of the volume. */
  volume: string;
  /** N of `/dev/drbdN`. */
  minor: number;
  nodes: readonly DrbdNode[];
}

/** global_common.conf: nothing common but that LINBIT's usage counter is not asked. */
export const drbdGlobal = "# made by ha-nfs\nglobal {\n\tusage-count no;\n}\n";

/**
 * The DRBD 8.4 resource, the same on both nodes, with `@SHARED_SECRET@`, `@DISK@` and `@META_DISK@` where each
 * node puts its own.
 *
 * - Protocol C and the flushes (on by default): what the client was told is written is on both disks.
 * - ping-int 1, timeout 0.9 s: DRBD sees the peer's death within two seconds by itself, and at a promote within
 *   ping-timeout (drbd.conf(5) wants timeout below ping-int and connect-int). Defaults: 10 s, 6 s and 0.5 s.
 * - fencing: a primary that loses its peer writes nothing until fence-peer has proved that the other can't either; a peer
 *   that answers pings and no writes is lost after ko-count times timeout, 6.3 s. Without a disk and without the peer,
 *   I/O waits instead of failing.
 * - after-sb: after a split brain only a side without any change is given up; the rest is for a person to decide.
 * - no csums-alg: a block whose digest collides would count as in sync, for ever.
 * - c-plan-ahead and its kin: the resync's speed follows the link; drbd.conf(5)'s fixed 250 KiB/s would leave the pair
 *   without a second copy for hours.
 */
export function drbdResource(r: DrbdResource): string {
  return `# made by ha-nfs
resource ${r.volume} {
	device /dev/drbd${r.minor};
	disk @DISK@;
	meta-disk @META_DISK@;

	net {
		protocol C;
		cram-hmac-alg sha1;
		shared-secret "@SHARED_SECRET@";
		verify-alg ${r.verifyAlg};
		ping-int 1;
		ping-timeout ${r.pingTimeoutMs / 100};
		timeout 9;
		ko-count 7;
		connect-int 2;
		max-buffers 8000;
		max-epoch-size 8000;
		after-sb-0pri discard-zero-changes;
		after-sb-1pri consensus;
		after-sb-2pri disconnect;
		rr-conflict disconnect;
	}

	options {
		on-no-data-accessible suspend-io;
	}

	handlers {
		fence-peer "/usr/local/lib/ha-nfs/fence-peer";
		split-brain "/usr/local/lib/ha-nfs/split-brain";
		pri-on-incon-degr "echo b >/proc/sysrq-trigger";
	}

	disk {
		fencing resource-and-stonith;
		on-io-error detach;
		c-plan-ahead 20;
		c-fill-target 1M;
		c-min-rate ${r.resyncMinRateMiB}M;
		c-max-rate ${r.resyncMaxRateMiB}M;
	}
${r.nodes.map((n) => `\n\ton ${n.name} {\n\t\taddress ${n.address}:${r.port};\n\t}\n`).join("")}}
`;
}
