import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Access, DrbdMetadata, HeartbeatTransport, MachineType, Squash } from "../components/enums";
import { VERIFY } from "../components/render/units";
import { isCalendar } from "./calendar";
import {
  address,
  choice,
  clientAddress,
  dataDisk,
  device,
  duration,
  flag,
  integer,
  mebibytes,
  name,
  network,
  port,
  says,
  section,
  ssh,
  text,
} from "./fields";
import { pushTargets, readPool, replication, slaves } from "./fleetSchema";
import { fencing } from "./fencingSchema";
import { isAddress } from "./network";
import { hasPassphrase } from "./sshKey";
import { Platform, VerifyAlg } from "./types";

/** How to mend `sshPrivateKey`. */
export const SET_KEY = "set it with `pulumi config set --secret sshPrivateKey < FILE`";

const master = section({
  name,
  serviceAddress: address,
  linkAddress: address,
  replicationAddress: address.exactOptional(),
  ...ssh,
  serviceDevice: device.exactOptional(),
  linkDevice: device.exactOptional(),
  replicationDevice: device.exactOptional(),
  dataDisk: dataDisk.exactOptional(),
});

const lab = section({
  machine: choice(MachineType).exactOptional(),
  masterMemoryMiB: mebibytes(512).default(640),
  clientMemoryMiB: mebibytes(256).default(384),
  slaveMemoryMiB: mebibytes(256).default(384),
  proxyMemoryMiB: mebibytes(192).default(256),
  dataDiskMiB: mebibytes(256).default(1024),
  slaveDiskMiB: mebibytes(256).default(1024),
  clients: z
    .array(
      section({ name, serviceAddress: address }),
      says("a list of { name, serviceAddress }", "write it as a list"),
    )
    .exactOptional(),
});

const oneClient = says(
  "a list of at least one { from, access, squash, anonUid, anonGid, insecure }",
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
  insecure: flag,
});

const share = section({
  name: text(
    /^\w([\w-]{0,61}\w)?$/,
    "1 to 63 of a-z, A-Z, 0-9, '-' and '_', neither first nor last a '-'",
    "it becomes the directory /srv/nfs/<name>",
  ),
  clients: z.array(shareClient, oneClient).min(1, oneClient).exactOptional(),
});

const heartbeat = section({
  keepalive: duration().default(500),
  warntime: duration().default(1500),
  deadtime: duration().default(3000),
  initdead: duration().default(20000),
  udpPort: port.default(694),
  transport: choice(HeartbeatTransport).default(HeartbeatTransport.Unicast),
  mcastGroup: text(
    (value) => isAddress(value) && /^2(2[4-9]|3\d)\./.test(value),
    "a multicast address, 224.0.0.0 to 239.255.255.255",
    "choose one that nothing else in these networks uses",
  ).default("225.0.0.11"),
  autoFailback: flag,
  pingNodes: z
    .array(address, says("a list of IPv4 addresses in serviceNetwork", "write it as a list"))
    .prefault([]),
});

const drbd = section({
  port: integer(1024, 65535).default(7788),
  metadata: choice(DrbdMetadata).default(DrbdMetadata.Internal),
  verify: text(
    (value) => value === "off" || isCalendar(value),
    "a calendar expression of systemd's, such as weekly or Sun 03:00; or off",
    "see systemd.time(7), or try it with `systemd-analyze calendar`",
  ).default(VERIFY),
  verifyAlg: choice(VerifyAlg).default(VerifyAlg.Sha1),
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

/** Every key of the configuration: its type, range and fixed default. Rules across keys are in rules/. */
export const settings = section({
  platform: choice(Platform, (found) =>
    found === "aws" ? "aws is planned, not there yet" : "choose where the hosts come from",
  ).default(Platform.Lab),
  serviceNetwork: network.default("10.10.1.0/24"),
  linkNetwork: network.default("10.10.2.0/24"),
  replicationNetwork: network.exactOptional(),
  vip: address,
  vipAliases: z.array(address, says("a list of addresses", "write it as a list")).prefault([]),
  masters: z.array(master, says("a list of exactly two masters", "write it as a list")).exactOptional(),
  slaves,
  readPool: readPool.exactOptional(),
  pushTargets,
  replication: replication.prefault({}),
  lab: lab.prefault({}),
  shares: z
    .array(share, oneShare)
    .min(1, oneShare)
    .prefault([{ name: "data" }]),
  heartbeat: heartbeat.prefault({}),
  drbd: drbd.prefault({}),
  fencing: fencing.prefault({}),
  nfs: nfs.prefault({}),
  secretsGeneration: integer(1).default(1),
  sshPrivateKey: text(
    /^-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n/,
    "the text of an SSH private key, from -----BEGIN to -----END",
    SET_KEY,
  )
    .refine(
      (key) => !hasPassphrase(key),
      says(
        "a private key without a passphrase, for nobody is there to type it",
        "take it off a copy with `ssh-keygen -p -N '' -f COPY`, and set that",
      ),
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
