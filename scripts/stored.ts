import { exportStack } from "../toolchain/stack";

/** A node script as the stack's state has it. Its name ends with its host's. */
export interface StoredScript {
  name: string;
  host: string;
  /** The script and its variables; undefined for the one with the secrets, unless those are asked for. */
  text: string | undefined;
}

/** A secret as `pulumi stack export --show-secrets` has it. */
interface Shown {
  plaintext?: string;
}

/** The scripts of these hosts, in the order in which the last `up` ran them. */
export function storedScripts(stack: string, hosts: readonly string[], ...flags: string[]): StoredScript[] {
  return (exportStack(stack, ...flags)?.deployment.resources ?? []).flatMap(({ urn, type, inputs }) => {
    const name = urn.split("::").at(-1) ?? "";
    const host = hostOf(name, hosts);
    const isScript =
      type === "command:remote:Command" && String(inputs?.["create"]).endsWith("bash -s -- apply");
    return isScript && host !== undefined ? [{ name, host, text: plain(inputs?.["stdin"]) }] : [];
  });
}

/** Of the hosts `a` and `b-a`, a resource named …-b-a is the second one's. */
export function hostOf(name: string, hosts: readonly string[]): string | undefined {
  const longestFirst = [...hosts].sort((a, b) => b.length - a.length);
  return longestFirst.find((known) => name.endsWith(`-${known}`));
}

function plain(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const { plaintext } = Object(value) as Shown;
  return plaintext === undefined ? undefined : (JSON.parse(plaintext) as string);
}
