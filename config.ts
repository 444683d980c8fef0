import * as pulumi from "@pulumi/pulumi";
import { build, type ClusterConfig, type Complete } from "./config/build";
import { withAwsDefaults } from "./config/awsDefaults";
import { parseDraft } from "./config/draft";
import { withLabDefaults } from "./config/labDefaults";
import {
  advise,
  ConfigError,
  issueLines,
  line,
  NAMESPACE,
  valueAt,
  type Lookup,
  type Report,
} from "./config/report";
import { checkRules } from "./config/rules";
import { keyTypes, SET_KEY, settingsOf } from "./config/schema";
import { Platform } from "./config/variant";

export type * from "./config/build";
export { AWS_DEVICE, LAB_DEVICE } from "./config/fencingSchema";
export { ConfigError, Platform };

/**
 * Reads and checks the configuration of the current stack.
 *
 * @throws ConfigError naming every error at once
 */
export function loadConfig(): ClusterConfig {
  const prefix = `${NAMESPACE}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  const raw = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
  // The keys whose values are encrypted, as the language host hands them on.
  const encrypted = process.env["PULUMI_CONFIG_SECRET_KEYS"];
  const inClear = encrypted !== undefined && !encrypted.includes(`"${prefix}sshPrivateKey"`);
  return parseConfig(raw, inClear);
}

/**
 * Checks a configuration and fills in its defaults. Needs no running engine.
 *
 * @param raw the keys without their namespace; values are JSON values, or their text as Pulumi stores it.
 *   An empty value is the same as none, except for `shares`: the engine requires every key that Pulumi.yaml
 *   declares without a default, so the optional ones have an empty default there.
 * @param keyInClear whether the private key, if there is one, stands in clear in the stack's file
 * @throws ConfigError naming every error at once
 */
export function parseConfig(raw: Record<string, unknown>, keyInClear = false): ClusterConfig {
  const input = decode(raw);
  const { platform, timing } = parseDraft(input);
  const variant = { platform, timing, replication: input["replicationNetwork"] !== undefined };
  const sound = parseDraft(input, variant);
  const lines = new Set(issueLines(settingsOf(variant).safeParse(input).error?.issues ?? [], input));
  const report: Report = (path, found, allowed, mend) => lines.add(line(path, found, advise(allowed, mend)));

  const written: Lookup = (path) => valueAt(input, path);
  const draft = withAwsDefaults(withLabDefaults(sound, written, report), written);
  checkRules(draft, written, report);
  if (keyInClear && draft.platform !== Platform.Lab && written(["sshPrivateKey"]) !== undefined) {
    report(
      ["sshPrivateKey"],
      "a value in clear",
      "a secret",
      `make a new key if others have seen it, and ${SET_KEY}`,
    );
  }
  if (lines.size > 0) throw new ConfigError([...lines]);
  return deepFreeze(build(draft as Complete));
}

/** Parses the values that Pulumi stores as text, if they are JSON, and leaves out the empty ones. */
function decode(raw: Record<string, unknown>): Record<string, unknown> {
  const types = keyTypes();
  const decoded = Object.entries(raw).map(([key, value]) => {
    const isJson = typeof value === "string" && types.get(key) !== "string";
    return [key, isJson ? parseJson(value) : value] as const;
  });
  const empty = ['""', "[]", "{}"];
  return Object.fromEntries(
    decoded.filter(([key, value]) => key === "shares" || !empty.includes(JSON.stringify(value))),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Freezes plain objects and arrays; a Pulumi output stays as it is. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || pulumi.Output.isInstance(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
