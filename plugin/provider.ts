import type * as pulumi from "@pulumi/pulumi";
import { COMPONENTS } from "./components";

/** What we read of a package's schema. */
interface Schema {
  version: string;
  resources: Record<string, { properties: Record<string, unknown> }>;
}

type Component = new (
  name: string,
  args: pulumi.Inputs,
  opts: pulumi.ComponentResourceOptions,
) => pulumi.ComponentResource & Record<string, unknown>;

/** Makes the components for programs in any of Pulumi's languages. */
export class Provider implements pulumi.provider.Provider {
  public readonly version: string;
  /** The schema, as JSON. */
  public readonly getSchema: () => Promise<string>;
  private readonly resources: Schema["resources"];

  /** @param schema what plugin/schema.ts made of the components, as JSON */
  constructor(schema: string) {
    const { version, resources } = JSON.parse(schema) as Schema;
    this.version = version;
    this.resources = resources;
    this.getSchema = () => Promise.resolve(schema);
  }

  public construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    opts: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    const outputs = Object.keys(this.resources[type]?.properties ?? {});
    const made = (COMPONENTS as unknown as Record<string, Component>)[type.split(":")[2] ?? ""];
    if (!made) throw new Error(`no component ${type}; there is: ${Object.keys(this.resources).join(", ")}`);
    const component = new made(name, inputs, opts);
    const state = Object.fromEntries(outputs.map((output) => [output, component[output]]));
    return Promise.resolve({ urn: component.urn, state });
  }
}
