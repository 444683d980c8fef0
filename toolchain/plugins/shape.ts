import { isObject, isUnknown, unwrap } from "./values";
import type { Properties, Value } from "./values";

/** What a property may be. */
export interface Field {
  readonly type: "string" | "number" | "boolean" | "array" | "object";
  readonly required?: boolean;
  /** The properties of an object; without them it may have any, each a string. */
  readonly properties?: Shape;
  readonly oneOf?: readonly string[];
}
export type Shape = Readonly<Record<string, Field>>;

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Every way in which the inputs do not fit the shape. Unknown values fit anything. No value is repeated. */
export function check(shape: Shape, inputs: Properties, prefix = ""): Failure[] {
  const missing = Object.entries(shape)
    .filter(([name, field]) => field.required && (inputs[name] ?? null) === null)
    .map(([name]) => ({ property: prefix + name, reason: "this property is required" }));
  const wrong = Object.entries(inputs)
    .filter(([name]) => !isInternal(name))
    .flatMap(([name, value]) => checkField(shape[name], unwrap(value), prefix + name));
  return [...missing, ...wrong];
}

/** Whether the engine added this input for itself. */
function isInternal(name: string): boolean {
  return name === "version" || name.startsWith("__");
}

function checkField(field: Field | undefined, value: Value, property: string): Failure[] {
  if (!field) return [{ property, reason: "there is no such property" }];
  if (value === null || isUnknown(value)) return [];
  const type = Array.isArray(value) ? "array" : typeof value;
  if (type !== field.type)
    return [{ property, reason: `this must be of type ${field.type}, and is of ${type}` }];
  if (field.oneOf && typeof value === "string" && !field.oneOf.includes(value)) {
    return [{ property, reason: `this must be one of ${field.oneOf.join(", ")}` }];
  }
  if (field.type === "object" && field.properties && isObject(value)) {
    return check(field.properties, value, `${property}.`);
  }
  return [];
}
