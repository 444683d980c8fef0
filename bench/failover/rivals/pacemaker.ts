import { nvpairs, type Values } from "../../../components/render/pacemaker";
import { CLIENT_NETWORK, VIP } from "../machines";
import { LINK, type Master, MASTERS, SERVICE } from "./bare";
import { DEVICE, drbdResource, RESOURCE, type Sections } from "./drbd";
import { file } from "./heartbeat";
import type { Rival } from "./rival";

const VOLUME = "/srv/nfs";
const SHARE = `${VOLUME}/share`;
const STATE = `${VOLUME}/state`;
const TICKLE = `${VOLUME}/tickle`;

/** What a person who knows all the parts sets. */
export interface Tuning {
  /** Milliseconds; corosync's own where it is not given. */
  tokenMs?: number;
  consensusMs?: number;
  /** Options of DRBD's network. */
  net: Sections[string];
  /** nfs.conf(5). */
  nfsConf: string;
  /** Root's command that switches on or off what NFS 3 needs. */
  nfs3: string;
  /** More options of the cluster, and parameters of nfsserver. */
  options: Values;
  nfsserver: Values;
  /** Seconds between two looks at a resource; the agents' or the guide's where it is not given. */
  monitor?: number;
}

/** corosync.conf(5), of two networks. */
export function corosyncConf({ tokenMs, consensusMs }: Pick<Tuning, "tokenMs" | "consensusMs">): string {
  const nodes = MASTERS.map(
    (master, i) => `  node {
    name: ${master}
    nodeid: ${i + 1}
    ring0_addr: ${LINK[master]}
    ring1_addr: ${SERVICE[master]}
  }
`,
  );
  return `totem {
  version: 2
  cluster_name: nfs
  transport: knet
  crypto_cipher: none
  crypto_hash: none
${tokenMs === undefined ? "" : `  token: ${tokenMs}\n`}${consensusMs === undefined ? "" : `  consensus: ${consensusMs}\n`}}
quorum {
  provider: corosync_votequorum
  two_node: 1
}
nodelist {
${nodes.join("")}}
logging {
  to_stderr: no
  to_syslog: yes
}
`;
}

type Op = readonly [name: string, interval: number, more?: Values];

/** A primitive of the CIB. Seconds. */
function primitive(id: string, type: string, parameters: Values, ops: readonly Op[] = []): string {
  const [agent = "", provider = "", standard = ""] = type.split(":").reverse();
  const named = provider === "stonith" ? `class="stonith"` : `class="${standard}" provider="${provider}"`;
  const operations = ops.map(([name, interval, more = {}]) => {
    const attributes = Object.entries({ name, interval: `${interval}s`, ...more })
      .map(([key, value]) => `${key}="${value}"`)
      .join(" ");
    return `<op id="${id}-${name}-${interval}" ${attributes}/>`;
  });
  return [
    `<primitive id="${id}" ${named} type="${agent}">`,
    `<instance_attributes id="${id}-of">${nvpairs(`${id}-of`, parameters)}</instance_attributes>`,
    ...(operations.length === 0 ? [] : [`<operations>${operations.join("")}</operations>`]),
    `</primitive>`,
  ].join("");
}

