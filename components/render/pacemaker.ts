import { createHash } from "node:crypto";
import type { PacemakerOptions } from "../options";
import { block, deviceBlock } from "./quorumDevice";

/** One of the two masters, as corosync knows it. */
export interface CorosyncNode {
  /** As `uname -n` gives it. */
  name: string;
  /** Its IPv4 addresses: in the link network, and in the service network. */
  addresses: readonly string[];
}

export interface CorosyncConf extends Omit<Required<PacemakerOptions>, "quorumDevice"> {
  nodes: readonly CorosyncNode[];
  /** Address of the host whose corosync-qnetd has a vote too. @default none */
  witness?: string | undefined;
}

/** Where secrets.sh puts the key. */
const KEY_FILE = "/etc/ha-nfs/secrets/corosync";

/**
 * corosync.conf(5), the same on both nodes.
 *
 * - Two networks, each with a port of its own; all is signed and enciphered.
 * - Either node alone has the quorum, and need not have met the other first (wait_for_all): whether it may serve, its data
 *   decide, for which corosync waits at the boot (wait-peer), and DRBD. With a quorum device two of three votes are needed.
 */
export function corosyncConf(c: CorosyncConf): string {
  const links = (c.nodes[0]?.addresses ?? []).map((_, i) =>
    block("interface", [`linknumber: ${i}`, `mcastport: ${c.port + i}`]),
  );
  const nodes = c.nodes.map(({ name, addresses }, i) =>
    block("node", [
      `name: ${name}`,
      `nodeid: ${i + 1}`,
      ...addresses.map((address, link) => `ring${link}_addr: ${address}`),
    ]),
  );
  return [
    "# made by ha-nfs",
    block("totem", [
      "version: 2",
      "cluster_name: ha-nfs",
      "transport: knet",
      "crypto_cipher: aes256",
      "crypto_hash: sha256",
      `keyfile: ${KEY_FILE}`,
      `token: ${c.tokenMs}`,
      `consensus: ${c.consensusMs}`,
      ...links,
    ]),
    block("nodelist", nodes),
    block("quorum", [
      "provider: corosync_votequorum",
      ...(c.witness === undefined ? ["two_node: 1"] : [deviceBlock(c.witness, c.tokenMs)]),
      "wait_for_all: 0",
    ]),
    block("logging", ["to_stderr: no", "to_syslog: yes"]),
    "",
  ].join("\n");
}

/** Corosync's key, 256 characters, of which it takes 128 to 4096: from a secret of the stack. */
export function corosyncKey(secret: string): string {
  const part = (of: number) => createHash("sha512").update(`corosync ${of} ${secret}`).digest("hex");
  return part(1) + part(2);
}

export interface Cib {
  /** Name of the volume whose service is the resource. */
  volume: string;
  /** Both nodes' names, the one that serves when both start first. */
  nodes: readonly string[];
  /** Whether the masters have a fence device. */
  fences: boolean;
}

/** One element of Pacemaker's configuration: its section, its id, and its text in one line. */
interface Element {
  scope: string;
  id: string;
  xml: string;
}

/** Names and values of nvpairs. */
export type Values = Readonly<Record<string, string | number | boolean>>;

