import { NfsCluster } from "./components";
import { loadConfig } from "./config";
import { createHosts } from "./platform";

//          clients
//             │ mount vip:/srv/nfs/<share>
//      ───────┴─────────── service network ───────────
//        │                                 │
//     master 1  ── link: heartbeat, DRBD ── master 2
//   the active one has the volume, nfsd and the vip; heartbeat moves them together

const config = loadConfig();
const hosts = createHosts(config);
const cluster = new NfsCluster("nfs", { ...hosts, ...config, masters: hosts.masters });

/** How to mount each share: `{ <name>: { server, path, mountOptions, mountCommand, fstab } }`. */
export const shares = cluster.shares;

/** How to reach each host: `{ <name>: { role, serviceAddress, managementAddress, sshCommand } }`. */
export const nodes = cluster.nodes;
