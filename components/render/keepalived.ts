import type { KeepalivedOptions } from "../options";

export interface VrrpConf extends Required<KeepalivedOptions> {
  /** Name of the volume whose service follows the VRRP master. */
  volume: string;
  /** Whether this master serves when both start. */
  isPreferred: boolean;
  /** Interface in the link network, this master's address there, and the peer's. */
  device: string;
  address: string;
  peer: string;
  /** Interface in the service network: a master without it serves nobody. */
  serviceDevice: string;
}

/**
 * keepalived.conf(5) of one master. VRRP is on the link, and the service's own script puts the address on the service
 * network: so there is none here. What it makes of its states, and what the bid is: manager.py.
 *
 * - The bid is added to the priority: a master that serves is never outbid, and one that hands over goes to FAULT, which
 *   sends priority 0, so that the peer need not miss three advertisements first.
 * - A link without carrier is no FAULT: its cable may end at the peer, which has just died.
 * - VRRP 3 has no authentication. A forged advertisement moves nothing: a primary obeys none, and DRBD refuses a second
 *   one. Those of other routers with the same id on that network are dropped (check_unicast_src).
 * - A round-robin priority, locked memory and a generous limit of its processor time (vrrp_rlimit_rttime, in microseconds):
 *   a busy master must not miss its own advertisements.
 */
export function vrrpConf(c: VrrpConf): string {
  return `# made by ha-nfs
global_defs {
  script_user root
  vrrp_version 3
  vrrp_rt_priority 50
  vrrp_no_swap
  vrrp_rlimit_rttime 1000000
  vrrp_notify_fifo /run/ha-nfs/.vrrp
}

track_file bid {
  file /run/ha-nfs/bid
  weight 1
}

vrrp_instance ${c.volume} {
  state BACKUP
  interface ${c.device}
  virtual_router_id ${c.routerId}
  priority ${c.isPreferred ? 101 : 100}
  advert_int ${c.advertMs / 1000}
  dont_track_primary
  no_virtual_ipaddress
  check_unicast_src
  unicast_src_ip ${c.address}
  unicast_peer {
    ${c.peer}
  }
  track_interface {
    ${c.serviceDevice}
  }
  track_file {
    bid
  }
}
`;
}

/**
 * Keepalived takes part only when this node's data are the newest or the peer's are at hand (wait-peer). One that is
 * stopped has the service stopped first; one that dies comes back, and the service goes on meanwhile: systemd runs ExecStop
 * then too, without a main process. The FIFO is made here, for keepalived takes one away at its end that it has made itself.
 */
export const vrrpUnit = (volume: string) => `# made by ha-nfs
[Unit]
Description=Says which master serves the ha-nfs volume ${volume}
Wants=drbd@${volume}.target ha-nfs@${volume}.service
After=network.target drbd@${volume}.target ha-nfs@${volume}.service
StartLimitIntervalSec=0

[Service]
ExecStartPre=/usr/local/lib/ha-nfs/wait-peer ${volume}
ExecStartPre=-/usr/bin/mkfifo -m 600 /run/ha-nfs/.vrrp
ExecStartPre=/bin/rm -f /run/ha-nfs/vrrp-state
ExecStart=/usr/sbin/keepalived --vrrp --dont-fork --log-console --no-syslog -f /etc/ha-nfs/keepalived.conf -p /run/ha-nfs-keepalived.pid
ExecReload=kill -HUP $MAINPID
ExecStop=/bin/sh -c '[ -z "\${MAINPID}" ] || exec /usr/local/lib/ha-nfs/wish down'
TimeoutStartSec=infinity
OOMScoreAdjust=-900
Restart=always
RestartSec=200ms

[Install]
WantedBy=multi-user.target
`;
