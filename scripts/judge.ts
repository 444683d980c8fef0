import type { Status as Replication } from "../replicator/master/metrics";

/** What one master says of the cluster: the JSON of components/scripts/report. */
export interface Report {
  /** What the cluster manager knows; null before it is installed. */
  manager: {
    name: string;
    runs: boolean;
    /** Whether it waits, after a boot, for the peer's DRBD: this node's data may be old. */
    waitsForPeer: boolean;
    /** How it takes the peer: `active`, or another word of its own, such as `dead`; empty: it does not know. */
    peer: string;
    /** State of each of its paths to the peer, `up` or another word, by interface. */
    links: Record<string, string>;
  } | null;
  drbd: {
    connection: string;
    role: string;
    peerRole: string;
    disk: string;
    peerDisk: string;
    /** Whether I/O waits for a proof that the peer is not serving. */
    frozen: boolean;
    /** KiB that one disk lacks of the other's data; null when unknown. */
    outOfSyncKiB: number | null;
  };
  guard: {
    alive: boolean;
    /** What the cluster manager wants of this node: `up` or `down`. */
    wish: string;
    /** What the service is at: `stopped`, `serving`, `frozen`, `refused: …` and so on. */
    state: string;
    /** `fit`, `fit, without the witness`, or why it could not take the service over. */
    fit: string;
    /** What the guard has found, one sentence each. */
    findings: string[];
  };
  /** Whether DRBD has met two histories, and a person has not yet decided. */
  splitBrain: boolean;
  mounted: boolean;
  nfsdThreads: number;
  /** `path client` of each export that is in force. */
  exports: string[];
  /** Whether the virtual address is on this node. */
  vip: boolean;
  /** Whether NFS answers at the virtual address, asked from this node. */
  answers: boolean;
  /** Whether this master has the replication daemon. */
  replicates: boolean;
  /** What the daemon says; null where it does not run. */
  replication: Replication | null;
  /** Seconds since it last said so, which it does every second; null as above. */
  replicationSilence: number | null;
}

/** Seconds of silence after which what the daemon has said last is old. */
const SILENT = 10;

/** What one proxy says of the read pool: the JSON of components/scripts/report-proxy. */
export interface ProxyReport {
  /** Whether the read address is on it. */
  address: boolean;
  /** haproxy's state of each slave for HTTP (`UP`, `NOLB` or `DRAIN` while it lags, `DOWN`); empty when haproxy does not answer. */
  slaves: Record<string, string>;
}

/** A report, or why there is none. */
export type Answer<R = Report> = R | { unreachable: string };

export enum Health {
  /** Serving, and either master could be lost. */
  Redundant = "redundant",
  /** Serving, but the loss of one more thing stops the service or loses data. */
  Degraded = "degraded",
  /** Both masters have written without the other. */
  SplitBrain = "split brain",
  /** Nobody serves. */
  Down = "down",
}

export interface Verdict {
  health: Health;
  /** Name of the master that serves. */
  active: string | null;
  /** What is wrong, in plain words, one sentence each; empty when redundant. */
  findings: string[];
}

function isReport<R extends object>(answer: Answer<R>): answer is R {
  return !("unreachable" in answer);
}

/** The reports that came, who sent none, and a sentence for each of those. */
function sort<R extends object>(answers: Readonly<Record<string, Answer<R>>>) {
  const reports: (readonly [string, R])[] = [];
  const silent: string[] = [];
  const missing: string[] = [];
  for (const [name, answer] of Object.entries(answers)) {
    if (isReport(answer)) {
      reports.push([name, answer]);
      continue;
    }
    silent.push(name);
    missing.push(`${name} cannot be reached: ${answer.unreachable.replace(/\.$/, "")}.`);
  }
  return { reports, silent, missing };
}

/** What the two masters' answers mean together, and those of the proxies, if there are any. */
export function judge(
  masters: Readonly<Record<string, Answer>>,
  proxies: Readonly<Record<string, Answer<ProxyReport>>> = {},
): Verdict {
  const { reports, silent, missing } = sort(masters);
  const serving = reports.filter(([, r]) => r.vip && r.mounted && r.nfsdThreads > 0 && !r.drbd.frozen);
  const answering = reports.some(([, r]) => r.answers);
  // Of two, the other does not: NFS answers at the address, so this one has it.
  const elsewhere = answering && !reports.some(([, r]) => r.vip); // a frozen master has the address, and answers
  const active = serving[0]?.[0] ?? (elsewhere ? silent[0] : undefined) ?? null;
  const findings = [
    ...missing,
    ...reports.flatMap(([name, report]) => problems(name, report)),
    ...(active === null
      ? [
          `No master ${silent.length > 0 ? "that can be reached " : ""}serves: none has the address, the volume and nfsd together.`,
        ]
      : []),
    ...(serving.length > 0 && !answering ? ["NFS does not answer at the address."] : []),
    ...proxyProblems(proxies),
  ];
  const split = splitBrain(reports);
  if (split) {
    return { health: Health.SplitBrain, active: null, findings: [split, ...findings] };
  }
  const health =
    active === null || !answering ? Health.Down : findings.length > 0 ? Health.Degraded : Health.Redundant;
  return { health, active, findings };
}

