import { isDeepStrictEqual } from "node:util";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A property as it travels: JSON, with marker objects for secrets and marker strings for unknown values. */
export type Value = null | boolean | number | string | Value[] | Properties;
export interface Properties {
  [name: string]: Value;
}

/** The markers, by sdk/go/common/resource/plugin/rpc.go and sdk/go/common/resource/properties.go. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWNS = new Set<Value>([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export function fromStruct(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

export function toStruct(properties: Properties): Struct {
  return Struct.fromJavaScript(properties);
}

export function isUnknown(value: Value | undefined): boolean {
  return value !== undefined && UNKNOWNS.has(value);
}

export function isObject(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecret(value: Value | undefined): value is { value: Value } {
  return isObject(value) && value[SIGNATURE] === SECRET;
}

/** The value inside a secret; any other value as it is. */
export function unwrap(value: Value): Value {
  return isSecret(value) ? value.value : value;
}

/** Marks a value as secret, once. */
export function secret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** The value without any secret marker, at any depth, and without properties that are null: they are not set. */
export function plain(value: Value): Value {
  const bare = unwrap(value);
  if (Array.isArray(bare)) return bare.map(plain);
  if (!isObject(bare)) return bare;
  const set = Object.entries(bare).filter(([, item]) => item !== null);
  return Object.fromEntries(set.map(([name, item]) => [name, plain(item)]));
}

export type Change = "add" | "delete" | "update";

/**
 * What differs between two property maps, each by its property path (`environment.HOME`, `triggers[0]`).
 * A secret is compared as a whole, and differs from the same value that is no secret, as in the official
 * providers (resource.PropertyMap.Diff).
 */
export function changes(olds: Properties, news: Properties): Map<string, Change> {
  const found = new Map<string, Change>();
  compare(olds, news, "", found);
  return found;
}

function compare(
  old: Value | undefined,
  value: Value | undefined,
  path: string,
  found: Map<string, Change>,
): void {
  if (isDeepStrictEqual(old, value)) return;
  if (old === undefined) found.set(path, "add");
  else if (value === undefined) found.set(path, "delete");
  else if (Array.isArray(old) && Array.isArray(value)) {
    for (let i = 0; i < Math.max(old.length, value.length); i++) {
      compare(old[i], value[i], `${path}[${i}]`, found);
    }
  } else if (isObject(old) && isObject(value) && !isSecret(old) && !isSecret(value)) {
    for (const name of new Set([...Object.keys(old), ...Object.keys(value)])) {
      compare(old[name], value[name], join(path, name), found);
    }
  } else found.set(path, "update");
}

function join(path: string, name: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}
