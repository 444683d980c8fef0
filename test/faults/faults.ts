import type { Fault } from "./fault";
import { changes } from "./table/changes";
import { machines } from "./table/machines";
import { parts } from "./table/parts";
import { proof } from "./table/proof";

/** All that the lab can do to a pair. */
export const faults: readonly Fault[] = [...machines, ...parts, ...proof, ...changes];

/** What it cannot do, and why. */
export const impossible: readonly (readonly [string, string])[] = [
  [
    "a power cut that takes what the disk had not written (ha 33)",
    "a guest's writes are in this machine's memory as soon as its disk has taken them",
  ],
  [
    "a disk that hangs and does not fail (5.5, ha 15)",
    "DRBD lies on the partition itself, so there is no layer that could wait; a volume that hangs is above",
  ],
  [
    "a paused guest whose clock stands still, and one on tsc (7.3)",
    "a guest of user-mode Linux reads this machine's clock, which goes on",
  ],
  ["a throttled or refusing cloud (ha 32)", "there is none in the lab"],
  [
    "the handler's exit codes against the kernel (7.7), and what blocks meanwhile (7.8)",
    "a stub in the handler's place, and no fault: a test of its own",
  ],
  ["slaves that are away, slow or full (ha 37 to 40)", "the pair has none here: `npm test -- fleet`"],
];