/** The CIB's configuration. */
export function cib({ options, nfsserver, monitor }: Tuning): string {
  const every = (otherwise: number) => monitor ?? otherwise;
  const set = (element: string, id: string, values: Values) =>
    `<${element} id="${id}">${nvpairs(id, values)}</${element}>`;
  const port = { ip: VIP, portno: 2049, protocol: "tcp" };
  const drbd = [
    `<clone id="cl-drbd">`,
    set("meta_attributes", "cl-drbd-meta", {
      ...{ promotable: true, "promoted-max": 1, "promoted-node-max": 1 },
      ...{ "clone-max": 2, "clone-node-max": 1, notify: true, interleave: true },
    }),
    primitive("drbd", "ocf:linbit:drbd", { drbd_resource: RESOURCE }, [
      ["monitor", every(15), { role: "Promoted" }],
      ["monitor", every(15) * 2, { role: "Unpromoted" }],
    ]),
    `</clone>`,
  ];
  const group = [
    primitive("block", "ocf:heartbeat:portblock", { ...port, action: "block" }, [["monitor", every(10)]]),
    primitive("fs", "ocf:heartbeat:Filesystem", { device: DEVICE, directory: VOLUME, fstype: "ext4" }, [
      ["monitor", every(20)],
    ]),
    primitive(
      "nfsserver",
      "ocf:heartbeat:nfsserver",
      { nfs_server_scope: "nfs", nfs_shared_infodir: STATE, ...nfsserver },
      [["monitor", every(10)]],
    ),
    primitive(
      "exportfs",
      "ocf:heartbeat:exportfs",
      { directory: SHARE, options: "rw", clientspec: CLIENT_NETWORK, fsid: 101 },
      [["monitor", every(30)]],
    ),
    primitive("vip", "ocf:heartbeat:IPaddr2", { ip: VIP, cidr_netmask: 24, nic: "eth1" }, [
      ["monitor", every(10)],
    ]),
    primitive("unblock", "ocf:heartbeat:portblock", { ...port, action: "unblock", tickle_dir: TICKLE }, [
      ["monitor", every(10)],
    ]),
  ];
  const fences = MASTERS.map((master) =>
    primitive(`fence-${master}`, "stonith:fence_lab", { pcmk_host_list: master }),
  );
  return [
    `<configuration>`,
    `<crm_config>`,
    set("cluster_property_set", "cib-bootstrap-options", {
      "cluster-name": "nfs",
      "stonith-enabled": true,
      ...options,
    }),
    `</crm_config>`,
    `<nodes>${MASTERS.map((master, i) => `<node id="${i + 1}" uname="${master}"/>`).join("")}</nodes>`,
    `<resources>${[...fences, ...drbd, `<group id="g-nfs">`, ...group, `</group>`].join("")}</resources>`,
    `<constraints>`,
    ...MASTERS.map(
      (master) =>
        `<rsc_location id="fence-${master}-elsewhere" rsc="fence-${master}" node="${master}" score="-INFINITY"/>`,
    ),
    `<rsc_colocation id="nfs-on-drbd" rsc="g-nfs" with-rsc="cl-drbd" with-rsc-role="Promoted" score="INFINITY"/>`,
    `<rsc_order id="drbd-before-nfs" first="cl-drbd" first-action="promote" then="g-nfs" then-action="start" kind="Mandatory"/>`,
    `</constraints>`,
    `<rsc_defaults>`,
    set("meta_attributes", "rsc-options", { "resource-stickiness": 1, "migration-threshold": 3 }),
    `</rsc_defaults>`,
    `<op_defaults>`,
    set("meta_attributes", "op-options", { timeout: 600, "record-pending": true }),
    `</op_defaults>`,
    `</configuration>`,
    "",
  ].join("\n");
}

const CIB = "/root/cib.xml";

/** What has files open in nfsserver's bind mount, which it unmounts when it stops, and does not end. */
const STOPPED_WITH_NFS = ["nfsdcld", "fsidd"];