/** The nvpairs of a set, whose id is `id`. */
export function nvpairs(id: string, values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`)
    .join("");
}

export function op(resource: string, name: string, interval: string, timeout: string): string {
  return `<op id="${resource}-${name}" name="${name}" interval="${interval}" timeout="${timeout}"/>`;
}

/** The id of the one resource. */
export const serviceOf = (volume: string) => `ha-nfs-${volume}`;

/**
 * What ha-nfs has in the CIB, an element a line: `SECTION ID XML`. All else there is the site's, and stays; and what the site
 * sets in `cib-bootstrap-options` goes before our options.
 *
 * - A node without quorum keeps what it runs and takes nothing: DRBD says whether it may go on.
 * - The first node is preferred by less than what holds the service where it is: so there is no failback.
 * - A node that hands over says so in an attribute, which no boot outlives, and not by a constraint.
 * - A failed start or stop is forgotten after a minute, so that nobody need clean up.
 */
export function cib({ volume, nodes, fences }: Cib): string {
  const service = serviceOf(volume);
  const elements: Element[] = [
    {
      scope: "crm_config",
      id: "ha-nfs-options",
      xml: `<cluster_property_set id="ha-nfs-options">${nvpairs("ha-nfs-options", {
        "stonith-enabled": fences,
        "stonith-action": "off",
        "stonith-max-attempts": 1000,
        "no-quorum-policy": "freeze",
        "cluster-recheck-interval": "60s",
      })}</cluster_property_set>`,
    },
    ...(fences ? nodes.map(fenceDevice) : []),
    {
      scope: "resources",
      id: service,
      xml: [
        `<primitive id="${service}" class="ocf" provider="ha-nfs" type="service">`,
        `<meta_attributes id="${service}-meta">`,
        nvpairs(`${service}-meta`, {
          "resource-stickiness": 1000,
          "migration-threshold": 3,
          "failure-timeout": "60s",
        }),
        `</meta_attributes>`,
        `<instance_attributes id="${service}-of">${nvpairs(`${service}-of`, { volume })}</instance_attributes>`,
        `<operations>`,
        op(service, "start", "0s", "90s"),
        op(service, "stop", "0s", "90s"),
        op(service, "monitor", "2s", "20s"),
        `</operations></primitive>`,
      ].join(""),
    },
    {
      scope: "constraints",
      id: `${service}-preferred`,
      xml: `<rsc_location id="${service}-preferred" rsc="${service}" node="${nodes[0]}" score="100"/>`,
    },
    {
      scope: "constraints",
      id: `${service}-leaves`,
      xml: [
        `<rsc_location id="${service}-leaves" rsc="${service}">`,
        `<rule id="${service}-leaves-rule" score="-INFINITY">`,
        `<expression id="${service}-leaves-told" attribute="${LEAVES}" operation="eq" value="1"/>`,
        `</rule></rsc_location>`,
      ].join(""),
    },
    ...(fences ? nodes.map(notOnItself) : []),
  ];
  return elements.map(({ scope, id, xml }) => `${scope} ${id} ${xml}\n`).join("");
}

/** The attribute of a node that hands over: manager.py. */
const LEAVES = "ha-nfs-leaves";

/** What fences one node, through our agent, on the other. */
function fenceDevice(node: string): Element {
  const id = `ha-nfs-fence-${node}`;
  return {
    scope: "resources",
    id,
    xml: [
      `<primitive id="${id}" class="stonith" type="fence_ha_nfs">`,
      `<instance_attributes id="${id}-of">`,
      nvpairs(`${id}-of`, { pcmk_host_list: node, pcmk_off_timeout: "60s", pcmk_off_retries: 1 }),
      `</instance_attributes>`,
      `<operations>${op(id, "monitor", "120s", "60s")}</operations></primitive>`,
    ].join(""),
  };
}

function notOnItself(node: string): Element {
  const id = `ha-nfs-fence-${node}-elsewhere`;
  return {
    scope: "constraints",
    id,
    xml: `<rsc_location id="${id}" rsc="ha-nfs-fence-${node}" node="${node}" score="-INFINITY"/>`,
  };
}

/**
 * Corosync takes part only when this node's data are the newest or the peer's are at hand (wait-peer), and Pacemaker comes
 * after it. One that dies comes back, and the service goes on meanwhile: systemd ends Pacemaker with corosync, and would start
 * it again only with the first try of corosync's.
 */
export const corosyncDropIn = (volume: string) => `# made by ha-nfs
[Unit]
Wants=drbd@${volume}.target ha-nfs@${volume}.service pacemaker.service
After=drbd@${volume}.target ha-nfs@${volume}.service
StartLimitIntervalSec=0

[Service]
ExecStartPre=/usr/local/lib/ha-nfs/wait-peer ${volume}
TimeoutStartSec=infinity
OOMScoreAdjust=-900
Restart=always
RestartSec=200ms
`;

/** Pacemaker ends for good where it was told that it has been fenced; a master that was not comes back. */
export const pacemakerDropIn = (volume: string) => `# made by ha-nfs
[Unit]
After=ha-nfs@${volume}.service
StartLimitIntervalSec=0

[Service]
OOMScoreAdjust=-900
Restart=always
RestartSec=200ms
`;
