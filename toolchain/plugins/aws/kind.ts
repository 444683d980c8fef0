import type { Tag } from "@aws-sdk/client-ec2";
import type { Resource } from "../provider";
import type { Shape } from "../shape";
import { plain, type Properties } from "../values";

export type Tags = Record<string, string>;
type Tagged<I> = I & { tags?: Tags };

/** One kind of AWS resource, in the calls that make, change and remove it. */
export interface Kind<I> {
  inputs: Shape;
  outputs: readonly string[];
  /** What EC2 refuses and moto does not: throws as EC2 would. */
  refuse?(inputs: I): Promise<void>;
  /** Makes it. @returns its id */
  make(inputs: Tagged<I>): Promise<string>;
  /** What is there: the outputs, and the inputs that may differ from ours; undefined when it is gone. */
  look(id: string, inputs: I): Promise<Properties | undefined>;
  /** Inputs that change in place. Tags always do; a change of any other replaces. */
  updates?: { [K in keyof I]?: (id: string, value: NonNullable<I[K]>, all: I) => Promise<unknown> };
  /** Sets tags, and takes old ones off. */
  retag?(id: string, tags: Tags, gone: string[]): Promise<unknown>;
  drop(id: string, inputs: I): Promise<unknown>;
}

export const text = { type: "string" } as const;
export const needed = { type: "string", required: true } as const;
export const flag = { type: "boolean" } as const;
export const count = { type: "number" } as const;
export const list = { type: "array" } as const;
export const object = { type: "object" } as const;

/** An error with the code by which EC2 tells it, such as `InvalidVolume.ZoneMismatch`. */
export function refusal(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { name: code });
}

const isGone = (error: unknown) => /NotFound|NoSuchEntity/.test((error as Error).name);

/** What the SDK throws says its code only in its name. */
async function telling<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const { name, message } = error as Error;
    if (message.startsWith(`${name}:`) || name === "Error") throw error;
    throw Object.assign(new Error(`${name}: ${message}`, { cause: error }), { name });
  }
}

/** A resource with the conventions of the official provider: tags, tagsAll, and what is not found is gone. */
export function kind<I extends object>(of: Kind<I>): Resource {
  const look = async (id: string, inputs: I) => {
    try {
      const seen = await of.look(id, inputs);
      return seen && { id, ...seen, ...(seen["tags"] && { tagsAll: seen["tags"] }) };
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  };
  const outputs = async (id: string, inputs: I): Promise<Properties> => {
    const seen = await look(id, inputs);
    if (!seen) throw new Error(`${id} is gone`);
    return seen;
  };
  const taggable = of.retag !== undefined;
  return {
    inputs: { ...(taggable && { tags: object }), ...of.inputs },
    outputs: ["id", ...(taggable ? ["tagsAll"] : []), ...of.outputs],
    replaces: (input) => input !== "tags" && !Object.hasOwn(of.updates ?? {}, input),
    async create(properties) {
      const inputs = plain(properties) as Tagged<I>;
      await telling(Promise.resolve(of.refuse?.(inputs)));
      const id = await telling(of.make(inputs));
      return outputs(id, inputs);
    },
    async update(properties, state) {
      const [inputs, olds] = [plain(properties) as Tagged<I>, plain(state) as Tagged<I>];
      const id = state["id"] as string;
      if (JSON.stringify(inputs.tags) !== JSON.stringify(olds.tags)) {
        const tags = inputs.tags ?? {};
        const gone = Object.keys(olds.tags ?? {}).filter((key) => !Object.hasOwn(tags, key));
        await telling(Promise.resolve(of.retag?.(id, tags, gone)));
      }
      for (const key of Object.keys(of.updates ?? {}) as (keyof I)[]) {
        const value = inputs[key];
        if (value === undefined || value === null) continue;
        if (JSON.stringify(value) !== JSON.stringify(olds[key]))
          await telling(Promise.resolve(of.updates?.[key]?.(id, value, inputs)));
      }
      return outputs(id, inputs);
    },
    async delete(state) {
      try {
        await telling(Promise.resolve(of.drop(state["id"] as string, plain(state) as I)));
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
    read: (id, state) => look(id, plain(state) as I),
  };
}

/** Tags as the SDK takes them. */
export const tagList = (tags: Tags = {}) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Tags as Pulumi has them, without those of AWS's own. */
export function tagsOf(tags: readonly Tag[] = []): Tags {
  const own = tags.filter(({ Key = "" }) => !Key.startsWith("aws:"));
  return Object.fromEntries(own.map(({ Key = "", Value = "" }) => [Key, Value]));
}
