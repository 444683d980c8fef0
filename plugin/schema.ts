import { readFileSync } from "node:fs";
import path from "node:path";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema";
import { COMPONENTS } from "./components";

const ROOT = path.join(__dirname, "..");

interface Manifest {
  name: string;
  version: string;
  description: string;
}

export const manifest = () => JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as Manifest;

/**
 * The package's schema, which the SDK's analyzer makes of the components' sources.
 *
 * @throws Error when it does not accept a type in them
 */
export function schema() {
  const { name, version, description } = manifest();
  const sources = { name, main: "components/index.ts" };
  const { components, typeDefinitions, dependencies } = new Analyzer(
    ROOT,
    name,
    sources,
    new Set(Object.keys(COMPONENTS)),
  ).analyze();
  return generateSchema(name, version, description, components, typeDefinitions, dependencies);
}
