import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manager } from "../../components/enums";
import { ROOT } from "../lab/stack";
import type { Mode } from "./fault";

/** Who writes; and who looks with a fresh view, and is the witness. */
export const WRITER = "client";
export const READER = "c2";
export const WRITER_ADDRESS = "10.10.1.13";

/** Settings by their key, without its namespace; a value is in YAML. */
export type Settings = Readonly<Record<string, string>>;

/** The stack under test but its fencing: small, and with a second client. */
const STACK: Settings = {
  vip: "10.10.1.100",
  lab: `{ masterMemoryMiB: 512, dataDiskMiB: 512, clients: [${[
    `{ name: ${WRITER}, serviceAddress: ${WRITER_ADDRESS} }`,
    `{ name: ${READER}, serviceAddress: 10.10.1.14 }`,
  ].join(", ")}] }`,
};

/** What is left out is the lab's device, and the first client as witness. */
const FENCING: Record<Mode, string> = {
  device: "{ witness: none }",
  witness: `{ device: none, witness: ${READER} }`,
  both: `{ witness: ${READER} }`,
  neither: "{ device: none, witness: none, allowDataLoss: true }",
};

/** The modes that this code can be in: one that knows no fencing has none. */
export function knownModes(): Mode[] {
  return hasKey("fencing") ? (Object.keys(FENCING) as Mode[]) : ["neither"];
}

/** The lines of the configuration for a mode; `generation` is that of the secrets, and `changes` are set beside or instead. */
export function configuration(
  mode: Mode,
  manager: Manager,
  generation: number,
  changes: Settings = {},
): string[] {
  const fencing = hasKey("fencing") ? { fencing: FENCING[mode] } : {};
  const managed = hasKey("manager") ? { manager } : {};
  const settings = { ...STACK, ...managed, secretsGeneration: `${generation}`, ...fencing, ...changes };
  return Object.entries(settings).map(([key, value]) => `ha-nfs:${key}: ${value}`);
}

/** By the schema, which knows every key: `Pulumi.yaml` may not have one yet. */
function hasKey(key: string): boolean {
  return new RegExp(`^\\s*${key}: `, "m").test(readFileSync(join(ROOT, "config/schema.ts"), "utf8"));
}
