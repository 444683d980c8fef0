import { setTimeout as sleep } from "node:timers/promises";
import { quote } from "../../components/render/shell";
import { clockOffset, seconds } from "../../scripts/clock";
import { missingRecords } from "../../scripts/drillReport";
import { Health } from "../../scripts/judge";
import { Writer } from "../../scripts/writer";
import type { Outputs } from "../lab/stack";
import { READER, WRITER } from "./configuration";
import { FAILED, type Fault, type Mode, NOT_MADE, type Run } from "./fault";
import { Hands, type Operator } from "./hands";
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
const VIEW = "/run/ha-nfs-faults-view";
/** Takes away the mounts of a harness that was killed. */
const TIDY = "for d in /run/ha-nfs-*; do while umount -l $d 2>/dev/null; do :; done; done";

export interface Theatre extends Operator {
  patient: Patient;
  outputs: Outputs;
  mode: Mode;
  code: string;
  /** Seconds in which the pair must have healed without hands. */
  patience: number;
  say: (text: string) => void;
}

/** Runs a fault once on a pair that is redundant, and leaves it so: what came of it, and all that was seen. */
export async function play(fault: Fault, theatre: Theatre): Promise<{ run: Run; seen: object }> {
  const { patient, outputs, say } = theatre;
  const client = outputs.nodes[WRITER];
  if (!client) throw new Error(`no node ${WRITER}`);
  const at = new Date().toISOString();
  for (const name of [WRITER, READER]) await patient.on(name, TIDY);
  const recorder = new Recorder(patient.stack, outputs);
  const writer = await Writer.start(client, outputs.shares, RECORD_MS, await clockOffset(client));
  try {
    await recorder.start([WRITER, READER]);
    while (writer.acknowledged.length < 100) await sleep(100);
    const done = await perform(fault, theatre, writer, recorder);
    const lost = await count(writer, theatre, recorder);
    const seen = { acks: writer.acknowledged, ...recorder.seen() };
    const inside = Object.values(seen.samples);
    const run: Run = {
      ...{ fault: fault.name, mode: theatre.mode, at, code: theatre.code },
      stall: stall(seen.acks, done.begun, done.loadedUntil),
      acknowledged: seen.acks.length,
      lost,
      dualService: both(inside, serves),
      dualPrimary: both(inside, takesWrites),
      lateReplies: lateReplies(seen.frames, seen.samples).length,
      wrongAcks: wrongAcks(seen.acks, inside, done.forbidden).length,
      lockFaults: lockFaults(seen.holds).length,
      shots: recorder.shots(),
      healed: done.healed,
      repairs: done.repairs,
      notes: [
        ...done.notes,
        ...recorder.complaints().map((text) => `a recorder said: ${text.slice(0, 200)}`),
      ],
    };
    return { run, seen: { ...done, ...seen } };
  } finally {
    await recorder.stop();
    await writer.clean().catch((error: Error) => say(`  could not clean up on the client: ${error.message}`));
  }
}

/** Makes the fault, ends the load, waits until the pair has healed, and repairs it when it has not. */
async function perform(fault: Fault, theatre: Theatre, writer: Writer, recorder: Recorder) {
  const { patient, say } = theatre;
  const { stack, on, status } = patient;
  const { active, masters } = await status();
  const standby = Object.keys(masters).find((name) => name !== active);
  if (!active || !standby) throw new Error("nobody is active");
  const hands = new Hands({
    ...{ ...theatre, stack, active, standby, on },
    acks: () => writer.acknowledged,
    isRedundant: async () => (await status()).health === Health.Redundant,
  });
  const notes: string[] = [];
  const begun = seconds();
  say(`  ${active} is active; the fault begins`);
  await Promise.resolve(fault.inject(hands)).catch((error: Error) => notes.push(NOT_MADE + error.message));
  const ended = seconds();
  say(`  the fault has ended after ${(ended - begun).toFixed(1)} s`);

  // whoever writes ends when the server answers, which it may never do
  const release = () =>
    Promise.race([Promise.all([writer.stop(), recorder.release()]), sleep(RELEASE_LIMIT)]);
  // a resync waits for whoever writes (c-min-rate), so the load ends first, where there is a service to end it
  const served = await hands.service(SERVICE_LIMIT);
  if (served) await sleep(LOAD_AFTER * 1000);
  const released = seconds();
  if (served) await release();
  const isHealed = (await redundant(patient, fault.hand ? HAND_LIMIT : theatre.patience)) !== null;
  const healed = isHealed ? seconds() - ended : null;
  const loadedUntil = served ? released : seconds();
  const nodes = isHealed ? {} : await look(patient);
  const repairs = isHealed ? [] : await mend(patient, recorder, notes);
  if (repairs.length > 0) say(`  repaired: ${repairs.join(", ")}`);
  if (!served) await release();
  if (writer.failure) notes.push(FAILED + writer.failure);
  return { begun, ended, loadedUntil, healed, repairs, notes, nodes, forbidden: hands.forbidden };
}

/** What the masters themselves say, for who looks closer: a power cut takes the end of their journals. */
async function look({ masters, on }: Patient): Promise<Record<string, string>> {
  const peer = (name: string) => masters.find((other) => other !== name);
  const state = (name: string) =>
    `cat /proc/drbd; grep -s . /run/ha-nfs/*; /usr/local/lib/ha-nfs/manager.py report ${peer(name)}`;
  const said = masters.map(async (name) => [
    name,
    await on(name, `${state(name)}; journalctl -b --no-pager -o short-precise -n 500 2>&1`).catch(
      (error: Error) => error.message,
    ),
  ]);
  return Object.fromEntries(await Promise.all(said)) as Record<string, string>;
}

async function mend(patient: Patient, recorder: Recorder, notes: string[]): Promise<string[]> {
  const { health, findings } = await patient.status();
  notes.push(`${health}: ${findings.join(" ")}`);
  // whoever has answered the clients last has what they were told
  const keep = recorder.seen().frames.findLast(({ payload }) => payload > 0)?.node;
  return repair(patient, keep);
}

/** O1: how many acknowledged records are not in the file, on the active master or as a client that never had it sees it. */
async function count(writer: Writer, theatre: Theatre, recorder: Recorder): Promise<number> {
  const { acknowledged: acks, path } = writer;
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
