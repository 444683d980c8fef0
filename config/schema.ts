import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  Access,
  DrbdMetadata,
  HeartbeatTransport,
  MachineType,
  Manager,
  Squash,
  Timing,
  VerifyAlg,
} from "../components/enums";
import {
  CONNECT_TIMEOUT_SECONDS,
  DrbdOptions,
  HeartbeatOptions,
  KeepalivedOptions,
  NfsOptions,
  PacemakerOptions,
  ReplicationOptions,
  SECRETS_GENERATION,
  TIMES,
  withDefaults,
} from "../components/options";
import { isCalendar } from "./calendar";
import {
  address,
  choice,
  clientAddress,
  duration,
  flag,
  integer,
  list,
  mebibytes,
  name,
  network,
  port,
  says,
  seconds,
  section,
  text,
} from "./fields";
import { aws } from "./awsSchema";
import { fencing } from "./fencingSchema";
import { machines } from "./machineSchema";
import { isAddress } from "./network";
import { advise } from "./report";
import { hasPassphrase, hasPublicKey } from "./sshKey";
import { kinds, Platform, type Variant } from "./variant";

const DRBD = withDefaults(DrbdOptions);
const NFS = withDefaults(NfsOptions);
const REPLICATION = withDefaults(ReplicationOptions);

/** How to mend `sshPrivateKey`. */
export const SET_KEY = "set it with `pulumi config set --secret sshPrivateKey < FILE`";

