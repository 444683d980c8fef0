/** Certificates and requests for them bear the cluster's name: corosync-qnetd lets in nobody under another. */
export const CLUSTER = "ha-nfs";

/** TCP port of corosync-qnetd. */
const QNETD_PORT = 5403;

/** One section of corosync.conf(5). */
export const block = (name: string, lines: readonly string[]): string =>
  `${name} {\n${lines.map((line) => line.replace(/^(?=.)/gm, "  ")).join("\n")}\n}`;

/** The least that corosync-qdevice takes for `timeout`: of its heartbeat, 0.8 of it, the least is a second. */
const LEAST_MS = 1250;

/**
 * The section `device` of corosync.conf's quorum, see corosync-qdevice(8).
 *
 * - A master that dies leaves its connection open, and until qnetd has missed 1.5 heartbeats of it, the other gets no vote:
 *   so heartbeats come as often as may be.
 * - Corosync gives its members no word of a change before the device has answered, or for `sync_timeout`: no longer than
 *   qnetd needs.
 */
export function deviceBlock(host: string, tokenMs: number): string {
  const timeout = Math.max(tokenMs, LEAST_MS);
  return block("device", [
    "model: net",
    "votes: 1",
    `timeout: ${timeout}`,
    `sync_timeout: ${2 * timeout}`,
    block("net", [`host: ${host}`, `port: ${QNETD_PORT}`, "algorithm: ffsplit", "tls: required"]),
  ]);
}

const COMMON = `StartLimitIntervalSec=0

[Service]
Restart=always
RestartSec=1s
OOMScoreAdjust=-900
`;

/** Corosync-qdevice, on a master: one that ends comes back. */
export const qdeviceDropIn = `# made by ha-nfs
[Unit]
${COMMON}`;

/** Corosync-qnetd, on the witness: it takes the masters alone, and by certificate. */
export const qnetdDropIn = (masters: readonly string[]): string => `# made by ha-nfs
[Unit]
${COMMON}ExecStart=
ExecStart=/usr/bin/corosync-qnetd -4 -f -s req -p ${QNETD_PORT}
IPAddressDeny=any
IPAddressAllow=localhost ${masters.join(" ")}
`;

const PEM = /^-----BEGIN ((?:NEW )?CERTIFICATE(?: REQUEST)?)-----\n[A-Za-z0-9+/=\n]+\n-----END \1-----$/gm;

/** Each certificate, or request for one, in what a script has printed. */
export const pems = (printed: string): string[] =>
  [...printed.replaceAll("\r", "").matchAll(PEM)].map(([pem]) => `${pem}\n`);
