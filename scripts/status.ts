import type { NodeOutput } from "../components/nfsCluster";
import { type Answer, Health, judge, type ProxyReport, type Report, type Verdict } from "./judge";
import { type Nodes, ofRole, stackNodes, volumeOf } from "./nodes";
import { onNode } from "./remote";

export interface Status extends Verdict {
  masters: Record<string, Answer>;
  /** Empty without a read pool. */
  proxies: Record<string, Answer<ProxyReport>>;
}

/** Runs what base.sh has installed. */
async function ask<R>(node: NodeOutput, ...args: string[]): Promise<Answer<R>> {
  try {
    return JSON.parse(await onNode(node, ["/usr/local/lib/ha-nfs/report", ...args].join(" "))) as R;
  } catch (error) {
    return { unreachable: (error as Error).message };
  }
}

/** Asks both masters of a stack, and its proxies, all at once. */
export async function status(nodes: Nodes): Promise<Status> {
  const pair = ofRole(nodes, "master");
  const [masters, proxies] = await Promise.all([
    Promise.all(
      pair.map(async ([name, node]) => {
        const peer = pair.find(([other]) => other !== name)?.[0] ?? name;
        return [name, await ask<Report>(node, peer, volumeOf(node))] as const;
      }),
    ),
    Promise.all(
      ofRole(nodes, "proxy").map(async ([name, node]) => [name, await ask<ProxyReport>(node)] as const),
    ),
  ]);
  const reports = { masters: Object.fromEntries(masters), proxies: Object.fromEntries(proxies) };
  return { ...judge(reports.masters, reports.proxies), ...reports };
}

/** The status as a person reads it. */
export function table({ health, active, findings, masters, proxies }: Status): string {
  const rows = [
    ["master", "address", "DRBD role", "disk", "connection", "manager", "peer", "nfsd", "exports"],
  ];
  for (const [name, r] of Object.entries(masters)) {
    rows.push(
      "unreachable" in r
        ? [name, "unreachable"]
        : [
            name,
            r.vip ? "here" : "-",
            r.drbd.role || "-",
            r.drbd.disk || "-",
            r.drbd.connection || "-",
            r.manager?.runs ? "up" : r.manager?.waitsForPeer ? "waits" : "down",
            r.manager?.peer || "-",
            r.nfsdThreads > 0 ? `${r.nfsdThreads} threads` : "-",
            r.exports.join(", ") || "-",
          ],
    );
  }
  const replicas = Object.values(masters).flatMap((r) =>
    "unreachable" in r || !r.replication ? [] : Object.entries(r.replication.slaves).sort(byName),
  );
  const copies = [
    ["replica", "state", "lag", "backlog", "files sent", "bytes sent", "for rsync", "last error"],
    ...replicas.map(([name, r]) => [
      name,
      r.state,
      `${r.lagSeconds.toFixed(1)} s`,
      `${Math.ceil((r.backlogBytes ?? 0) / 1024)} KiB`,
      `${r.files}`,
      `${r.bytes}`,
      `${r.specialPending}`,
      r.lastError ? `${r.lastError.time} ${r.lastError.message}` : "-",
    ]),
  ];
  const pool = [
    ["proxy", "read address", "reads from"],
    ...Object.entries(proxies).map(([name, p]) =>
      "unreachable" in p
        ? [name, "unreachable"]
        : [
            name,
            p.address ? "here" : "-",
            Object.entries(p.slaves)
              .map(([slave, state]) => (state === "UP" ? slave : `(${slave} ${state})`))
              .join(", ") || "-",
          ],
    ),
  ];
  return [
    `${health}${active === null ? "" : `, ${active} is active`}`,
    "",
    ...aligned(rows),
    ...(replicas.length > 0 ? ["", ...aligned(copies)] : []),
    ...(pool.length > 1 ? ["", ...aligned(pool)] : []),
    ...findings.map((f) => `\n${f}`),
  ]
    .join("\n")
    .concat("\n");
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

async function main(): Promise<void> {
  const result = await status(stackNodes());
  process.stdout.write(
    process.argv.includes("--json") ? `${JSON.stringify(result, null, 2)}\n` : table(result),
  );
  process.exitCode = result.health === Health.Redundant ? 0 : 1;
}

if (require.main === module) {
  void main();
}