const lab = section({
  machine: choice(MachineType).exactOptional(),
  masterMemoryMiB: mebibytes(512).default(640),
  clientMemoryMiB: mebibytes(256).default(384),
  slaveMemoryMiB: mebibytes(256).default(384),
  proxyMemoryMiB: mebibytes(192).default(256),
  dataDiskMiB: mebibytes(256).default(1024),
  slaveDiskMiB: mebibytes(256).default(1024),
  clients: list(
    section({ name, serviceAddress: address }),
    "a list of { name, serviceAddress }",
  ).exactOptional(),
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

const replication = section({
  coalesce: duration(["10ms", "10s"]).default(REPLICATION.coalesceMs),
  maxLag: duration(["1s", "3600s"]).default(REPLICATION.maxLagSeconds * 1000),
  journalLimitMiB: mebibytes(16, 65536).default(REPLICATION.journalLimitMiB),
  metricsPort: port.default(REPLICATION.metricsPort),
  healthPort: port.default(REPLICATION.healthPort),
});

/** The cluster managers' own options. */
function managers(timing = Timing.Fast) {
  const times = TIMES[timing];
  const HEARTBEAT = withDefaults(HeartbeatOptions, times.heartbeat);
  const KEEPALIVED = withDefaults(KeepalivedOptions, times.keepalived);
  const PACEMAKER = withDefaults(PacemakerOptions, times.pacemaker);
  const heartbeat = section({
    keepalive: duration().default(HEARTBEAT.keepaliveMs),
    warntime: duration().default(HEARTBEAT.warntimeMs),
    deadtime: duration().default(HEARTBEAT.deadtimeMs),
    initdead: duration().default(HEARTBEAT.initdeadMs),
    udpPort: port.default(HEARTBEAT.udpPort),
    transport: choice(HeartbeatTransport).default(HEARTBEAT.transport),
    mcastGroup: text(
      (value) => isAddress(value) && /^2(2[4-9]|3\d)\./.test(value),
      "a multicast address, 224.0.0.0 to 239.255.255.255",
      "choose one that nothing else in these networks uses",
    ).default(HEARTBEAT.mcastGroup),
    autoFailback: flag,
    pingNodes: list(address, "a list of IPv4 addresses in serviceNetwork").prefault([]),
  });
  const keepalived = section({
    advert: duration(["10ms", "40s"])
      .refine((ms) => ms % 10 === 0, says("tens of milliseconds, as VRRP 3 sends it", "round it"))
      .default(KEEPALIVED.advertMs),
    routerId: integer(1, 255).default(KEEPALIVED.routerId),
  });
  const pacemaker = section({
    token: duration(["300ms", "60s"]).default(PACEMAKER.tokenMs),
    consensus: duration(["100ms", "72s"]).default(PACEMAKER.consensusMs),
    port: integer(1024, 65534).default(PACEMAKER.port),
    quorumDevice: flag,
  });
  return {
    heartbeat: heartbeat.prefault({}),
    keepalived: keepalived.prefault({}),
    pacemaker: pacemaker.prefault({}),
  };
}

const drbd = section({
  port: integer(1024, 65535).default(DRBD.port),
  metadata: choice(DrbdMetadata).default(DRBD.metadata),
  verify: text(
    (value) => value === "off" || isCalendar(value),
    "a calendar expression of systemd's, such as weekly or Sun 03:00; or off",
    "see systemd.time(7), or try it with `systemd-analyze calendar`",
  ).default(DRBD.verify),
  verifyAlg: choice(VerifyAlg).default(DRBD.verifyAlg),
  // DRBD_C_MAX_RATE_MAX and DRBD_C_MIN_RATE_MAX are 4 GiB/s (linux/drbd_limits.h).
  resyncMaxRateMiB: integer(1, 4096, " of MiB per second").default(DRBD.resyncMaxRateMiB),
  resyncMinRateMiB: integer(0, 4096, " of MiB per second").default(DRBD.resyncMinRateMiB),
});

const nfs = section({
  threads: integer(1, 256).default(NFS.threads),
  leaseSeconds: seconds(10, 3600).default(NFS.leaseSeconds),
  graceSeconds: seconds(10, 3600).default(NFS.graceSeconds),
});

const oneShare = says("a list of at least one { name, clients }", "name what the cluster shall export");

/** Of the hosts that AWS makes, it gives the public half too, which only OpenSSH's own format has in clear. */
const privateKey = (platform: Platform | undefined) =>
  text(
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
    .refine(
      (key) => platform !== Platform.Aws || hasPublicKey(key),
      says(
        "on platform aws a key in OpenSSH's format",
        "rewrite a copy with `ssh-keygen -p -f COPY`, and set that",
      ),
    )
    .transform((value) => pulumi.secret(value));

/** Every key of the configuration: its type, range and fixed default. Rules across keys are in rules/. */
export function settingsOf(variant: Variant) {
  const { onlyOnLab, onlyOnAws, notOnLab } = kinds(variant);
  return section({
    platform: choice(Platform, "choose where the hosts come from").default(Platform.Lab),
    serviceNetwork: network.default("10.10.1.0/24"),
    linkNetwork: network.default("10.10.2.0/24"),
    replicationNetwork: network.exactOptional(),
    vip: address,
    vipAliases: list(address, "a list of addresses").prefault([]),
    ...machines(variant),
    replication: replication.prefault({}),
    lab: onlyOnLab(lab.prefault({})),
    aws: onlyOnAws(aws),
    shares: z
      .array(share, oneShare)
      .min(1, oneShare)
      .prefault([{ name: "data" }]),
    manager: choice(Manager).default(Manager.Heartbeat),
    timing: choice(Timing).default(Timing.Fast),
    ...managers(variant.timing),
    drbd: drbd.prefault({}),
    fencing: fencing.prefault({}),
    nfs: nfs.prefault({}),
    secretsGeneration: integer(1).default(SECRETS_GENERATION),
    sshPrivateKey: notOnLab(
      privateKey(variant.platform),
      advise("the private key that opens the hosts", SET_KEY),
    ),
    connectTimeoutSeconds: seconds(10, 3600).default(CONNECT_TIMEOUT_SECONDS),
  });
}

/** The keys of every variant. */
export const settings = settingsOf({});

/** What {@link settings} makes of a valid configuration. */
export type Settings = z.output<typeof settings>;

/** The JSON type of each top-level key, as Pulumi.yaml declares it: string, integer, array or object. */
export function keyTypes(): ReadonlyMap<string, unknown> {
  const { properties = {} } = z.toJSONSchema(settings, { io: "input" });
  return new Map(Object.entries(properties).map(([key, value]) => [key, (value as { type?: unknown }).type]));
}
