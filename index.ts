import { NfsCluster } from "./components";
import { loadConfig } from "./config";
import { createHosts } from "./platform";

//       clients that write                      clients that read
//             │ mount vip:/srv/nfs/<share>              │ http://read vip/<share>/, or mount
//      ───────┴─────────── service network ─────────────┴──────────────────
//        │                                 │            │
//     master 1  ─ link: who lives, DRBD ── master 2    proxy 1 ── VRRP ── proxy 2
//   the active one has the volume, nfsd and the vip;    │ to each slave that keeps up
//   the cluster manager moves them together           slave 1  slave 2  slave 3  …
//        └── link: what changes, as it changes ─────────┴────────┴────────┘

const config = loadConfig();
const active = process.env["HA_NFS_ACTIVE"]; // `npm run up` has asked the masters
const cluster = new NfsCluster("nfs", { ...config, ...createHosts(config), active });

/** How to mount each share: `{ <name>: { server, path, mountOptions, mountCommand, fstab } }`. */
export const shares = cluster.shares;

/** Where to read the copies: `{ http: { url }, nfs: { server, path, mountCommand }, slaves: { <name>: … } }`. */
export const reads = cluster.reads;

/** How to reach each host: `{ <name>: { role, serviceAddress, managementAddress, sshCommand } }`. */
export const nodes = cluster.nodes;
