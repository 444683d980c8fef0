import { setTimeout as sleep } from "node:timers/promises";
import { quote } from "../../components/remote/shell";
import { clockOffset, seconds } from "../../scripts/operator/clock";
import { type Ack, missingRecords } from "../../scripts/operator/drillReport";
import { Health } from "../../scripts/operator/judge";
import { Writer } from "../../scripts/operator/writer";
import type { Outputs } from "../lab/stack";
import { FAILED, type Fault, type Mode, type Run } from "./fault";
import { Hands } from "./hands";
import { type Patient, redundant, repair } from "./heal";
import { both, lateReplies, lockFaults, serves, stall, takesWrites, wrongAcks } from "./oracles";
import { Recorder } from "./recorder";

const RECORD_MS = 20;
/** Seconds that the service has to come back once the fault has ended, and that it is loaded then. */
const SERVICE_LIMIT = 10;
const LOAD_AFTER = 10;
const RELEASE_LIMIT = 20_000;
/** Seconds in which it is looked whether a hand is needed, where one is expected. */
const HAND_LIMIT = 30;
/** Who writes, and who looks with a fresh view. */
const WRITER = "client";
const READER = "c2";
const VIEW = "/run/ha-nfs-faults-view";
/** Takes away the mounts of a harness that was killed. */
const TIDY = "for d in /run/ha-nfs-*; do while umount -l $d 2>/dev/null; do :; done; done";

export interface Theatre {
  patient: Patient;
  outputs: Outputs;
  mode: Mode;
  code: string;
  /** Seconds in which the pair must have healed without hands. */
  patience: number;
  rotate: () => Promise<unknown>;
  say: (text: string) => void;
}

/** Runs a fault once on a pair that is redundant, and leaves it so: what came of it, and all that was seen. */
export async function play(fault: Fault, theatre: Theatre): Promise<{ run: Run; seen: object }> {
  const { patient, outputs, mode, say } = theatre;
  const { stack, on } = patient;
  const { active, masters } = await patient.status();
  const standby = Object.keys(masters).find((name) => name !== active);
  const client = outputs.nodes[WRITER];
  if (!active || !standby || !client) throw new Error("nobody is active, or there is no client");
  const at = new Date().toISOString();
  const notes: string[] = [];
  for (const name of [WRITER, READER]) await on(name, TIDY);
  const recorder = new Recorder(stack, outputs);
  const writer = await Writer.start(client, outputs.shares, RECORD_MS, await clockOffset(client));
  try {
    await recorder.start([WRITER, READER]);
    while (writer.acknowledged.length < 100) await sleep(100);

    const hands = new Hands({
      ...{ stack, mode, active, standby, on, rotate: theatre.rotate },
      acks: () => writer.acknowledged,
      isRedundant: async () => (await patient.status()).health === Health.Redundant,
    });
    const begun = seconds();
    say(`  ${active} is active; the fault begins`);
    try {
      await fault.inject(hands);
    } catch (error) {
      notes.push(`a step of the fault failed: ${(error as Error).message}`);
    }
    say(`  the fault has ended after ${(seconds() - begun).toFixed(1)} s`);
    const ended = seconds();
    // whoever writes ends when the server answers, which it may never do
    const release = () =>
      Promise.race([Promise.all([writer.stop(), recorder.release()]), sleep(RELEASE_LIMIT)]);
    // a resync waits for whoever writes (c-min-rate), so the load ends first, where there is a service to end it
    const served = await hands.service(SERVICE_LIMIT);
    if (served) await sleep(LOAD_AFTER * 1000);
    let end = seconds();
    if (served) await release();
    const soon = await redundant(patient, fault.hand ? HAND_LIMIT : theatre.patience);
    const healed = soon === null ? null : seconds() - ended;
    if (!served) end = seconds();
    const after = await patient.status();
    if (healed === null) notes.push(`${after.health}: ${after.findings.join(" ")}`);
    // whoever has answered the clients last has what they were told
    const keep = recorder.frames().findLast(({ payload }) => payload > 0)?.node;
    const repairs = healed === null ? await repair(patient, keep) : [];
    if (repairs.length > 0) say(`  repaired: ${repairs.join(", ")}`);

    if (!served) await release();
    if (writer.failure) notes.push(FAILED + writer.failure);
    const acks = writer.acknowledged;
    const lost = await count(acks, writer.path, theatre, recorder);
    const seen = { acks, samples: recorder.samples(), frames: recorder.frames(), holds: recorder.holds() };
    const inside = Object.values(seen.samples);
    notes.push(...recorder.complaints().map((text) => `a recorder said: ${text.slice(0, 200)}`));
    const failedLocks = seen.holds.filter(({ number }) => Number.isNaN(number)).length;
    if (failedLocks > 0) notes.push(`${failedLocks} times a lock's holder could not write`);
    const run: Run = {
      ...{ fault: fault.name, mode, at, code: theatre.code, notes, repairs, healed },
      stall: stall(acks, begun, end),
      acknowledged: acks.length,
      lost,
      dualService: both(inside, serves),
      dualPrimary: both(inside, takesWrites),
      lateReplies: lateReplies(seen.frames, seen.samples).length,
      wrongAcks: wrongAcks(acks, inside, hands.forbidden).length,
      lockFaults: lockFaults(seen.holds).length,
      shots: recorder.shots(),
    };
    return { run, seen: { begun, ended, end, forbidden: hands.forbidden, ...seen } };
  } finally {
    await recorder.stop();
    await writer.clean().catch((error: Error) => say(`  could not clean up on the client: ${error.message}`));
  }
}

/** O1: how many acknowledged records are not in the file, on the active master or as a client that never had it sees it. */
async function count(
  acks: readonly Ack[],
  path: string,
  theatre: Theatre,
  recorder: Recorder,
): Promise<number> {
  const { on, status } = theatre.patient;
  const { active } = await status();
  if (!active) throw new Error("nobody serves, so nothing can be counted");
  const fresh = path.replace(/^.*\//, `${VIEW}/`);
  const [server, client] = await Promise.all([
    on(active, `cat ${quote(path)}`),
    on(
      READER,
      `echo 3 >/proc/sys/vm/drop_caches; ${recorder.mount(VIEW)} && cat ${quote(fresh)}; s=$?; umount ${VIEW}; exit $s`,
    ),
  ]);
  return new Set([...missingRecords(acks, server), ...missingRecords(acks, client)]).size;
}
