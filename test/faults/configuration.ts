import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lab/stack";
import type { Mode } from "./fault";

/** Who writes; and who looks with a fresh view, and is the witness. */
export const WRITER = "client";
export const READER = "c2";

/** The stack under test but its fencing: small, and with a second client. */
const STACK = [
  "ha-nfs:vip: 10.10.1.100",
  "ha-nfs:lab:",
  "  masterMemoryMiB: 512",
  "  dataDiskMiB: 512",
  "  clients:",
  `    - { name: ${WRITER}, serviceAddress: 10.10.1.13 }`,
  `    - { name: ${READER}, serviceAddress: 10.10.1.14 }`,
];

/** The one place that knows the keys of fencing. What is left out is the lab's device, and the first client as witness. */
const FENCING: Record<Mode, string> = {
  device: "ha-nfs:fencing: { witness: none }",
  witness: `ha-nfs:fencing: { device: none, witness: ${READER} }`,
  both: `ha-nfs:fencing: { witness: ${READER} }`,
  neither: "ha-nfs:fencing: { device: none, witness: none, allowDataLoss: true }",
};

/** The modes that this code can be in: one that knows no fencing has none. */
export function knownModes(): Mode[] {
  return hasFencing() ? (Object.keys(FENCING) as Mode[]) : ["neither"];
}

/** The lines of the configuration for a mode; `generation` is that of the secrets. */
export function configuration(mode: Mode, generation: number): string[] {
  return [...STACK, `ha-nfs:secretsGeneration: ${generation}`, ...(hasFencing() ? [FENCING[mode]] : [])];
}

/** By the schema, which knows every key: `Pulumi.yaml` may not have one yet. */
function hasFencing(): boolean {
  return /^\s*fencing: /m.test(readFileSync(join(ROOT, "config/schema.ts"), "utf8"));
}
