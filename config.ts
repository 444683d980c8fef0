import * as pulumi from "@pulumi/pulumi";
import { parseDraft, type Draft } from "./config/draft";
import { hostAt } from "./config/network";
import {
  advise,
  ConfigError,
  issueLines,
  line,
  NAMESPACE,
  show,
  valueAt,
  type Report,
} from "./config/report";
import { checkRules } from "./config/rules";
import { keyTypes, settings, shareClient, type Settings } from "./config/schema";
import {
  Platform,
  type ClusterConfig,
  type CommonConfig,
  type HostMasterConfig,
  type MasterConfig,
} from "./config/types";

export * from "./config/types";
export { ConfigError };

/** What the lab's machines have; lab/ builds them so. */
const LAB_DEVICES = { serviceDevice: "eth1", linkDevice: "eth2", dataDisk: "/dev/disk/by-id/virtio-data" };
const LAB_REPLICATION_DEVICE = "eth3";

/** Settings without errors: what has no fixed default is given, on the platforms that use it. */
interface Complete extends Settings {
  readonly masters: [Master, Master];
  readonly lab: Required<Settings["lab"]>;
  readonly sshPrivateKey: pulumi.Output<string>;
}
type Master = NonNullable<Settings["masters"]>[number];

/**
 * Reads and checks the configuration of the current stack.
 *
 * @throws ConfigError naming every error at once
 */
export function loadConfig(): ClusterConfig {
  const prefix = `${NAMESPACE}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return parseConfig(Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])));
}

/**
 * Checks a configuration and fills in its defaults. Needs no running engine.
 *
 * @param raw the keys without their namespace; values are JSON values, or their text as Pulumi stores it.
 *   An empty value is the same as none, except for `shares`: the engine requires every key that Pulumi.yaml
 *   declares without a default, so the optional ones have an empty default there.
 * @throws ConfigError naming every error at once
 */
export function parseConfig(raw: Record<string, unknown>): ClusterConfig {
  const input = decode(raw);
  const lines = new Set(issueLines(settings.safeParse(input).error?.issues ?? [], input));
  const report: Report = (path, found, allowed, mend) => lines.add(line(path, found, advise(allowed, mend)));

  const draft = withLabDefaults(parseDraft(input), input, report);
  checkRules(draft, (path) => valueAt(input, path), report);
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

/** Unless given, the lab's masters are the hosts 11 and 12 of each network, and its client is 13. */
function withLabDefaults(draft: Draft, input: Record<string, unknown>, report: Report): Draft {
  if (draft.platform !== Platform.Lab) return draft;
  const at = (key: "serviceNetwork" | "linkNetwork" | "replicationNetwork", offset: number) => {
    const network = draft[key];
    const address = network === undefined ? undefined : hostAt(network, offset);
    if (network !== undefined && address === undefined) {
      const allowed = "a network that has room for the lab's machines at its start + 11, + 12 and + 13";
      report([key], show(network), allowed, "widen it to /28 or more, or set masters and lab.clients");
    }
    return address;
  };
  const master = (name: string, offset: number) => {
    const replicationAddress = at("replicationNetwork", offset);
    return {
      name,
      serviceAddress: at("serviceNetwork", offset),
      linkAddress: at("linkNetwork", offset),
      ...(replicationAddress !== undefined && { replicationAddress }),
    };
  };
  const client = () => ({ name: "client", serviceAddress: at("serviceNetwork", 13) });
  const { lab } = draft;
  return {
    ...draft,
    masters: input["masters"] === undefined ? [master("m1", 11), master("m2", 12)] : draft.masters,
    lab: lab && {
      ...lab,
      clients: valueAt(input, ["lab", "clients"]) === undefined ? [client()] : lab.clients,
    },
  };
}

function build({ platform, masters, lab, sshPrivateKey, ...rest }: Complete): ClusterConfig {
  const { keepalive, warntime, deadtime, initdead, ...heartbeat } = rest.heartbeat;
  const common: CommonConfig = {
    ...rest,
    shares: rest.shares.map(({ name, clients }) => ({
      name,
      clients: clients ?? [shareClient.parse({ from: rest.serviceNetwork })],
    })),
    heartbeat: {
      keepaliveMs: keepalive,
      warntimeMs: warntime,
      deadtimeMs: deadtime,
      initdeadMs: initdead,
      ...heartbeat,
    },
  };
  const [first, second] = masters;
  return platform === Platform.Lab
    ? { ...common, platform, lab, masters: [labMaster(first), labMaster(second)] }
    : { ...common, platform, sshPrivateKey, masters: [hostMaster(first), hostMaster(second)] };
}

function labMaster(master: Master): MasterConfig {
  const replication = master.replicationAddress !== undefined && {
    replicationDevice: LAB_REPLICATION_DEVICE,
  };
  return { ...master, ...LAB_DEVICES, ...replication };
}

/** checkRules has made sure that the keys which hosts must have are there. */
function hostMaster(master: Master): HostMasterConfig {
  return { sshHost: master.serviceAddress, sshPort: 22, sshUser: "root", ...master } as HostMasterConfig;
}

/** Freezes plain objects and arrays; a Pulumi output stays as it is. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || pulumi.Output.isInstance(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
