import { z } from "zod";
import { FeedOptions, VrrpOptions, withDefaults } from "../components/options";
import {
  address,
  dataDisk,
  device,
  hostKey,
  integer,
  isPath,
  list,
  name,
  port,
  says,
  section,
  sshHost,
  sshUser,
  text,
} from "./fields";
import { instanceType, zone } from "./awsSchema";
import { advise } from "./report";
import { kinds, type Variant } from "./variant";

const rate = says(
  "a whole number, 0 for no limit, or 64 to 10485760 KiB/s",
  "write the number alone, without unit or quotes",
);
const bandwidthKiB = z
  .int(rate)
  .refine((value) => value === 0 || (value >= 64 && value <= 10485760), rate)
  .default(withDefaults(FeedOptions).bandwidthKiB);

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

/** The keys that have machines. */
export function machines(variant: Variant) {
  const keys = kinds(variant);
  const { onHosts, onlyOnHosts, neededOnHosts, neededAddress, withReplication } = keys;
  const ssh = {
    sshHost: onHosts(sshHost),
    sshPort: onHosts(port),
    sshUser: onHosts(sshUser),
    hostKey: onlyOnHosts(hostKey),
  };
  const serviceDevice = onlyOnHosts(device);
  const linkDevice = onlyOnHosts(device);
  const disk = onlyOnHosts(dataDisk);
  const pair = <T extends z.ZodType>(of: T, allowed: string) =>
    neededOnHosts(list(of, allowed), advise(allowed, "see docs/config.md for an example"));

  const master = section({
    name,
    serviceAddress: keys.notOnAws(address),
    linkAddress: keys.notOnAws(address),
    replicationAddress: withReplication(address),
    ...ssh,
    serviceDevice,
    linkDevice,
    replicationDevice: keys.replicationOnHosts(device),
    dataDisk: disk,
    instanceType: keys.onAws(instanceType),
  });
  const slave = section({
    name,
    serviceAddress: neededAddress(address),
    linkAddress: neededAddress(address),
    ...ssh,
    serviceDevice,
    linkDevice,
    dataDisk: disk,
    zone: keys.onAws(zone),
    instanceType: keys.onAws(instanceType),
    bandwidthKiB,
  });
  const proxy = section({ name, serviceAddress: address, ...ssh, serviceDevice });
  const readPool = section({
    vip: address,
    routerId: integer(1, 255).default(withDefaults(VrrpOptions).routerId),
    proxies: pair(proxy, "a list of exactly two proxies"),
  });
  const pushTarget = section({
    name,
    directory,
    shares: z.array(z.string(someShares), someShares).min(1, someShares).exactOptional(),
    bandwidthKiB,
    serviceAddress: onlyOnHosts(address),
    ...ssh,
    serviceDevice,
  });
  return {
    masters: pair(master, "a list of exactly two masters"),
    slaves: list(slave, "a list of { name, serviceAddress, linkAddress, … }").prefault([]),
    readPool: readPool.exactOptional(),
    pushTargets: list(pushTarget, "a list of { name, directory, … }").prefault([]),
  };
}
