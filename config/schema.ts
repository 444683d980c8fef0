import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Access, DrbdMetadata, HeartbeatTransport, Squash } from "../components/enums";
import { canonical, isAddress, isNetwork, isUnicast, prefixLength } from "./network";
import { advise, nearest } from "./report";
import { Platform, VerifyAlg } from "./types";

/** How to mend a value; may depend on what was found. */
type Mend = string | ((found: unknown) => string);

function says(allowed: string, mend: Mend) {
  return {
    error: (issue: { readonly input?: unknown }) =>
      advise(
        allowed,
        issue.input === undefined ? "set it" : typeof mend === "string" ? mend : mend(issue.input),
      ),
  };
}

/** A string that passes `test`. */
function text(test: RegExp | ((value: string) => boolean), allowed: string, mend: Mend) {
  const passes = test instanceof RegExp ? (value: string) => test.test(value) : test;
  return z.string(says(allowed, mend)).refine(passes, says(allowed, mend));
}

/** An integer of `min` to `max`; `what` says what it counts, such as " of seconds". */
function integer(min: number, max = Number.MAX_SAFE_INTEGER, what = "") {
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
  const params = says(`a whole number${what}, ${range}`, "write the number alone, without unit or quotes");
  return z.int(params).min(min, params).max(max, params);
}

/** One of an enum's values. */
function choice<const T extends Record<string, string>>(values: T, mend: Mend = "choose one of these") {
  return z.enum(values, says(Object.values(values).join(", "), mend));
}

/** An object with these keys and no others. */
function section<T extends z.core.$ZodLooseShape>(shape: T) {
  const known = Object.keys(shape);
  const allowed = `an object with ${known.join(", ")}`;
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKey(key, known)).join("\n")
        : advise(allowed, "write it as keys and values"),
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  return advise(known.join(", "), guess === undefined ? "remove it" : `did you mean ${guess}?`);
}

const name = text(
  (value) => /^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$/.test(value) && value !== "localhost",
  "1 to 15 of a-z, 0-9 and '-', starting with a letter and not ending with '-' (RFC 1123), and not localhost",
  "use the host name without its domain, as `uname -n` prints it",
);

const address = text(isAddress, "an IPv4 address such as 10.10.1.11", (found) =>
  typeof found === "string" && found.includes("/")
    ? "leave the prefix off: it comes from the network"
    : "write four numbers from 0 to 255 with dots between",
);

const network = text(
  (value) => isNetwork(value) && prefixLength(value) >= 8 && prefixLength(value) <= 30 && isUnicast(value),
  "an IPv4 network such as 10.10.1.0/24, prefix 8 to 30, not loopback, multicast or reserved",
  mendNetwork,
);

/** A share's clients may be routed, so any network but the whole Internet is allowed. */
const clientAddress = text(
  (value) => isAddress(value) || (isNetwork(value) && prefixLength(value) > 0),
  "an IPv4 address or network, such as 10.10.1.13 or 10.10.1.0/24",
  (found) =>
    typeof found === "string" && found.endsWith("/0")
      ? "name the networks of the clients: /0 lets the whole Internet mount the share"
      : mendNetwork(found),
);

function mendNetwork(found: unknown): string {
  const network = typeof found === "string" ? canonical(found) : undefined;
  if (network === undefined) return "write it as <network address>/<prefix length>";
  return network === found ? "choose one of these" : `did you mean ${network}?`;
}

/** A time, in milliseconds once parsed. */
const duration = text(
  /^[1-9]\d{0,5}(ms|s)$/,
  "a whole number with its unit, ms or s, such as 500ms or 3s",
  (found) =>
    typeof found === "number" ? `the unit is missing: write ${found}ms or ${found}s` : "write the unit too",
).transform((value) => parseInt(value, 10) * (value.endsWith("ms") ? 1 : 1000));

const device = text(
  /^[a-zA-Z0-9][\w.-]{0,14}$/,
  "the name of a network interface, such as eth1, at most 15 characters",
  "run `ip -brief link` on the host",
);

const port = integer(1, 65535);

const master = section({
  name,
  serviceAddress: address,
  linkAddress: address,
  replicationAddress: address.exactOptional(),
  sshHost: text(
    /^[a-zA-Z0-9]([\w.-]*\w)?$/,
    "a host name or an IPv4 address",
    "leave user and port off",
  ).exactOptional(),
  sshPort: port.exactOptional(),
  sshUser: text(
    /^[a-z_][\w-]{0,31}$/,
    "a user name such as root",
    "name root or a user who may `sudo -n`",
  ).exactOptional(),
  hostKey: text(
    // The blob of an ed25519 key is always 51 bytes, 68 characters in base64 (RFC 8709).
    /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}( [^\r\n]*)?$/,
    "the host's public ed25519 key on one line, ssh-ed25519 AAAA…",
    "copy the line of /etc/ssh/ssh_host_ed25519_key.pub on the host",
  ).exactOptional(),
  serviceDevice: device.exactOptional(),
  linkDevice: device.exactOptional(),
  replicationDevice: device.exactOptional(),
  dataDisk: text(
    (value) => /^\/dev(\/[\w.:+@-]+)+$/.test(value) && !/\/\.\.?(\/|$)/.test(value),
    "the absolute path of a disk under /dev",
    "choose a name that survives a reboot: run `ls -l /dev/disk/by-id` on the host",
  ).exactOptional(),
});

