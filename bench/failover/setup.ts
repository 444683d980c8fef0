import type { DrillName } from "../../scripts/drillOptions";
import type { Run } from "./results";

/** What a setup's exercises have come to. */
export interface Drilled {
  /** Those that have figures. */
  runs: Run[];
  /** Why they are fewer than were asked for, and what was wrong with the others. */
  failed?: string;
}

/** One way to make a pair of machines serve, under test. Whoever adds one gives it a name that no other has ever had. */
export interface Setup {
  /** By which its results are known. */
  readonly name: string;
  /** What it is, for the document. */
  readonly about: string;
  /**
   * Makes the stack so, whatever it was before.
   *
   * @throws Error when the pair does not become redundant
   */
  prepare(stack: string): Promise<void>;
  /** How many exercises of a kind are enough where nobody says how many. */
  readonly runs: number;
  /** Each does so many exercises, one after the other, on the stack that is prepared. */
  readonly drills: Readonly<Record<DrillName, (stack: string, runs: number) => Promise<Drilled>>>;
  /** Takes away what must not be there beside another setup. */
  clear?(stack: string): Promise<void>;
}
