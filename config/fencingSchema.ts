import { z } from "zod";
import { FencingTimes, withDefaults } from "../components/options";
import { duration, flag, name, says, seconds, section, text } from "./fields";
import { advise } from "./report";

/** Written for a part of `fencing` that there shall not be. */
export const NONE = "none";
/** The value of `fencing.device` that is the lab's own. */
export const LAB_DEVICE = "lab";
/** The one that stops the other's instance on EC2. */
export const AWS_DEVICE = "aws";
/** Values of a platform's own. */
const DEVICES = [LAB_DEVICE, AWS_DEVICE, NONE];

const value = says(
  "a text of one line, a number, true or false",
  "give the agent's option as its manual has it",
);
const keyAdvice = advise(
  "the long name of an option of the agent, such as ip or username, and not action",
  "see the agent's manual, such as fence_ipmilan(8)",
);
const optionsAdvice = advise("an object of the agent's options", "write it as keys and values");
const options = z.record(
  z.string().refine((key) => /^[a-z][a-z0-9_-]*$/.test(key) && key !== "action"),
  z
    .union([z.string(value).regex(/^[^\r\n]*$/, value), z.number(value), z.boolean(value)], value)
    .transform((given) => (typeof given === "boolean" ? String(Number(given)) : String(given))),
  { error: ({ code }) => (code === "invalid_key" ? keyAdvice : optionsAdvice) },
);

const agent = section({
  agent: text(
    /^fence_[a-z0-9_]+$/,
    "the name of a program of Debian's fence-agents, such as fence_ipmilan",
    "see the list of files of the package",
  ),
  options: options.prefault({}),
  masters: z
    .record(z.string(), options, says("an object with a key for each master", "write it as keys and values"))
    .prefault({}),
});

/** A program of Debian's fence-agents: its options for either master, and those that switch off the one of that name. */
export type FenceAgent = z.output<typeof agent>;

const command = text(
  (value) => /^\/[^\s"'\\$`]+( [^\s"'\\$`]+)*$/.test(value) || DEVICES.includes(value),
  "the path of a command on the masters with its arguments, without quotes; { agent, options, masters }; or none",
  "see fencing in docs/config.md",
);

/** Each error of an agent is at its own key, which a union's would not be. */
const device = z.unknown().transform((given, context) => {
  const isAgent = typeof given === "object" && given !== null && !Array.isArray(given);
  const result = (isAgent ? agent : command).safeParse(given);
  if (result.success) return result.data;
  for (const issue of result.error.issues)
    context.issues.push({ ...issue, input: given } as z.core.$ZodRawIssue);
  return z.NEVER;
});

const TIMES = withDefaults(FencingTimes);

export const fencing = section({
  device: device.exactOptional(),
  witness: name.exactOptional(),
  allowDataLoss: flag,
  silence: duration(["50ms", "10s"]).default(TIMES.silenceMs),
  deviceSeconds: seconds(1, 120).default(TIMES.deviceSeconds),
});
