import type { Share } from "./nfs";
import { REPLICA } from "./replica";

export interface ReadableShare {
  name: string;
  /** Who may read it: IPv4 addresses or CIDRs. */
  from: readonly string[];
}

export interface NginxConf {
  /** The slave's address in the service network. */
  address: string;
  shares: readonly ReadableShare[];
  /** Addresses of the proxies, whose word on the reader's address counts. */
  proxies: readonly string[];
}

/** The shares as slaves serve them: who may mount one may read its copies. */
export function readable(shares: readonly Share[]): ReadableShare[] {
  return shares.map(({ name, clients }) => ({ name, from: clients.map(({ from }) => from) }));
}

/**
 * nginx's configuration on a slave: each share at `/<share>/`, for the same clients as by NFS. A symbolic link is
 * followed only to a file of its own owner, so that none leads out of the tree to what the slave alone may read.
 */
export function nginxConf(c: NginxConf): string {
  const shares = c.shares.map(
    ({ name, from }) =>
      `    location /${name}/ {\n${from.map((source) => `      allow ${source};\n`).join("")}      deny all;\n    }\n`,
  );
  const proxies = c.proxies.map((proxy) => `  set_real_ip_from ${proxy};\n`);
  return `# made by ha-nfs
user www-data;
worker_processes auto;
pid /run/ha-nfs-http.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log off;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  disable_symlinks if_not_owner from=${REPLICA};
${proxies.join("")}${proxies.length > 0 ? "  real_ip_header X-Forwarded-For;\n" : ""}  server {
    listen ${c.address}:80 default_server;
    root ${REPLICA};
    location / { return 404; }
${shares.join("")}  }
}
`;
}

/** Has symbolic links followed in the copies, for the namespace in which it runs. */
export const FOLLOWING = `mount -o remount,bind,ro,nosuid,nodev,symfollow ${REPLICA}`;

/**
 * systemd.service(5) of nginx with our configuration, beside one that the host may have of its own. It alone sees the
 * copies with their symbolic links, read-only, in its own namespace: a deploy may be one, and nginx asks who owns it.
 */
export const httpUnit = `# made by ha-nfs
[Unit]
Description=Serves the slave's copy of the shares by HTTP
After=network.target
RequiresMountsFor=${REPLICA}
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/sh -c "${FOLLOWING} && exec /usr/sbin/nginx -c /etc/ha-nfs/nginx.conf -g 'daemon off;'"
ExecReload=/usr/sbin/nginx -c /etc/ha-nfs/nginx.conf -s reload
Restart=always
RestartSec=1
KillMode=mixed
ProtectHome=yes
ProtectSystem=full
PrivateTmp=yes
NoNewPrivileges=yes
InaccessiblePaths=-/etc/ha-nfs/secrets -/root

[Install]
WantedBy=multi-user.target
`;

/** nfs.conf(5) drop-in of a slave. */
export const slaveNfsConf = `# made by ha-nfs
[nfsd]
threads=8
vers3=n
vers4=y
vers4.0=n
vers4.1=y
vers4.2=y
`;
