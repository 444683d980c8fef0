import { z } from "zod";
import { isHostKey, mendHostKey } from "./hostKey";
import { canonical, isAddress, isNetwork, isUnicast, prefixLength } from "./network";
import { advise, nearest } from "./report";

/** How to mend a value; may depend on what was found. */
type Mend = string | ((found: unknown) => string);

export function says(allowed: string, mend: Mend) {
  return {
    error: (issue: { readonly input?: unknown }) =>
      advise(
        allowed,
        issue.input === undefined ? "set it" : typeof mend === "string" ? mend : mend(issue.input),
      ),
  };
}

/** A string that passes `test`. */
export function text(test: RegExp | ((value: string) => boolean), allowed: string, mend: Mend) {
  const passes = test instanceof RegExp ? (value: string) => test.test(value) : test;
  return z.string(says(allowed, mend)).refine(passes, says(allowed, mend));
}

/** An integer of `min` to `max`; `what` says what it counts, such as " of seconds". */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER, what = "") {
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
  const params = says(`a whole number${what}, ${range}`, "write the number alone, without unit or quotes");
  return z.int(params).min(min, params).max(max, params);
}

/** One of an enum's values. */
export function choice<const T extends Record<string, string>>(
  values: T,
  mend: Mend = "choose one of these",
) {
  return z.enum(values, says(Object.values(values).join(", "), mend));
}

export const flag = z.boolean(says("true, false", "write it without quotes")).default(false);

export function list<T extends z.ZodType>(of: T, allowed: string) {
  return z.array(of, says(allowed, "write it as a list"));
}

/** An object with these keys and no others. */
export function section<T extends z.core.$ZodLooseShape>(shape: T) {
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

/** `both` is the witness's word for a pair that is whole. */
const TAKEN = ["localhost", "both"];

/** A host name, with or without its domain. `uname -n` may have 64 letters, drbdadm takes 63. */
function isHostName(value: string): boolean {
  const isLabel = (label: string) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label);
  return (
    /^[a-z]/.test(value) && value.length <= 63 && value.split(".").every(isLabel) && !TAKEN.includes(value)
  );
}

export const name = text(
  isHostName,
  "1 to 63 of a-z, 0-9, '-' and '.', first a letter, each part between dots as of RFC 1123, and neither localhost nor both",
  (found) =>
    typeof found === "string" && isHostName(found.toLowerCase())
      ? `heartbeat takes capitals for small letters: call the host ${found.toLowerCase()} by \`hostnamectl set-hostname\``
      : "use the host name as `uname -n` prints it",
);

export const address = text(isAddress, "an IPv4 address such as 10.10.1.11", (found) =>
  typeof found === "string" && found.includes("/")
    ? "leave the prefix off: it comes from the network"
    : "write four numbers from 0 to 255 with dots between",
);

export const network = text(
  (value) => isNetwork(value) && prefixLength(value) >= 8 && prefixLength(value) <= 30 && isUnicast(value),
  "an IPv4 network such as 10.10.1.0/24, prefix 8 to 30, not loopback, multicast or reserved",
  mendNetwork,
);

/** A share's clients may be routed, so any network but the whole Internet is allowed. */
export const clientAddress = text(
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

/** A time, in milliseconds once parsed; `range` is its least and its most. */
export function duration(range?: readonly [least: string, most: string]) {
  const form = /^[1-9]\d{0,5}(ms|s)$/;
  const [least = 0, most = Infinity] = range?.map(milliseconds) ?? [];
  return text(
    (value) => form.test(value) && least <= milliseconds(value) && milliseconds(value) <= most,
    `a whole number with its unit, ms or s, ${range?.join(" to ") ?? "such as 500ms or 3s"}`,
    (found) => {
      if (typeof found === "number") return `the unit is missing: write ${found}ms or ${found}s`;
      return typeof found === "string" && form.test(found) ? "choose one of these" : "write the unit too";
    },
  ).transform(milliseconds);
}

function milliseconds(time: string): number {
  return parseInt(time, 10) * (time.endsWith("ms") ? 1 : 1000);
}

export const device = text(
  /^[a-zA-Z0-9][\w.-]{0,14}$/,
  "the name of a network interface, such as eth1, at most 15 characters",
  "run `ip -brief link` on the host",
);

export const port = integer(1, 65535);

export const seconds = (min: number, max: number) => integer(min, max, " of seconds");

export const mebibytes = (min: number, max?: number) => integer(min, max, " of MiB");

/** An absolute path with neither `.` nor `..` in it, of letters that no script has to quote. */
export function isPath(value: string): boolean {
  return /^(\/[\w.:+@-]+)+$/.test(value) && !/\/\.\.?(\/|$)/.test(value);
}

export const sshHost = text(
  /^[a-zA-Z0-9]([\w.-]*\w)?$/,
  "a host name or an IPv4 address",
  "leave user and port off",
);

/** As useradd(8) has it, but for a last `$`, which is for machines' accounts. */
export const sshUser = text(
  /^(?!\.{1,2}$|\d+$)[\w.][\w.-]{0,31}$/,
  "a user name such as root: 1 to 32 letters, digits and '_', '.', '-', not first a '-' and not digits alone",
  "name root or a user who may `sudo -n`",
);

export const hostKey = text(
  isHostKey,
  "the host's public key on one line, ssh-ed25519 AAAA… or ecdsa-sha2-nistp256, -384 or -521 AAAA…",
  mendHostKey,
);

/** A partition, by the kernel's names and udev's. */
const PARTITION =
  /^\/dev\/(([shv]|xv)d[a-z]+\d+|(nvme\d+n|mmcblk|loop|md|nbd)\d+p\d+|disk\/by-(part\w+\/.*|\w+\/.*-part\d+))$/;

export const dataDisk = text(
  (value) => isPath(value) && value.startsWith("/dev/") && !PARTITION.test(value),
  "the absolute path of a whole disk under /dev, no partition",
  "choose a name that survives a reboot: run `ls -l /dev/disk/by-id` on the host",
);
