import type { Resource } from "../provider";

/** The same resource, which runs nothing: for machines that are only pretended (toolchain/moto.ts). */
export function idle(resource: Resource): Resource {
  const nothing = () => ({ stdout: "", stderr: "" });
  return { ...resource, create: nothing, update: nothing, delete: () => undefined };
}
