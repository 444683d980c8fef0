import { z } from "zod";
import {
  address,
  dataDisk,
  device,
  duration,
  integer,
  isPath,
  mebibytes,
  name,
  port,
  says,
  section,
  ssh,
  text,
} from "./fields";

const rate = says(
  "a whole number, 0 for no limit, or 64 to 10485760 KiB/s",
  "write the number alone, without unit or quotes",
);
const bandwidthKiB = z
  .int(rate)
  .refine((value) => value === 0 || (value >= 64 && value <= 10485760), rate)
  .default(0);

const slave = section({
  name,
  serviceAddress: address.exactOptional(),
  linkAddress: address.exactOptional(),
  ...ssh,
  serviceDevice: device.exactOptional(),
  linkDevice: device.exactOptional(),
  dataDisk: dataDisk.exactOptional(),
  bandwidthKiB,
});

export const slaves = z
  .array(slave, says("a list of { name, serviceAddress, linkAddress, … }", "write it as a list"))
  .prefault([]);

const proxy = section({
  name,
  serviceAddress: address,
  ...ssh,
  serviceDevice: device.exactOptional(),
});

export const readPool = section({
  vip: address,
  routerId: integer(1, 255).default(51),
  proxies: z.array(proxy, says("a list of exactly two proxies", "write it as a list")).exactOptional(),
});

const SYSTEM = ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr"];
/** These are the system's, but what is below them need not be. */
const PARENTS = ["/root", "/var"];

const directory = text(
  (value) =>
    isPath(value) &&
    !PARENTS.includes(value) &&
    !SYSTEM.some((top) => value === top || value.startsWith(`${top}/`)),
  "an absolute path without '.', '..', '//' or a last '/', that is none of the system's, such as /srv/app",
  "choose a directory for these files alone",
);

const someShares = says("a list of at least one name of a share", "leave it out to push every share");

const pushTarget = section({
  name,
  directory,
  shares: z.array(z.string(someShares), someShares).min(1, someShares).exactOptional(),
  bandwidthKiB,
  serviceAddress: address.exactOptional(),
  ...ssh,
  serviceDevice: device.exactOptional(),
});

export const pushTargets = z
  .array(pushTarget, says("a list of { name, directory, … }", "write it as a list"))
  .prefault([]);

export const replication = section({
  coalesce: duration(["10ms", "10s"]).default(200),
  maxLag: duration(["1s", "3600s"]).default(5000),
  journalLimitMiB: mebibytes(16, 65536).default(256),
  metricsPort: port.default(9478),
  healthPort: port.default(9479),
});
