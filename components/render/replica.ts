import type { Service } from "../../replicator/slave/services";
import type { HealthOptions } from "../options";
import { LOGIN } from "./replication";

/** Where a slave mounts its data disk; the shares are directories in it. */
export const REPLICA = "/srv/replica";

const SOCKET = "/run/ha-nfs-replica/socket";
const RSYNC_SOCKET = "/run/ha-nfs-rsync.sock";

export interface ReplicaConf extends Required<HealthOptions> {
  /** Directory that holds the shares. */
  root: string;
  /** Where health check and metrics answer: IPv4 address. */
  healthAddress: string;
  /** What serves the copies, and has to answer besides. @default nothing */
  serves?: readonly Service[];
}

/** What the receiver reads. */
export function replicaConf(c: ReplicaConf): string {
  return `${JSON.stringify({ ...c, socket: SOCKET }, null, 2)}\n`;
}

/** May write below `root` and nowhere else, whatever a symbolic link in it says; owns what it likes there. */
const sandbox = (root: string) => `ProtectSystem=strict
ReadWritePaths=${root}
InaccessiblePaths=-/etc/ssh -/etc/ha-nfs/secrets
PrivateTmp=yes
PrivateDevices=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
NoNewPrivileges=yes
UMask=0000
`;

/** systemd.service(5) of the receiver. */
export function receiverUnit(root: string): string {
  return `# made by ha-nfs
[Unit]
Description=Receives the shares from the active master
RequiresMountsFor=${root}
After=network.target
StartLimitIntervalSec=0

[Service]
# what an rsync left that lost its power
ExecStartPre=-rm -rf ${root}/.ha-nfs/rsync
ExecStart=/usr/bin/node --max-old-space-size=128 /usr/local/lib/ha-nfs/replicator.js slave /etc/ha-nfs/replica.json
Group=${LOGIN}
RuntimeDirectory=ha-nfs-replica
RuntimeDirectoryMode=0750
Restart=always
RestartSec=1
TimeoutStopSec=10
MemoryMax=384M
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID
RestrictAddressFamilies=AF_INET AF_UNIX
${sandbox(root)}
[Install]
WantedBy=multi-user.target
`;
}

/** systemd.socket(5): each rsync of the masters gets a process of its own. */
export const rsyncSocket = `# made by ha-nfs
[Unit]
Description=Takes the files that the receiver's stream does not carry

[Socket]
ListenStream=${RSYNC_SOCKET}
SocketGroup=${LOGIN}
SocketMode=0660
Accept=yes

[Install]
WantedBy=multi-user.target
`;

/** rrsync refuses all that leaves `root`. CAP_SETFCAP for the capabilities of files, which are attributes. */
export function rsyncUnit(root: string): string {
  return `# made by ha-nfs
[Unit]
Description=rsync into ${root}
RequiresMountsFor=${root}
CollectMode=inactive-or-failed

[Service]
ExecStart=/usr/local/lib/ha-nfs/rsync-door open ${root}
StandardInput=socket
StandardOutput=journal
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_SETFCAP
RestrictAddressFamilies=AF_UNIX
PrivateNetwork=yes
${sandbox(root)}`;
}

/** sshd_config(5): the masters' key opens a login that can do one thing, and only from the masters' addresses. */
export const sshdConf = `# made by ha-nfs
Match User ${LOGIN}
AuthorizedKeysFile /etc/ha-nfs/authorized_keys
AuthenticationMethods publickey
ForceCommand /usr/local/lib/ha-nfs/receive
DisableForwarding yes
PermitTTY no
PermitUserRC no
Match all
`;

/** One line of authorized_keys(5). */
export function authorizedKey(publicKey: string, masters: readonly string[]): string {
  return `from="${masters.join(",")}",restrict ${publicKey}\n`;
}
