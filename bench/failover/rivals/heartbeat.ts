import { readFileSync } from "node:fs";
import path from "node:path";
import { CLIENT, CLIENT_NETWORK, VIP } from "../machines";
import { MASTERS } from "./bare";
import { DEVICE, drbdResource, RESOURCE } from "./drbd";
import type { Rival } from "./rival";

const VOLUME = "/data";

/** ha.cf as the article has it. Its ping node, a router, is the client here: the lab's network has no other. */
export const haCf = `debugfile /var/log/ha-debug
logfile /var/log/ha-log
logfacility local0
keepalive 2
deadtime 10
warntime 6
udpport 694
mcast eth2 225.0.0.192 694 1 0
auto_failback on
respawn hacluster /usr/libexec/heartbeat/ipfail
${MASTERS.map((master) => `node ${master}\n`).join("")}ping ${CLIENT}
`;

/** The article's order: the address first. */
export const haresources = `${MASTERS[0]} IPaddr2::${VIP}/24/eth1 drbddisk::${RESOURCE} Filesystem::${DEVICE}::${VOLUME}::ext4 nfsd\n`;

const drbd = drbdResource({
  disk: {
    "on-io-error": "detach",
    "disk-flushes": "no",
    "md-flushes": "no",
    "resync-rate": "1024M",
    "al-extents": 517,
  },
  net: {
    protocol: "C",
    "cram-hmac-alg": "sha1",
    "shared-secret": '"of-this-bench"',
    "sndbuf-size": "512k",
    "max-buffers": 8000,
    "unplug-watermark": 1024,
    "max-epoch-size": 8000,
    "after-sb-0pri": "disconnect",
    "after-sb-1pri": "disconnect",
    "after-sb-2pri": "disconnect",
    "rr-conflict": "disconnect",
  },
});

/**
 * Heartbeat 3 with haresources, as "NFS high availability: NFS, heartbeat, DRBD" (blog.51cto.com/svsky/1670851) has it; the
 * article `nfs+drbd+heartbeat` has the same parts, and deadtime 30. Else than there:
 *
 * - `IPaddr2` instead of `IPaddr`, which needs an ifconfig that Debian 13 does not install.
 * - Its `nfsd` ended the service by killall -9, which today's nfsd threads ignore: the init script does it.
 * - One network instead of two, beside the service's, for heartbeat and DRBD; DRBD's options by the names of 8.4.
 * - `fsid` in /etc/exports: a new device number would make the client's handles stale on a kernel of today, too.
 */
export const heartbeatStock: Rival = {
  name: "heartbeat-stock",
  about:
    "the article's: heartbeat 3, haresources with IPaddr2, drbddisk, Filesystem and nfsd, keepalive 2, deadtime 10, no fencing",
  volume: VOLUME,
  share: VOLUME,
  files: () => [
    { path: "etc/ha.d/ha.cf", mode: 0o644, content: haCf },
    { path: "etc/ha.d/authkeys", mode: 0o600, content: "auth 1\n1 crc\n" },
    { path: "etc/ha.d/haresources", mode: 0o644, content: haresources },
    { path: "etc/ha.d/resource.d/nfsd", mode: 0o755, content: file("nfsd") },
    { path: `etc/drbd.d/${RESOURCE}.res`, mode: 0o644, content: drbd },
    {
      path: "etc/exports",
      mode: 0o644,
      content: `${VOLUME} ${CLIENT_NETWORK}(rw,sync,no_root_squash,anonuid=0,anongid=0,no_subtree_check,fsid=1)\n`,
    },
  ],
  // it is started by hand after a boot, says the article
  start: "systemctl start rpcbind heartbeat",
  rejoin: `modprobe drbd && drbdadm up ${RESOURCE} && systemctl start rpcbind heartbeat`,
  settled: (master) =>
    `[ "$(cl_status nodestatus ${MASTERS.find((each) => each !== master)})" = active ] && [ "$(cl_status rscstatus)" != transition ]`,
  handOver: () => "/usr/share/heartbeat/hb_standby",
};

/** One of the programs in files/. */
export function file(name: string): string {
  return readFileSync(path.join(__dirname, "files", name), "utf8");
}
