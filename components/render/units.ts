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

/** Heartbeat's log daemon: with it a slow syslog cannot hold up heartbeat's own loop. */
export const logdUnit = `# made by ha-nfs
[Unit]
Description=Log daemon of heartbeat
Before=heartbeat.service
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/lib/heartbeat/ha_logd -c /etc/logd.cf
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;

export const logdCf = "# made by ha-nfs\nlogfacility daemon\n";

/** heartbeat.service joins only when this node's data are the newest or the peer's are at hand (wait-peer). */
export function heartbeatDropIn(volume: string): string {
  return `# made by ha-nfs
[Unit]
Wants=ha-nfs-logd.service drbd@${volume}.target
After=ha-nfs-logd.service drbd@${volume}.target ha-nfs-mountd.service

[Service]
ExecStartPre=/usr/local/lib/ha-nfs/wait-peer ${volume}
TimeoutStartSec=infinity
`;
}