/** Two that serve at once, or what DRBD has met and its handler has noted; a lost connection alone is neither. */
function splitBrain(reports: readonly (readonly [string, Report])[]): string | undefined {
  const primaries = reports
    .filter(([, r]) => r.drbd.role === "Primary" && !r.drbd.frozen)
    .map(([name]) => name);
  if (primaries.length > 1) {
    return `Split brain: ${primaries.join(" and ")} are both primary, and each takes writes that the other lacks.`;
  }
  const noted = reports.filter(([, r]) => r.splitBrain).map(([name]) => name);
  if (noted.length > 0) {
    return `Split brain: DRBD on ${noted.join(" and ")} has refused the peer's data, for both have writes that the other lacks. Nothing has been discarded.`;
  }
  return undefined;
}

function managerProblems(node: string, manager: Report["manager"]): string[] {
  if (!manager) return ["the cluster manager is not installed: the first up has not come so far."];
  const { name, runs, waitsForPeer, peer, links } = manager;
  if (waitsForPeer) {
    return [
      `${name} waits for the peer's DRBD, for this node's data may be older than the peer's. Bring the peer back. If it is lost for good: npm run start-alone -- ${node} (it says what may be lost, and asks twice).`,
    ];
  }
  if (!runs) return [`${name} is not running.`];
  return [
    ...(peer === "active" ? [] : [`${name} sees the peer as ${peer || "unknown"}.`]),
    ...Object.entries(links)
      .filter(([, state]) => state !== "up")
      .map(([link, state]) => `the ${name} path over ${link} is ${state || "unknown"}.`),
  ];
}

function problems(name: string, r: Report): string[] {
  const found: string[] = [];
  const say = (when: boolean, sentence: string) => when && found.push(`${name}: ${sentence}`);
  found.push(...managerProblems(name, r.manager).map((sentence) => `${name}: ${sentence}`));
  say(r.drbd.connection === "", "DRBD is not up.");
  say(
    !["Connected", "VerifyS", "VerifyT", ""].includes(r.drbd.connection),
    `DRBD is ${r.drbd.connection}${r.drbd.outOfSyncKiB ? `, ${r.drbd.outOfSyncKiB} KiB out of sync` : ""}.`,
  );
  say(
    r.drbd.connection !== "" && r.drbd.disk !== "UpToDate",
    r.drbd.disk === "Outdated"
      ? "its disk is Outdated: the peer has written without it, so it takes nothing over until they have met."
      : `its disk is ${r.drbd.disk}.`,
  );
  say(!r.guard.alive, "the guard is not running: nothing starts, repairs or stops the service.");
  say(r.guard.state.startsWith("refused"), `it is to serve and does not: ${r.guard.state}.`);
  found.push(...r.guard.findings.map((finding) => `${name}: ${finding}.`));
  say(r.drbd.role === "Primary" && !r.mounted, "DRBD is primary, but the volume is not mounted.");
  say(r.vip && !r.mounted, "has the address, but not the volume.");
  say(r.mounted && r.nfsdThreads === 0, "has the volume, but nfsd is not running.");
  say(
    r.mounted && r.replicates && !r.replication,
    "has the volume, but the replication daemon is not running, or has only just started.",
  );
  say(
    (r.replicationSilence ?? 0) > SILENT,
    `the replication daemon has said nothing for ${r.replicationSilence} s; what is known of the slaves is as old.`,
  );
  return r.replication ? [...found, ...replicationProblems(name, r.replication)] : found;
}

function proxyProblems(proxies: Readonly<Record<string, Answer<ProxyReport>>>): string[] {
  const { reports, missing } = sort(proxies);
  const holders = reports.filter(([, { address }]) => address).map(([name]) => name);
  const silent = reports.filter(([, { slaves }]) => Object.keys(slaves).length === 0);
  const unread = new Map<string, string[]>();
  for (const [name, { slaves }] of reports) {
    for (const [slave, state] of Object.entries(slaves)) {
      if (state !== "UP") unread.set(slave, [...(unread.get(slave) ?? []), `${state} for ${name}`]);
    }
  }
  return [
    ...missing,
    ...(holders.length === 0 && reports.length > 0 ? ["No proxy has the read address."] : []),
    ...(holders.length > 1 ? [`${holders.join(" and ")} both have the read address.`] : []),
    ...silent.map(([name]) => `${name}: haproxy does not answer.`),
    ...[...unread].map(([slave, states]) => `${slave} is not read from: ${states.join(", ")}.`),
  ];
}

function replicationProblems(master: string, { feed, slaves, maxLagSeconds }: Replication): string[] {
  const found = feed.error === undefined ? [] : [`${master}: changes cannot be recorded: ${feed.error}.`];
  for (const [name, { state, connected, lagSeconds, lastError, failing = 0, failures }] of Object.entries(
    slaves,
  )) {
    const [first] = failures ?? [];
    if (first) {
      const more = failing > 1 ? ` and ${failing - 1} more` : "";
      found.push(`${name} has not ${first.path}${more} as it is, since ${first.since}: ${first.message}.`);
    }
    const why = lastError ? `: ${lastError.message}` : "";
    if (state === "stuck") found.push(`${name} takes no changes${why}.`);
    else if (!connected) found.push(`${name} is not connected${why}.`);
    else if (lagSeconds > maxLagSeconds) {
      found.push(`${name} is ${lagSeconds.toFixed(1)} s behind, and the limit is ${maxLagSeconds} s.`);
    }
  }
  return found;
}
