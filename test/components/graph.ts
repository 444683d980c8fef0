import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registered it. */
export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  opts: pulumi.CustomResourceOptions;
}

/** The mark of a secret in what the SDK sends to the engine (runtime/rpc in the SDK). */
const SECRET = "4dabf18193072939515e22adb298388d";

/** Whether an input arrived as a Pulumi secret. */
export function isSecret(value: unknown): value is { value: unknown } {
  return typeof value === "object" && value !== null && SECRET in value;
}

/** What the mocks say. */
export interface Said {
  /** What a function of a provider returns, by its token. */
  calls?: Readonly<Record<string, (args: Record<string, unknown>) => object>>;
  /** What a command prints, by its name. */
  printed?: Readonly<Record<string, string>>;
}

/**
 * Runs `build` under Pulumi's mocks and returns what it registered. Its options must reach the component under test: they
 * note every resource's options, which the mocks do not see.
 */
export async function registered(
  build: (opts: pulumi.ComponentResourceOptions) => unknown,
  preview = false,
  { calls = {}, printed = {} }: Said = {},
): Promise<Registered[]> {
  const inputs = new Map<string, Registered["inputs"]>();
  const seen = new Map<string, Registered>();
  await pulumi.runtime.setMocks(
    {
      call: ({ token, inputs: args }) => calls[token]?.(args as Record<string, unknown>) ?? {},
      newResource: ({ type, name, inputs: state }) => {
        inputs.set(`${type} ${name}`, state as Registered["inputs"]);
        const stdout = JSON.stringify({
          privateKey: "PRIVATE",
          hostKey: "ssh-ed25519 AAAA",
          publicKey: "PUBLIC",
        });
        const made = { arn: `arn:of:${name}`, privateIp: "10.10.1.11" }; // what a cloud gives
        const outputs = preview
          ? {}
          : { stdout: printed[name] ?? stdout, result: `result of ${name}`, ...made };
        return { id: preview ? undefined : `${name}-id`, state: { name, ...(state as object), ...outputs } };
      },
    },
    "ha-nfs",
    "test",
    preview,
  );
  build({
    transformations: [
      ({ type, name, opts }) => {
        seen.set(`${type} ${name}`, { type, name, inputs: {}, opts });
        return undefined;
      },
    ],
  });
  await pulumi.runtime.disconnect();
  return [...seen].map(([key, resource]) => ({ ...resource, inputs: inputs.get(key) ?? {} }));
}

/** The same, by name: where no two resources have one. */
export async function graph(
  build: (opts: pulumi.ComponentResourceOptions) => unknown,
  preview = false,
  printed: Said["printed"] = {},
): Promise<Map<string, Registered>> {
  return new Map((await registered(build, preview, { printed })).map((each) => [each.name, each]));
}

/** The name that a resource was given in the program. */
export function nameOf(resource: pulumi.Resource | undefined): string | undefined {
  return (resource as { __name?: string } | undefined)?.__name;
}

/** Names of the resources that one waits for. */
export async function dependencies(resource: Registered | undefined): Promise<string[]> {
  const given = (await resource?.opts.dependsOn) as pulumi.Resource | pulumi.Resource[] | undefined;
  return [given ?? []].flat().map((r) => nameOf(r) ?? "?");
}

/** What an output comes to. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
