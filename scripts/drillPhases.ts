/** What a failover is made of, in this order; each phase ends with what is said of it. */
export const PHASES = {
  detection: "the manager of the new master decides",
  manager: "the service's start begins",
  promote: "DRBD is primary",
  mount: "the volume is mounted",
  nfsd: "nfsd runs",
  address: "the address is there",
  client: "the first acknowledgement to the writer",
} as const;
export type PhaseName = keyof typeof PHASES;
export const PHASE_NAMES = Object.keys(PHASES) as PhaseName[];

/** Seconds after the injection. */
export interface Phase {
  phase: PhaseName;
  begin: number;
  end: number;
}

/** Something that happened, in seconds after the injection. */
export interface Moment {
  seconds: number;
  what: string;
}

/** The event of the service's start with which a phase ends. */
const STEPS = { promote: "primary", mount: "mounted", nfsd: "nfsd", address: "vip" } as const;

/**
 * The phases of a failover, from a drill's timeline. A start that was refused first counts as part of `promote`. A phase
 * whose begin or end nobody has told is left out, for its time would be another one's.
 *
 * @param to the new master
 * @param acknowledged seconds after the injection of its first acknowledgement
 */
export function phasesOf(timeline: readonly Moment[], to: string, acknowledged: number): Phase[] {
  const start = (step: string) => (moment: Moment) => moment.what === `${to} service: start ${step}`;
  const last = timeline.find(start("end"))?.seconds ?? Infinity;
  const before = timeline.filter(({ seconds }) => seconds <= last);
  const begin = before.find(start("begin"))?.seconds;
  const decision = before.findLast(
    ({ seconds, what }) => what.startsWith(`${to} manager: `) && seconds <= (begin ?? -Infinity),
  )?.seconds;
  const step = (name: keyof typeof STEPS) => before.findLast(start(STEPS[name]))?.seconds;
  const ends: Record<PhaseName, number | undefined> = {
    detection: decision,
    manager: begin,
    promote: step("promote"),
    mount: step("mount"),
    nfsd: step("nfsd"),
    address: step("address"),
    client: acknowledged,
  };
  return PHASE_NAMES.flatMap((phase, i) => {
    const previous = PHASE_NAMES[i - 1];
    const from = previous === undefined ? 0 : ends[previous];
    const until = ends[phase];
    return from === undefined || until === undefined ? [] : [{ phase, begin: from, end: until }];
  });
}

/** When the old master gave up the service, from a drill's timeline; null when it did not get to that. */
export function stopOf(timeline: readonly Moment[], from: string): { begin: number; end: number } | null {
  const at = (step: string) => timeline.find(({ what }) => what === `${from} service: stop ${step}`)?.seconds;
  const [begin, end] = [at("begin"), at("end")];
  return begin === undefined || end === undefined ? null : { begin, end };
}
