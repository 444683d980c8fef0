import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Settings, settingsOf } from "./schema";
import type { Variant } from "./variant";

/** The parts of `T` that are valid; what is not is undefined, at any depth. */
export type Sound<T> =
  (T extends pulumi.Output<unknown> ? T : { readonly [K in keyof T]?: Sound<T[K]> }) | undefined;

/** The settings as far as they are valid: what the rules look at. */
export type Draft = NonNullable<Sound<Settings>>;

/**
 * Parses `input`, an object, like {@link settingsOf}, but never fails: each invalid value becomes undefined.
 *
 * @param variant what is known of it already: its timing, for its defaults
 */
export function parseDraft(input: object, { timing }: Variant = {}): Draft {
  return lenient(settingsOf({ timing })).parse(input) as Draft;
}

/** `schema` with each of its values allowed to be invalid. */
function lenient(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodPrefault) return lenient(schema.unwrap()).prefault(schema.def.defaultValue);
  if (schema instanceof z.ZodExactOptional) return lenient(schema.unwrap());
  if (schema instanceof z.ZodArray) return z.array(lenient(schema.element)).optional().catch(undefined);
  if (schema instanceof z.ZodObject) {
    const shape = Object.entries(schema.shape as z.core.$ZodShape).map(
      ([key, value]) => [key, lenient(value)] as const,
    );
    return z.object(Object.fromEntries(shape)).optional().catch(undefined);
  }
  return (schema as z.ZodType).optional().catch(undefined);
}
