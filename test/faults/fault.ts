import type { Manager } from "../../components/enums";
import type { Hands } from "./hands";

/** What may prove that a master is off or outdated. `neither`: nothing, so that one master alone must not go on. */
export const modes = ["device", "witness", "both", "neither"] as const;
export type Mode = (typeof modes)[number];

/** Seconds in which a pair must have healed without hands, where nobody says another number. */
export const PATIENCE = 120;

/** A fault, and what is right when it happens. That no record is lost and never two serve is right for all. */
export interface Fault {
  name: string;
  /** The rows of the plan that it stands for: `5.5`: its table of steps; `7.N`: its list of tests; `ha N`: the fault list. */
  stands: string;
  /** In which it makes sense. */
  modes: readonly Mode[];
  /** The only cluster manager that has it; default all have. */
  manager?: Manager;
  /** Makes the fault and ends it: afterwards the pair must become redundant, by the hand below or by none. */
  inject: (hands: Hands) => Promise<unknown>;
  /** How often a master may be shot; default never. */
  shots?: number;
  /** The longest time in seconds that it may keep the clients waiting; default any. */
  stall?: number;
  /** Who must act so that it is redundant again; default nobody. */
  hand?: string;
  /** Whether an error may reach the application. */
  mayFail?: boolean;
  /** Short and telling: for `npm test`. */
  quick?: boolean;
}

/** What one run of a fault has shown. */
export interface Run {
  fault: string;
  mode: Mode;
  /** When, ISO 8601, and the commit of the code. */
  at: string;
  code: string;
  /** The longest time between two acknowledgements, seconds; null when there were none until somebody repaired it. */
  stall: number | null;
  acknowledged: number;
  /** Acknowledged records that the volume has not, as the active master and a fresh client see it. */
  lost: number;
  /** Seconds in which both masters had the address, nfsd and a DRBD that takes writes. */
  dualService: number;
  /** Seconds in which both masters' DRBD took writes. */
  dualPrimary: number;
  /** Replies from the address by one master after the other had replied in its stead. */
  lateReplies: number;
  /** Records acknowledged while DRBD's I/O was frozen on who served, or while nobody was to serve. */
  wrongAcks: number;
  /** Times that two clients had one lock, or that a number written under it was written twice. */
  lockFaults: number;
  shots: number;
  /** Seconds from the fault's end until the pair was redundant; null when it was not within the limit. */
  healed: number | null;
  /** What the harness did to make the pair redundant for the next run. */
  repairs: string[];
  /** What else was odd, in words: for who looks closer. */
  notes: string[];
}

/** What is wrong in a run, in words; nothing when all is as it must be. */
export function violations(run: Run, fault: Fault): string[] {
  const found = (when: boolean, what: string) => (when ? [what] : []);
  return [
    ...found(run.lost > 0, `${run.lost} of ${run.acknowledged} acknowledged records lost`),
    ...found(run.dualService > 0, `both served for ${run.dualService.toFixed(2)} s`),
    ...found(run.dualPrimary > 0, `both primary for ${run.dualPrimary.toFixed(2)} s`),
    ...found(run.lateReplies > 0, `${run.lateReplies} replies from the loser`),
    ...found(run.wrongAcks > 0, `${run.wrongAcks} acknowledgements that must not be`),
    ...found(run.lockFaults > 0, `${run.lockFaults} times two clients had one lock`),
    ...found(run.shots > (fault.shots ?? 0), `${run.shots} shots, allowed ${fault.shots ?? 0}`),
    ...found((run.stall ?? Infinity) > (fault.stall ?? Infinity), `a stall of more than ${fault.stall} s`),
    ...found(run.healed === null && !fault.hand, "not redundant again by itself"),
    ...found(!fault.mayFail && noted(run, FAILED), "an error reached the client"),
    ...found(noted(run, NOT_MADE), "the fault was not made as meant"),
  ];
}

const noted = (run: Run, what: string) => run.notes.some((note) => note.startsWith(what));

/** How a note begins that the client's writer has met an error, and that a step of the fault has. */
export const FAILED = "the writer failed: ";
export const NOT_MADE = "a step of the fault failed: ";
