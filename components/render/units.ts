import { DrbdOptions } from "../options";

/** Answers the kernel's questions about exports, and nobody's on the network: NFSv4 needs no mount protocol. Runs on both masters, so that a takeover has not to wait for it. */
export const mountdUnit = `# made by ha-nfs
[Unit]
Description=NFS mount daemon of ha-nfs
Requires=proc-fs-nfsd.mount run-rpc_pipefs.mount
After=proc-fs-nfsd.mount run-rpc_pipefs.mount network.target
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/sbin/rpc.mountd --foreground --no-nfs-version 2 --no-nfs-version 3
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;

/** What is the same in the units of the doors: they are back at once, and the last that the kernel ends. */
const DOOR_SERVICE = `Restart=always
RestartSec=100ms
CPUSchedulingPolicy=rr
CPUSchedulingPriority=20
OOMScoreAdjust=-900
IPAddressDeny=any
IPAddressAllow=localhost`;

/** A master's door. It takes no address of its own: it must answer while one is away. */
export function doorUnit(port: number, peers: readonly string[]): string {
  return `# made by ha-nfs
[Unit]
Description=Door of this ha-nfs master, by which its peer outdates it
After=network.target
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/local/lib/ha-nfs/door peer 0.0.0.0 ${port}
${DOOR_SERVICE} ${peers.join(" ")}
RuntimeDirectory=ha-nfs
RuntimeDirectoryPreserve=yes

[Install]
WantedBy=multi-user.target
`;
}

/** The witness's door, which writes one file and needs no more. */
export function witnessUnit(port: number, masters: readonly string[]): string {
  return `# made by ha-nfs
[Unit]
Description=Witness of an ha-nfs pair
After=network.target
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/local/lib/ha-nfs/door witness 0.0.0.0 ${port}
${DOOR_SERVICE} ${masters.join(" ")}
StateDirectory=ha-nfs
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_INET

[Install]
WantedBy=multi-user.target
`;
}

/** The guard of a volume, before the unit `manager`. It leaves the service running when it ends: the next one takes it as it is. */
export const guardUnit = (manager: string) => `# made by ha-nfs
[Unit]
Description=Guard of the ha-nfs volume %i
Wants=ha-nfs-door.service
After=drbd@%i.target ha-nfs-door.service ha-nfs-mountd.service
Before=${manager}
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=/usr/local/lib/ha-nfs/guard %i
WatchdogSec=15
Restart=always
RestartSec=200ms
KillMode=process
OOMScoreAdjust=-900
RuntimeDirectory=ha-nfs
RuntimeDirectoryPreserve=yes

[Install]
WantedBy=multi-user.target
`;

/** Stops, at shutdown, after the cluster manager's unit `manager` and the guard, and before DRBD and the network. */
export const leaveUnit = (manager: string) => `# made by ha-nfs
[Unit]
Description=Polite end of the ha-nfs volume %i on this node
After=drbd@%i.service ha-nfs-door.service network-online.target
Before=ha-nfs@%i.service ${manager}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/local/lib/ha-nfs/leave %i
TimeoutStopSec=60

[Install]
WantedBy=multi-user.target
`;

/** The comparison of the two disks, which finds what neither DRBD nor a file system sees. */
export const compareUnit = `# made by ha-nfs
[Unit]
Description=Comparison of both masters' disks of the ha-nfs volume %i

[Service]
Type=oneshot
ExecStart=/usr/local/lib/ha-nfs/compare-disks %i
TimeoutStartSec=infinity
IOSchedulingClass=idle
`;

/** The comparison at `schedule`, a calendar expression of systemd's: by default at a time of the masters' own. On the standby it ends at once. */
export function compareTimer(schedule: string): string {
  return `# made by ha-nfs
[Unit]
Description=Comparison of both masters' disks, now and then

[Timer]
OnCalendar=${schedule}
${schedule === new DrbdOptions().verify ? "RandomizedDelaySec=1d\nFixedRandomDelay=yes\n" : ""}Persistent=no

[Install]
WantedBy=timers.target
`;
}
