import type { VrrpOptions } from "../options";
import type { ReadableShare } from "./reads";

/** One slave as the proxies see it. */
export interface PoolMember {
  name: string;
  /** Address in the service network, without the prefix length. */
  address: string;
}

export interface HaproxyCfg {
  /** The read address. */
  vip: string;
  /** This proxy's own address, for its metrics. */
  address: string;
  members: readonly PoolMember[];
  shares: readonly ReadableShare[];
  /** Port of the slaves' health check. */
  healthPort: number;
}

/** Port of haproxy's own metrics in Prometheus text format. */
const METRICS_PORT = 8404;

/** What a slave must answer to be within the lag limit; without it, it only has to live. */
const CHECKED = "  option httpchk GET /pool\n  http-check disable-on-404\n";

/**
 * haproxy.cfg: HTTP is spread over all slaves within the lag limit, and a request that a dying slave has not answered
 * goes to another one. An NFS client stays on its slave, for each has file handles of its own. A slave answers 404 on
 * /pool when its lag is over the limit: that drains it (disable-on-404), and who is on it already may stay. When all are
 * over the limit, as in a failover of the masters, all that live are read from: better late than not at all.
 *
 * By NFS a slave sees the proxy and not the client. So the proxy itself asks for a port that only root has, and only who
 * may read every share may mount through here.
 */
export function haproxyCfg(c: HaproxyCfg): string {
  const members = [...c.members].sort((a, b) => (a.name < b.name ? -1 : 1));
  const servers = (port: number) =>
    members.map(({ name, address }) => `  server ${name} ${address}:${port}\n`).join("");
  const http = (name: string, check = "") => `backend ${name}
  mode http
  balance roundrobin
${check}  retries 3
  option redispatch 1
  retry-on conn-failure empty-response junk-response response-timeout
${servers(80)}`;
  const nfs = (name: string, check = "") => `backend ${name}
  mode tcp
  balance source
  hash-type consistent
  timeout server 1h
  option srvtcpka
${check}  default-server on-marked-down shutdown-sessions
${servers(2049)}`;
  const acls = c.shares.map(({ name, from }) => `  acl may_read_${name} src ${from.join(" ")}\n`).join("");
  const all = c.shares.map(({ name }) => `may_read_${name}`).join(" ");
  return `# made by ha-nfs
global
  user haproxy
  group haproxy
  maxconn 4096

defaults
  timeout connect 1s
  timeout client 30s
  timeout server 4s
  timeout check 2s
  default-server check port ${c.healthPort} inter 1s fastinter 500ms downinter 1s fall 2 rise 2

frontend http
  mode http
  bind ${c.vip}:80
  http-request set-header X-Forwarded-For %[src]
  http-request disable-l7-retry unless METH_GET
  use_backend slaves_http if { nbsrv(slaves_http) gt 0 }
  default_backend late_http

${http("slaves_http", CHECKED)}
${http("late_http")}
frontend nfs
  mode tcp
  bind ${c.vip}:2049
  timeout client 1h
  option clitcpka
  acl privileged src_port lt 1024
${acls}  tcp-request connection reject unless privileged ${all}
  use_backend slaves_nfs if { nbsrv(slaves_nfs) gt 0 }
  default_backend late_nfs

${nfs("slaves_nfs", CHECKED)}
${nfs("late_nfs")}
frontend metrics
  mode http
  bind ${c.address}:${METRICS_PORT}
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 404
`;
}

export interface KeepalivedConf extends Required<VrrpOptions> {
  vip: string;
  /** Prefix length of the service network. */
  prefixLength: number;
  /** Interface in the service network. */
  device: string;
  /** This proxy's address there, and the other's. */
  address: string;
  peer: string;
}

/** keepalived.conf(5): the address is where haproxy runs, and stays there when the other proxy comes back. */
export function keepalivedConf(c: KeepalivedConf): string {
  return `# made by ha-nfs
global_defs {
  vrrp_version 3
  enable_script_security
}

vrrp_track_process haproxy {
  process haproxy
}

vrrp_instance reads {
  state BACKUP
  nopreempt
  interface ${c.device}
  virtual_router_id ${c.routerId}
  priority 100
  advert_int 0.5
  unicast_src_ip ${c.address}
  unicast_peer {
    ${c.peer}
  }
  virtual_ipaddress {
    ${c.vip}/${c.prefixLength} dev ${c.device}
  }
  track_process {
    haproxy
  }
}
`;
}

/** haproxy listens on the address also while the other proxy has it. */
export const proxySysctl = "# made by ha-nfs\nnet.ipv4.ip_nonlocal_bind = 1\n";

/** systemd.service(5) of haproxy with our configuration. */
export const haproxyUnit = `# made by ha-nfs
[Unit]
Description=Spreads readers over the slaves
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=/usr/sbin/haproxy -Ws -f /etc/ha-nfs/haproxy.cfg -p /run/ha-nfs-haproxy.pid
ExecReload=/usr/sbin/haproxy -Ws -f /etc/ha-nfs/haproxy.cfg -c -q
ExecReload=kill -USR2 $MAINPID
KillMode=mixed
SuccessExitStatus=143
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;

/** systemd.service(5) of keepalived with our configuration. */
export const keepalivedUnit = `# made by ha-nfs
[Unit]
Description=Keeps the read address on one of the two proxies
After=network.target ha-nfs-haproxy.service
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/sbin/keepalived --dont-fork --log-console --no-syslog -f /etc/ha-nfs/keepalived.conf -p /run/ha-nfs-keepalived.pid
ExecReload=kill -HUP $MAINPID
KillMode=process
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;
