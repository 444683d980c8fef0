import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Deployment, Resource } from "../../../toolchain/deployment";
import type { Project } from "../project";
import type { Stack } from "./program";

/** What the engine says of a resource's making, which no preview needs. */
const HISTORY = [
  "created",
  "modified",
  "sourcePosition",
  "stackTrace",
  "dependencies",
  "propertyDependencies",
];

/** A longer text is not kept: it then differs from what any program asks for. */
const LONGEST = 500;

type Properties = Record<string, unknown>;
const file = (version: string, stack: Stack) => path.join(__dirname, `${version}-${stack}.json`);

/** Keeps of a state, as `stack export --show-secrets` has it, what a preview needs. */
export function keep(version: string, stack: Stack, { deployment: { resources = [] } }: Deployment): void {
  const lines = resources.map((resource) => JSON.stringify(strip(resource)));
  writeFileSync(file(version, stack), `[\n${lines.join(",\n")}\n]\n`);
}

/** Puts the state that was kept into a project's backend, as if its `up` had made it, and returns its resources. */
export function restore(project: Project, version: string, stack: Stack): Resource[] {
  const kept = JSON.parse(readFileSync(file(version, stack), "utf8")) as Resource[];
  const resources = kept.map((resource) => {
    const { inputs, outputs } = resource;
    return inputs ? { ...resource, outputs: { ...inputs, ...outputs } } : resource;
  });
  const checkpoint = { stack: `organization/ha-nfs/${stack}`, latest: { resources } };
  project.write(
    `.state/backend/.pulumi/stacks/ha-nfs/${stack}.json`,
    JSON.stringify({ version: 3, checkpoint }),
  );
  return resources;
}

/** Of the outputs, those of the program itself are not kept, nor those that are inputs as well. */
function strip({ inputs, outputs = {}, ...others }: Resource): object {
  const kept = Object.fromEntries(Object.entries(others).filter(([key]) => !HISTORY.includes(key)));
  if (!inputs) return kept;
  const [given, made] = [cut(inputs), cut(outputs)];
  const own = Object.entries(made).filter(([key, value]) => !isDeepStrictEqual(value, given[key]));
  return { ...kept, inputs: given, outputs: Object.fromEntries(own) };
}

/** Long texts are cut, also in secrets, and passwords are made up. */
function cut(properties: Properties): Properties {
  const shorter = (value: unknown, key: string): unknown => {
    const { plaintext } = Object(value) as { plaintext?: string };
    if (plaintext !== undefined)
      return { ...Object(value), plaintext: JSON.stringify(shorter(JSON.parse(plaintext), key)) };
    if (key === "result") return "made up";
    return typeof value === "string" && value.length > LONGEST ? "(cut)" : value;
  };
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, shorter(value, key)]));
}
