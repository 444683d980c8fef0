import type { Arguments } from "./arguments";
import type { Resource } from "./deployment";
import { settings } from "./prerequisites";
import { UserError } from "./process";
import { exportStack, stackOutputs } from "./stack";

/**
 * The CLI's flags for --without. A resource's name ends with its host's; without one of the hosts nobody can say that all
 * are one (settled.sh).
 */
export function leftOut(verb: string, { stack, without }: Arguments, config: string): string[] {
  if (without.length === 0) return [];
  if (verb !== "up" && verb !== "preview")
    throw new UserError(`--without is for up and preview, not ${verb}`);
  const hosts = Object.keys(stackOutputs(stack)["nodes"] ?? {});
  const unknown = without.filter((host) => !hosts.includes(host));
  if (unknown.length > 0)
    throw new UserError(`--without: found ${unknown.join(", ")}; allowed: ${hosts.join(", ")}`);
  const same = hosts.find(
    (name) => !without.includes(name) && without.some((host) => name.endsWith(`-${host}`)),
  );
  if (same !== undefined)
    throw new UserError(
      `--without: found ${without.join(", ")}, which names ${same} too: name both, or rename one`,
    );
  requireItsSecrets(stack, without, settings(config)["ha-nfs:secretsGeneration"] ?? 1);
  return [...without.map((host) => `**-${host}`), "**-settled-**"].flatMap((urn) => ["--exclude", urn]);
}

/**
 * A master that is left out keeps its secrets. After one rotation DRBD does not connect to it any more; after two it
 * refuses the next keys, and nobody understands it meanwhile (secrets.sh).
 */
function requireItsSecrets(stack: string, without: readonly string[], wanted: unknown): void {
  const resources = exportStack(stack)?.deployment.resources ?? [];
  for (const host of without) {
    const given = resources
      .filter(({ urn }) => urn.endsWith(`-${host}`))
      .map(({ inputs }) => generationIn(inputs));
    const has = Math.max(0, ...given);
    if (has !== 0 && has !== Number(wanted))
      throw new UserError(
        `secretsGeneration: found ${JSON.stringify(wanted)}; allowed: ${has}, which ${host} has, as long as it is left out; ` +
          `to rotate the secrets, bring ${host} back and run up with it`,
      );
  }
}

/** The generation that the text of a master's script names; 0 where it names none. */
function generationIn(inputs: Resource["inputs"]): number {
  return Number(/^SECRETS_GENERATION=(\d+)$/m.exec(String(inputs?.["stdin"]))?.[1] ?? 0);
}
