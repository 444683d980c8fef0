import { type Moment, type Phase, PHASES } from "./drillPhases";

/** One record that the server has acknowledged. Times are seconds since 1970 on the operator's clock. */
export interface Ack {
  record: number;
  begun: number;
  acknowledged: number;
}

/** Something that happened on a node, in seconds since 1970 on the operator's clock. */
export interface NodeEvent {
  at: number;
  what: string;
}

/** One drill. What is not said to be of the fresh opens is of the writer on an open file. */
export interface DrillReport {
  drill: string;
  /** Master that was active before, and after. */
  from: string;
  to: string;
  /** Longest time between two acknowledgements from the injection on, seconds. */
  stallSeconds: number;
  /** Each a new file that is made, locked, written and closed. */
  fresh: { stallSeconds: number; acknowledged: number };
  phases: Phase[];
  timeline: Moment[];
  acknowledged: number;
  /** Acknowledged records that the volume does not have. */
  missing: number[];
  /** Seconds from the injection until the pair was redundant again; null when that was not waited for. */
  redundantAfterSeconds: number | null;
}

/** When a client process was answered; seconds after the injection. */
export interface Ticks {
  acknowledged: number[];
  /** The longest time without an acknowledgement. */
  gap: { begin: number; end: number };
}

/** A drill, and what of it only a picture shows. */
export interface Drill {
  report: DrillReport;
  writer: Ticks;
  fresh: Ticks;
}

/** Lines of writer.pl, with the client's clock `offset` seconds ahead of the operator's. */
export function parseAcks(text: string, offset: number): Ack[] {
  return [...text.matchAll(/^(\d+) (\d+\.\d+) (\d+\.\d+)$/gm)].map(([, record, begun, acknowledged]) => ({
    record: Number(record),
    begun: Number(begun) - offset,
    acknowledged: Number(acknowledged) - offset,
  }));
}

/** Lines `seconds words…` of a node whose clock is `offset` seconds ahead of the operator's. */
export function parseEvents(text: string, offset: number): NodeEvent[] {
  return [...text.matchAll(/^(\d+\.\d+) (.+)$/gm)].map(([, at, what]) => ({
    at: Number(at) - offset,
    what: what ?? "",
  }));
}

/** The longest time between two acknowledgements, seconds, and when it began and ended. */
export function longestGap(acks: readonly Ack[]): { seconds: number; begin: number; end: number } {
  let longest = { seconds: 0, begin: 0, end: 0 };
  acks.forEach(({ acknowledged: end }, i) => {
    const begin = acks[i - 1]?.acknowledged ?? end;
    if (end - begin > longest.seconds) longest = { seconds: end - begin, begin, end };
  });
  return longest;
}

/** A series as seen from the injection; a pause before it is none of its doing. */
export function ticksOf(acks: readonly Ack[], injected: number): Ticks {
  const last = acks.findLastIndex(({ acknowledged }) => acknowledged <= injected);
  const { begin, end } = longestGap(acks.slice(Math.max(0, last)));
  return {
    acknowledged: acks.map(({ acknowledged }) => acknowledged - injected),
    gap: { begin: begin - injected, end: end - injected },
  };
}

/**
 * When a series went on, in seconds after the injection: with the first acknowledgement after `since`, without which it is
 * the one that ends its longest gap.
 */
export function resumed({ acknowledged, gap }: Ticks, since = gap.begin): number {
  return acknowledged.find((at) => at > since) ?? NaN;
}

/** Acknowledged records that are not in the file as the volume has it, each as the writer wrote it. */
export function missingRecords(acks: readonly Ack[], file: string): number[] {
  const present = new Set([...file.matchAll(/^(\d{8}) x{54}$/gm)].map((match) => Number(match[1])));
  return acks.map((ack) => ack.record).filter((record) => !present.has(record));
}

/** The report as a person reads it. */
export function drillText(r: DrillReport): string {
  return [
    `${r.drill}: ${r.from} -> ${r.to}`,
    "",
    ...r.timeline.map(({ seconds, what }) => `${seconds.toFixed(2).padStart(8)} s  ${what}`),
    "",
    ...r.phases.map(
      ({ phase, begin, end }) =>
        `${(end - begin).toFixed(2).padStart(8)} s  ${phase.padEnd(10)} until ${PHASES[phase]}`,
    ),
    "",
    `longest gap between acknowledgements  ${r.stallSeconds.toFixed(2)} s`,
    `the same, fresh opens with a lock     ${r.fresh.stallSeconds.toFixed(2)} s`,
    `records acknowledged                  ${r.acknowledged}`,
    `records missing                       ${r.missing.length}${r.missing.length > 0 ? `: ${r.missing.slice(0, 20).join(", ")}` : ""}`,
    ...(r.redundantAfterSeconds === null
      ? []
      : [`redundant again after                 ${r.redundantAfterSeconds.toFixed(0)} s`]),
  ].join("\n");
}