const mebibytes = (min: number) => integer(min, undefined, " of MiB");

const lab = section({
  masterMemoryMiB: mebibytes(512).default(640),
  clientMemoryMiB: mebibytes(256).default(384),
  dataDiskMiB: mebibytes(256).default(1024),
  clients: z
    .array(
      section({ name, serviceAddress: address }),
      says("a list of { name, serviceAddress }", "write it as a list"),
    )
    .exactOptional(),
});

const oneClient = says(
  "a list of at least one { from, access, squash, anonUid, anonGid }",
  "say who may mount the share",
);
/** 2^32 - 1 is no id: the kernel reads it as -1, "no change" (chown(2)). */
const unixId = integer(0, 2 ** 32 - 2).default(65534);

export const shareClient = section({
  from: clientAddress,
  access: choice(Access).default(Access.ReadWrite),
  squash: choice(Squash).default(Squash.Root),
  anonUid: unixId,
  anonGid: unixId,
});

const share = section({
  name: text(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "1 to 63 of a-z, 0-9 and '-', neither first nor last a '-'",
    "it becomes the directory /srv/nfs/<name>",
  ),
  clients: z.array(shareClient, oneClient).min(1, oneClient).exactOptional(),
});

const heartbeat = section({
  keepalive: duration.default(500),
  warntime: duration.default(1500),
  deadtime: duration.default(3000),
  initdead: duration.default(20000),
  udpPort: port.default(694),
  transport: choice(HeartbeatTransport).default(HeartbeatTransport.Unicast),
  mcastGroup: text(
    (value) => isAddress(value) && /^2(2[4-9]|3\d)\./.test(value),
    "a multicast address, 224.0.0.0 to 239.255.255.255",
    "choose one that nothing else in these networks uses",
  ).default("225.0.0.11"),
  autoFailback: z.boolean(says("true, false", "write it without quotes")).default(false),
  pingNodes: z
    .array(address, says("a list of IPv4 addresses in serviceNetwork", "write it as a list"))
    .prefault([]),
});

const drbd = section({
  port: integer(1024, 65535).default(7788),
  metadata: choice(DrbdMetadata).default(DrbdMetadata.Internal),
  verifyAlg: choice(VerifyAlg).default(VerifyAlg.Crc32c),
  // DRBD_C_MAX_RATE_MAX is 4 GiB/s (linux/drbd_limits.h).
  resyncMaxRateMiB: integer(1, 4096, " of MiB per second").default(100),
});

/** The kernel takes 10 to 3600 s for lease and grace (fs/nfsd/nfsctl.c). */
const nfsSeconds = integer(10, 3600, " of seconds").default(10);

const nfs = section({
  threads: integer(1, 256).default(8),
  leaseSeconds: nfsSeconds,
  graceSeconds: nfsSeconds,
});

const oneShare = says("a list of at least one { name, clients }", "name what the cluster shall export");

/** Every key of the configuration: its type, range and fixed default. Rules across keys are in rules.ts. */
export const settings = section({
  platform: choice(Platform, (found) =>
    found === "aws" ? "aws is planned, not there yet" : "choose where the hosts come from",
  ).default(Platform.Lab),
  serviceNetwork: network.default("10.10.1.0/24"),
  linkNetwork: network.default("10.10.2.0/24"),
  replicationNetwork: network.exactOptional(),
  vip: address,
  masters: z.array(master, says("a list of exactly two masters", "write it as a list")).exactOptional(),
  lab: lab.prefault({}),
  shares: z
    .array(share, oneShare)
    .min(1, oneShare)
    .prefault([{ name: "data" }]),
  heartbeat: heartbeat.prefault({}),
  drbd: drbd.prefault({}),
  nfs: nfs.prefault({}),
  secretsGeneration: integer(1).default(1),
  sshPrivateKey: text(
    /^-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n/,
    "the text of an SSH private key, from -----BEGIN to -----END",
    "set it with `pulumi config set --secret sshPrivateKey < FILE`",
  )
    .transform((value) => pulumi.secret(value))
    .exactOptional(),
  connectTimeoutSeconds: integer(10, 3600, " of seconds").default(300),
});

/** What {@link settings} makes of a valid configuration. */
export type Settings = z.output<typeof settings>;

/** The JSON type of each top-level key, as Pulumi.yaml declares it: string, integer, array or object. */
export function keyTypes(): ReadonlyMap<string, unknown> {
  const { properties = {} } = z.toJSONSchema(settings, { io: "input" });
  return new Map(Object.entries(properties).map(([key, value]) => [key, (value as { type?: unknown }).type]));
}
