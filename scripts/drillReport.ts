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

export interface DrillReport {
  drill: string;
  /** Master that was active before, and after. */
  from: string;
  to: string;
  /** Longest time between two acknowledgements around the injection, seconds. */
  stallSeconds: number;
  /** Seconds after the injection. */
  timeline: { seconds: number; what: string }[];
  acknowledged: number;
  /** Acknowledged records that the volume does not have. */
  missing: number[];
  /** Seconds from the injection until the pair was redundant again; null when that was not waited for. */
  redundantAfterSeconds: number | null;
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

/** The longest time between two acknowledgements, seconds, and when it ended. */
export function longestGap(acks: readonly Ack[]): { seconds: number; end: number } {
  let longest = { seconds: 0, end: 0 };
  acks.forEach((ack, i) => {
    const before = acks[i - 1];
    const seconds = before ? ack.acknowledged - before.acknowledged : 0;
    if (seconds > longest.seconds) {
      longest = { seconds, end: ack.acknowledged };
    }
  });
  return longest;
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
    `longest gap between acknowledgements  ${r.stallSeconds.toFixed(2)} s`,
    `records acknowledged                  ${r.acknowledged}`,
    `records missing                       ${r.missing.length}${r.missing.length > 0 ? `: ${r.missing.slice(0, 20).join(", ")}` : ""}`,
    ...(r.redundantAfterSeconds === null
      ? []
      : [`redundant again after                 ${r.redundantAfterSeconds.toFixed(0)} s`]),
    "",
  ].join("\n");
}