function pacemaker(name: string, about: string, tuning: Tuning): Rival {
  const drbd = drbdResource({
    net: { protocol: "C", ...tuning.net },
    disk: { fencing: "resource-and-stonith" },
    handlers: { "fence-peer": '"/usr/lib/drbd/stonith_admin-fence-peer.sh"' },
  });
  return {
    ...{ name, about, volume: VOLUME, share: SHARE },
    fill: `mkdir ${STATE} ${TICKLE}`,
    files: () => [
      { path: "etc/corosync/corosync.conf", mode: 0o644, content: corosyncConf(tuning) },
      { path: `etc/drbd.d/${RESOURCE}.res`, mode: 0o644, content: drbd },
      { path: "etc/nfs.conf.d/cluster.conf", mode: 0o644, content: tuning.nfsConf },
      ...["fence_lab", "iptables"].map((program) => ({
        path: `usr/sbin/${program}`,
        mode: 0o755,
        content: file(program),
      })),
      ...STOPPED_WITH_NFS.map((unit) => ({
        path: `etc/systemd/system/${unit}.service.d/cluster.conf`,
        mode: 0o644,
        content: "[Unit]\nPartOf=nfs-server.service\n",
      })),
      { path: CIB.slice(1), mode: 0o644, content: cib(tuning) },
    ],
    start: `systemctl daemon-reload; ${tuning.nfs3}; systemctl enable --now corosync pacemaker`,
    load: `tries=0
    until [ "$(crm_node -p | wc -w)" = 2 ] && [ "$(crmadmin -qD)" ]; do tries=$((tries + 1)); [ $tries -lt 90 ]; sleep 1; done
    cibadmin --replace --scope configuration --xml-file ${CIB}`,
    settled: () => `[ "$(crm_node -p | wc -w)" = 2 ] && crm_resource --wait`,
    handOver: (_from: Master, to: Master) => `crm_resource --move --resource g-nfs --node ${to}`,
    handedOver: (to: Master) => `crm_resource --wait; crm_resource --clear --resource g-nfs --node ${to}`,
  };
}

/**
 * Pacemaker as SUSE's guide "Highly Available NFS Storage with DRBD and Pacemaker" (SLE HA 15) configures it: the DRBD clone,
 * a group of Filesystem, nfsserver with its state on the volume and one scope, exportfs and IPaddr2; fencing, which it calls
 * mandatory, also for DRBD. Defaults of resources and operations are those of its `crm cluster init`. Else:
 *
 * - portblock around the rest of the group, as its own meta-data and LINBIT's linstor-gateway have it: for its tickles. It
 *   blocks nothing, for which user-mode Linux's kernel lacks iptables' tables; the address comes after the exports anyway.
 * - drbd-utils' other handler, stonith_admin-fence-peer.sh: Debian 13's crm-fence-peer.sh does not know the node states of
 *   Pacemaker 3 (`in_ccm="0"` for `"false"`), and a promote waits for its whole time limit where the peer is fenced long
 *   since: 144 s of stall, in one run.
 * - The lab's fence device where the guide has SBD, for which the lab has no third disk.
 * - nfsserver takes Debian's init script, and then leaves nfsdcld and fsidd running: systemd ends them with the server.
 * - One volume for share and state, as in Red Hat's guide; DRBD 8.4's names; corosync's own token of 3 s instead of SUSE's 5 s.
 */
export const pacemakerStock = pacemaker(
  "pacemaker-stock",
  "Pacemaker, corosync and their stock agents (drbd, portblock, Filesystem, nfsserver, exportfs, IPaddr2) as SUSE's guide has them, fenced by the lab's device; NFS lease and grace 90 s",
  { net: {}, nfsConf: "", nfs3: "systemctl enable --now rpcbind.socket", options: {}, nfsserver: {} },
);

/**
 * The same by a person who tunes each part: the times of corosync, DRBD and NFS as ours has them; NFS 4 alone, as Red Hat's
 * guide does it.
 */
export const pacemakerTuned = pacemaker(
  "pacemaker-tuned",
  "the same, tuned: token 1 s, DRBD pings each second, NFS 4 alone, lease and grace 10 s, looks each 5 s, a fenced node stays off",
  {
    tokenMs: 1000,
    consensusMs: 1200,
    net: { "ping-int": 1, "ping-timeout": 5, timeout: 9, "connect-int": 2, "ko-count": 7 },
    nfsConf: "[nfsd]\nlease-time=10\ngrace-time=10\nvers3=n\nvers4.0=n\n",
    nfs3: "systemctl mask --now rpc-statd.service rpcbind.service rpcbind.socket",
    options: { "stonith-action": "off" },
    nfsserver: { nfsv4_only: true, nfs_no_notify: true },
    monitor: 5,
  },
);
