import type { FeedOptions, ReplicationOptions } from "../options";

/** The replication's daemon on a master, its keys and its way to each replica. */

/** What a replica's host calls the login that the masters' key opens. */
export const LOGIN = "ha-nfs";

/** Where the masters keep what they know of the replicas: one file a replica in each folder. */
export const REPLICATOR = "/etc/ha-nfs/replicator";

/** Where the daemon on the active master tells its state, JSON. */
export const STATUS_FILE = "/run/ha-nfs/replicator.json";

export interface DaemonConf extends Omit<Required<ReplicationOptions>, "healthPort"> {
  /** Where the active master mounts the volume. */
  mount: string;
  /** The shares, directories in it. */
  shares: readonly string[];
  /** Where to tell metrics and status: IPv4 address. */
  metricsAddress: string;
}

/** What the daemon reads at its start and on SIGHUP, but for the replicas. */
export function daemonConf(c: DaemonConf): string {
  return json({
    root: c.mount,
    trees: c.shares,
    sshConfig: `${REPLICATOR}/ssh_config`,
    slavesDirectory: `${REPLICATOR}/slaves`,
    watch: "/usr/local/lib/ha-nfs/watch",
    coalesceMs: c.coalesceMs,
    maxLagSeconds: c.maxLagSeconds,
    journalLimitMiB: c.journalLimitMiB,
    metricsAddress: c.metricsAddress,
    metricsPort: c.metricsPort,
    statusFile: STATUS_FILE,
  });
}

/** What a replica gets, and how. */
export interface FeedConf extends Required<FeedOptions> {
  /** The shares that the replica gets. */
  shares: readonly string[];
}

/** What the daemon reads about one replica. */
export function feedConf(c: FeedConf): string {
  return json({ trees: c.shares, bandwidthKiB: c.bandwidthKiB });
}

const ED25519 = "ssh-ed25519";

/** The part of ssh_config(5) for all replicas. AES-GCM: of OpenSSH's ciphers the fastest with AES in the processor. */
export const sshConfig = `# made by ha-nfs
Include ${REPLICATOR}/ssh.d/*.conf

Host *
User ${LOGIN}
IdentityFile /etc/ha-nfs/secrets/replication
IdentitiesOnly yes
StrictHostKeyChecking yes
HostKeyAlgorithms ${ED25519}
Ciphers aes128-gcm@openssh.com,chacha20-poly1305@openssh.com
Compression no
ConnectTimeout 5
ServerAliveInterval 3
ServerAliveCountMax 3
`;

/** The part of ssh_config(5) for one replica. Its host key, `TYPE BASE64`, is pinned in a file of its own. */
export function sshHost(name: string, address: string, port: number, hostKey: string): string {
  const type = hostKey.split(" ", 1)[0];
  return `# made by ha-nfs
Host ${name}
HostName ${address}
Port ${port}
HostKeyAlias ${name}
UserKnownHostsFile ${REPLICATOR}/known_hosts/${name}
${type === ED25519 ? "" : `HostKeyAlgorithms ${type}\n`}`;
}

/** systemd.service(5): the resource agent starts and stops it with the volume, so it is not enabled. */
export function replicatorUnit(mount: string): string {
  return `# made by ha-nfs
[Unit]
Description=Sends what changes on the volume to the replicas
ConditionPathIsMountPoint=${mount}
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/bin/node --max-old-space-size=192 /usr/local/lib/ha-nfs/replicator.js master ${REPLICATOR}/daemon.json
ExecReload=kill -HUP $MAINPID
# what it has said last is not what the next one knows
ExecStopPost=rm -f ${STATUS_FILE}
Restart=always
RestartSec=1
TimeoutStopSec=5
# with ssh and rsync for every slave; whichever of them takes too much goes alone
MemoryMax=1G
OOMPolicy=continue
# the kernel's queue of changes outlives the daemon: what happens until the next one starts waits in it
NotifyAccess=all
FileDescriptorStoreMax=1
FileDescriptorStorePreserve=yes
# the volume is to be unmounted: nothing of it may be held
KillMode=control-group
# and so no setting that needs a mount namespace: that would hold the volume until the kernel has cleared it away
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_NICE CAP_SYS_PTRACE
RestrictAddressFamilies=AF_INET AF_UNIX
`;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
