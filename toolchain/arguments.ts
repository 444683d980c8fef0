import { UserError } from "./process";

/** A verb's arguments. */
export interface Arguments {
  /** From --stack or -s, else $HA_NFS_STACK, else dev. */
  readonly stack: string;
  /** From --config-file. */
  readonly configFile: string | undefined;
  /** Hosts from --without, which may be given more than once. */
  readonly without: readonly string[];
  /** Whether --skip-preflight is there. */
  readonly skipsPreflight: boolean;
  /** All others, unchanged. */
  readonly rest: readonly string[];
  /** All, unchanged. */
  readonly all: readonly string[];
  /** Whether one of these flags is given, with or without a value. */
  has(...flags: string[]): boolean;
}

export function parseArguments(all: readonly string[]): Arguments {
  const rest = [...all];
  const stack = take(rest, "--stack", "-s") ?? process.env["HA_NFS_STACK"] ?? "dev";
  const configFile = take(rest, "--config-file");
  const without: string[] = [];
  for (let host = take(rest, "--without"); host; host = take(rest, "--without")) without.push(host);
  const skipsPreflight = rest.includes("--skip-preflight");
  if (skipsPreflight) rest.splice(rest.indexOf("--skip-preflight"), 1);
  const has = (...flags: string[]) => rest.some((arg) => flags.includes(arg.split("=", 1)[0] ?? arg));
  return { stack, configFile, without, skipsPreflight, rest, all, has };
}

/** Removes a flag and its value, `--flag value` or `--flag=value`, and returns the value. */
function take(args: string[], ...flags: string[]): string | undefined {
  const i = args.findIndex((arg) => flags.includes(arg.split("=", 1)[0] ?? arg));
  const found = args[i];
  if (found === undefined) return undefined;
  const inline = found.includes("=");
  const value = inline ? found.slice(found.indexOf("=") + 1) : args[i + 1];
  if (!value) throw new UserError(`${found} needs a value`);
  args.splice(i, inline ? 1 : 2);
  return value;
}
