import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { running } from "../../lab/machines/choice";
import { stackDir } from "../../lab/paths";
import { readSpec } from "../../lab/spec";
import { killNode, linkUp, resumeNode, startNode } from "../../lab/vm";
import { seconds } from "../../scripts/clock";
import { Health } from "../../scripts/judge";
import type { Status } from "../../scripts/status";

/** What healing needs to know of a stack. */
export interface Patient {
  stack: string;
  /** The cluster manager's, of systemd. */
  unit: string;
  readonly masters: readonly string[];
  readonly all: readonly string[];
  on: (node: string, command: string) => Promise<string>;
  status: () => Promise<Status>;
}

/** What `npm run split-brain` runs on a master. */
const SPLIT = "/usr/local/lib/ha-nfs/split";
/** Seconds that a repair has to show that it was one. */
const PATIENCE = 60;

/** Ends whatever a fault, or a harness that was killed, has left: cables, frozen guests, dead ones, spoiled settings. */
export async function endFaults({ stack, all, masters, on }: Patient): Promise<void> {
  for (const file of ["fence.delay", "fence.broken"]) rmSync(join(stackDir(stack), file), { force: true });
  for (const node of all) {
    if (running(stack, node)?.paused) resumeNode(stack, node);
    if (!running(stack, node)) continue;
    for (const { role } of readSpec(stack, node).nics) await linkUp(stack, node, role);
  }
  await Promise.all(all.filter((node) => !running(stack, node)).map((node) => startNode(stack, node)));
  for (const node of masters) {
    const nics = readSpec(stack, node).nics.flatMap(({ device, address }) => [
      `ip address replace ${address} dev ${device}`,
      `tc qdisc delete dev ${device} root 2>/dev/null`,
    ]);
    const now = Math.round(seconds());
    const spoiled = [
      "sed -i /ha-nfs-fault/d /etc/exports",
      "fsfreeze --unfreeze /srv/nfs 2>/dev/null",
      "echo 0 >/sys/module/drbd/parameters/fault_rate",
      `d=$(($(date +%s) - ${now})); [ $d -gt -5 ] && [ $d -lt 5 ] || date -s @${now} >/dev/null`,
      '[ "$(drbdadm dstate data | cut -d/ -f1)" != Diskless ] || drbdadm attach data',
    ];
    await on(node, [...nics, ...spoiled, ":"].join("\n")).catch(() => undefined);
  }
}

/** Waits until the pair is redundant; the seconds that it took, or null. */
export async function redundant({ status }: Pick<Patient, "status">, limit: number): Promise<number | null> {
  const begun = seconds();
  while ((await status()).health !== Health.Redundant) {
    if (seconds() - begun > limit) return null;
    await sleep(1000);
  }
  return seconds() - begun;
}

/**
 * What a person would do, one thing after the other, until the pair is redundant: what had to be done, in words.
 * @param keep the master whose data are kept after a split brain; default the one that serves
 */
export async function repair(patient: Patient, keep?: string): Promise<string[]> {
  await endFaults(patient);
  if ((await redundant(patient, PATIENCE / 3)) !== null) return ["what was away brought back"];
  const done: string[] = [];
  for (const step of [discardOne, handOver, discardOne, powerCycle, discardOne, handOver]) {
    const what = await step(patient, keep);
    if (what) done.push(what);
    if (what && (await redundant(patient, PATIENCE)) !== null) return done;
  }
  const { findings } = await patient.status();
  throw new Error(`cannot be healed. Done: ${done.join(", ")}. ${findings.join(" ")}`);
}

/** After a split brain, the data of one master go: it is rebooted, so that it holds nothing. */
async function discardOne(patient: Patient, keep?: string): Promise<string | undefined> {
  const { stack, masters, on, status } = patient;
  const { health, masters: reports } = await status();
  if (health !== Health.SplitBrain) return undefined;
  const serving = (name: string) => {
    const report = reports[name];
    return report && !("unreachable" in report) && report.vip && report.mounted && report.nfsdThreads > 0;
  };
  const winner = keep ?? masters.find(serving) ?? masters[0] ?? "";
  const loser = masters.find((name) => name !== winner) ?? "";
  if (running(stack, loser)) await killNode(stack, loser);
  await startNode(stack, loser);
  const discard = [
    "for i in $(seq 30); do drbdadm cstate data >/dev/null 2>&1 && break; sleep 1; done",
    "drbdadm disconnect data; drbdadm secondary data",
    `${SPLIT} discard`,
  ];
  await on(loser, discard.join("\n"));
  await on(winner, `${SPLIT} connect`);
  return `split brain: ${loser}'s data discarded`;
}

/** The service goes to the other master: the cluster manager anew on the one that has the volume. */
async function handOver({ unit, masters, on, status }: Patient): Promise<string | undefined> {
  const { masters: reports } = await status();
  const holder = masters.find((name) => {
    const report = reports[name];
    return report && !("unreachable" in report) && report.drbd.role === "Primary";
  });
  if (!holder) return undefined;
  await on(holder, `timeout 30 systemctl stop ${unit}; systemctl start --no-block ${unit}`).catch(
    () => undefined,
  );
  return `${unit} restarted on ${holder}`;
}

async function powerCycle({ stack, masters }: Patient): Promise<string> {
  await Promise.all(masters.filter((node) => running(stack, node)).map((node) => killNode(stack, node)));
  await Promise.all(masters.map((node) => startNode(stack, node)));
  return "both power-cycled";
}
