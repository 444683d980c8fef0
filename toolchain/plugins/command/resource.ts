import { randomBytes } from "node:crypto";
import type { Operation, Resource } from "../provider";
import type { Shape } from "../shape";
import { plain } from "../values";
import type { Properties } from "../values";

/** What a command printed, without one trailing newline each. */
export type Printed = Record<"stdout" | "stderr", string>;

/** The inputs that local and remote commands share, without secret markers. */
export interface CommonInputs extends Partial<Printed> {
  create?: string;
  update?: string;
  delete?: string;
  stdin?: string;
  logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  /** Default: true. */
  addPreviousOutputInEnv?: boolean;
  environment?: Record<string, string>;
}

const COMMON: Shape = {
  triggers: { type: "array" },
  create: { type: "string" },
  update: { type: "string" },
  delete: { type: "string" },
  stdin: { type: "string" },
  logging: { type: "string", oneOf: ["stdout", "stderr", "stdoutAndStderr", "none"] },
  addPreviousOutputInEnv: { type: "boolean" },
  environment: { type: "object" },
};

/** The previous output as environment variables, unless the inputs say otherwise. */
export function previousOutput({
  addPreviousOutputInEnv,
  stdout,
  stderr,
}: CommonInputs): Record<string, string> {
  if (addPreviousOutputInEnv === false) return {};
  return {
    ...(stdout && { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr && { PULUMI_COMMAND_STDERR: stderr }),
  };
}

/**
 * A Command: `create` at creation, `update` or else `create` at any change of an input, `delete`, with the
 * inputs of the last run, at deletion. A change of `triggers` replaces it.
 */
export function commandResource<Inputs extends CommonInputs>(
  inputs: Shape,
  run: (command: string, inputs: Inputs, operation: Operation) => Promise<Printed>,
  rules: Partial<Pick<Resource, "normalize" | "failures">> = {},
): Resource {
  const read = (properties: Properties) => plain(properties) as unknown as Inputs;
  const nothing = (): Printed => ({ stdout: "", stderr: "" });
  return {
    ...rules,
    inputs: { ...COMMON, ...inputs },
    outputs: ["stdout", "stderr"],
    replaces: (input) => input === "triggers",
    id: (name) => name + randomBytes(4).toString("hex"),
    create(properties, operation) {
      const news = read(properties);
      return news.create === undefined ? nothing() : run(news.create, news, operation);
    },
    update(properties, state, operation) {
      const { stdout, stderr } = state as Partial<Printed>;
      const news = read({ ...properties, stdout: stdout ?? "", stderr: stderr ?? "" });
      const command = news.update ?? news.create;
      return command === undefined
        ? { stdout: stdout ?? "", stderr: stderr ?? "" }
        : run(command, news, operation);
    },
    async delete(state, operation) {
      const olds = read(state);
      if (olds.delete !== undefined) await run(olds.delete, olds, operation);
    },
  };
}
