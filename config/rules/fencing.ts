import type { Draft } from "../draft";
import { HIDDEN, show, type Lookup, type Report } from "../report";
import { AWS_DEVICE, LAB_DEVICE, NONE, type FenceAgent } from "../fencingSchema";
import { Platform } from "../variant";
import { machines } from "./machines";

/** A pair has a proof that its peer is not serving, or the word of a person that it shall have none. */
export function checkFencing(draft: Draft, written: Lookup, report: Report): void {
  const { fencing, platform } = draft;
  // Of an unknown platform nobody knows the defaults.
  if (!fencing || platform === undefined) return;
  const { device = NONE, witness = NONE, allowDataLoss } = fencing;
  for (const [word, its] of [
    [LAB_DEVICE, Platform.Lab],
    [AWS_DEVICE, Platform.Aws],
  ] as const) {
    if (device !== word || platform === its) continue;
    const mend = `name the command that switches a master off, or set platform to ${its}`;
    report(["fencing", "device"], show(device), "the path of a command, or none", mend);
  }
  if (typeof device === "object") checkAgent(draft, device as FenceAgent, report);
  const others = machines(draft).filter(({ kind }) => kind !== "masters");
  const names = others.flatMap(({ machine: { name } }) => (name === undefined ? [] : [name]));
  if (witness !== NONE && !names.includes(witness)) {
    const allowed = `the name of a machine that is no master${names.length > 0 ? `: ${names.join(", ")}` : ""}; or none`;
    report(["fencing", "witness"], show(witness), allowed, "a witness is a third machine");
  }
  // An invalid value has its own line already.
  const isNone = (key: "device" | "witness") => (fencing[key] ?? written(["fencing", key]) ?? NONE) === NONE;
  if (allowDataLoss === false && isNone("device") && isNone("witness")) {
    report(
      ["fencing"],
      "neither a device nor a witness",
      "one of them, or allowDataLoss: true",
      "without a proof that its peer is not serving, a master never takes over by itself",
    );
  }
}

/** Of two masters with the same options, each would switch itself off, or both the same machine. */
function checkAgent(draft: Draft, { options, masters }: FenceAgent, report: Report): void {
  const names = draft.masters?.map((master) => master?.name);
  if (names?.length !== 2 || names.some((name) => name === undefined)) return;
  const known = names as string[];
  for (const name of Object.keys(masters)) {
    const allowed = `the name of a master: ${known.join(", ")}`;
    if (!known.includes(name)) report(["fencing", "device", "masters", name], HIDDEN, allowed, "correct it");
  }
  const [first, second] = known.map((name) =>
    JSON.stringify(Object.entries({ ...options, ...masters[name] }).sort()),
  );
  if (first !== second) return;
  report(
    ["fencing", "device", "masters"],
    "the same options for both masters",
    `for each of ${known.join(" and ")} the options that tell it from the other, such as ip or plug`,
    "set them under the master's name",
  );
}
