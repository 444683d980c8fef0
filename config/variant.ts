import { z } from "zod";
import type { Timing } from "../components/enums";
import { advise, type Path } from "./report";

/** Where the hosts come from. */
export enum Platform {
  /** Virtual machines on the operator's machine. */
  Lab = "lab",
  /** Machines that exist and answer SSH. */
  Hosts = "hosts",
  /** Instances on EC2. */
  Aws = "aws",
}

/** What decides which keys must be there and which must not. Where it is not known, every key may be there. */
export interface Variant {
  readonly platform?: Platform | undefined;
  /** Whether DRBD has a network of its own. */
  readonly replication?: boolean;
  /** By which the cluster manager's times have their defaults. */
  readonly timing?: Timing | undefined;
}

/** The second half of an error's line. */
type Advice = string | ((issue: { readonly path?: Path | undefined }) => string);

/** A kind of key: `refused` or `needed` where there is such advice, and optional where there is none. */
function kind(refused?: Advice | false, needed?: Advice | false) {
  /** @param mend advice of this key's own where it is needed and not there */
  return <T extends z.ZodType>(schema: T, mend?: Advice) => {
    const isThere = { error: mend ?? (needed || undefined), abort: true };
    const key = refused
      ? z.never({ error: refused }).exactOptional()
      : needed
        ? z.custom((value) => value !== undefined, isThere).pipe(schema)
        : schema.exactOptional();
    return key as z.ZodExactOptional<T>;
  };
}

/** The kinds of keys that depend on the variant. */
export function kinds({ platform, replication }: Variant) {
  const isHosts = platform === Platform.Hosts;
  const isAws = platform === Platform.Aws;
  const isMade = platform === Platform.Lab || isAws;
  const onMade =
    isMade &&
    advise(`nothing on platform ${platform}, which sets it itself`, "remove it, or set platform to hosts");
  const onHosts: Advice | false =
    isHosts &&
    (({ path }) => advise("a value on platform hosts", `see ${String(path?.at(-1))} in docs/config.md`));
  const onAws = isAws && advise("nothing on platform aws, which sets it itself", "remove it");
  const withReplication = kind(
    onAws ||
      (replication === false &&
        advise("nothing without replicationNetwork", "remove it, or set replicationNetwork")),
    replication === true &&
      advise("a value where replicationNetwork is set", "set it, or remove replicationNetwork"),
  );
  return {
    /** Platforms that make machines set it themselves. */
    onHosts: kind(onMade),
    /** The same, and hosts must have it. */
    onlyOnHosts: kind(onMade, onHosts),
    /** The lab sets it itself, and all others must have it. */
    notOnLab: kind(platform === Platform.Lab && onMade, (isHosts || isAws) && advise("a value", "set it")),
    /** Platforms that make machines have a default for it. */
    neededOnHosts: kind(undefined, onHosts),
    /** The lab has a default for it, and AWS sets it itself. */
    neededAddress: kind(onAws, onHosts),
    /** AWS sets it itself, and all others must have it. */
    notOnAws: <T extends z.ZodType>(schema: T) =>
      isAws ? kind(onAws)(schema) : (schema as unknown as z.ZodExactOptional<T>),
    onlyOnLab: kind(
      (isHosts || isAws) && advise(`nothing on platform ${platform}`, "remove it, or set platform to lab"),
    ),
    onAws: kind(
      platform !== undefined &&
        !isAws &&
        advise(`nothing on platform ${platform}`, "remove it, or set platform to aws"),
    ),
    onlyOnAws: kind(
      platform !== undefined &&
        !isAws &&
        advise(`nothing on platform ${platform}`, "remove it, or set platform to aws"),
      isAws && advise("a value on platform aws", "see aws in docs/config.md"),
    ),
    /** It is there if, and only if, there is a replication network. */
    withReplication,
    /** The same, but platforms that make machines set it themselves. */
    replicationOnHosts: isHosts ? withReplication : kind(onMade),
  };
}
