import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseConfig } from "../../config";
import { keyTypes, settings } from "../../config/schema";
import { lab } from "./configFixture";

const read = (file: string) => readFileSync(`${__dirname}/../../${file}`, "utf8");

/** The keys that Pulumi.yaml declares, each with its attributes as text. */
function declared(): Map<string, Record<string, string>> {
  const [, config = ""] = read("Pulumi.yaml").split(/^config:\n/m);
  const keys = config.split(/^ {2}(?=\w)/m).slice(1);
  return new Map(
    keys.map((text) => {
      const attributes = [...text.matchAll(/^ {4}(\w+): *(.*)$/gm)].map(([, name = "", value = ""]) => [
        name,
        value,
      ]);
      return [/^\w+/.exec(text)?.[0] ?? "", Object.fromEntries(attributes) as Record<string, string>];
    }),
  );
}

describe("Pulumi.yaml", () => {
  it("declares every key of the schema, and no other, with a description", () => {
    assert.deepEqual([...declared().keys()], Object.keys(settings.shape));
    for (const [key, { description }] of declared()) assert.ok(description, key);
  });

  it("declares the schema's types; not that of the secret, whose empty default the engine would refuse", () => {
    const { sshPrivateKey, ...others } = Object.fromEntries(declared());
    assert.deepEqual([sshPrivateKey?.["type"], sshPrivateKey?.["secret"]], [undefined, "true"]);
    for (const [key, { type }] of Object.entries(others)) assert.equal(type, keyTypes().get(key), key);
  });

  it("has a default for every key, so that our own check is the one that reports, and they are those of the code", () => {
    const defaults = [...declared()].flatMap(([key, { default: value }]) => {
      return value === undefined ? [] : [[key, value.replace(/^""$/, "")] as const];
    });
    assert.deepEqual(
      [...declared().keys()].filter((key) => !defaults.some(([name]) => name === key)),
      [],
    );
    assert.deepEqual(parseConfig({ ...Object.fromEntries(defaults), ...lab }), parseConfig(lab));
  });
});

describe("docs/config.md", () => {
  it("has a row for every key, also inside objects", () => {
    const rows = new Set([...read("docs/config.md").matchAll(/^\| `([\w.[\]]+)`/gm)].map(([, key]) => key));
    assert.deepEqual([...rows].sort(), leaves(settings).sort());
  });
});

/** The paths of the values of a schema, such as `shares[].clients[].from`. */
function leaves(schema: unknown, path = ""): string[] {
  const { unwrap, element, shape } = schema as {
    unwrap?: () => unknown;
    element?: unknown;
    shape?: Record<string, unknown>;
  };
  if (element !== undefined) {
    const inner = leaves(element, `${path}[]`);
    return inner.length === 1 ? [path] : inner;
  }
  if (shape !== undefined) {
    const prefix = path === "" ? "" : `${path}.`;
    return Object.entries(shape).flatMap(([key, value]) => leaves(value, prefix + key));
  }
  return unwrap === undefined ? [path] : leaves(unwrap.call(schema), path);
}
