import { IPv4 } from "ipaddr.js";

/** What a network is for; the keys of networks, addresses and interfaces begin with it. */
export const ROLES = ["service", "link", "replication"] as const;
export type Role = (typeof ROLES)[number];

/** Whether `text` is an IPv4 address in its usual form: four decimals, no leading zeros. */
export function isAddress(text: string): boolean {
  return IPv4.isValidFourPartDecimal(text);
}

/** Whether `text` is an IPv4 network in CIDR form with no host bits set, such as `10.10.1.0/24`. */
export function isNetwork(text: string): boolean {
  return canonical(text) === text;
}

/** `10.10.1.0/24` for `10.10.1.7/24`: a CIDR with its host bits cleared; undefined if `text` is none. */
export function canonical(text: string): string | undefined {
  if (!IPv4.isValidCIDRFourPartDecimal(text)) return undefined;
  return `${IPv4.networkAddressFromCIDR(text).toString()}/${prefixLength(text)}`;
}

/** The prefix length of a network, such as 24. */
export function prefixLength(network: string): number {
  return IPv4.parseCIDR(network)[1];
}

/** Whether hosts can have addresses of this network: not 0/8, loopback, multicast or reserved. */
export function isUnicast(network: string): boolean {
  const first = IPv4.parseCIDR(network)[0].octets[0] ?? 0;
  return first > 0 && first !== 127 && first < 224;
}

/** Whether a host of `network` can have `address`: inside, and neither its first nor its last address. */
export function isHostAddress(network: string, address: string): boolean {
  return (
    IPv4.parse(address).match(IPv4.parseCIDR(network)) &&
    address !== IPv4.networkAddressFromCIDR(network).toString() &&
    address !== IPv4.broadcastAddressFromCIDR(network).toString()
  );
}

/** Whether the two networks share an address. */
export function overlap(a: string, b: string): boolean {
  const [first, second] = [IPv4.parseCIDR(a), IPv4.parseCIDR(b)];
  return first[0].match(second) || second[0].match(first);
}

/** Whether all of the first network is in the second. */
export function isWithin(network: string, outer: string): boolean {
  return prefixLength(network) >= prefixLength(outer) && overlap(network, outer);
}

/** The network cut in as many equal ones as `parts`, 1 or 2. */
export function cut(network: string, parts: 1 | 2): string[] {
  if (parts === 1) return [network];
  const prefix = prefixLength(network) + 1;
  const [a = 0, b = 0, c = 0, d = 0] = IPv4.networkAddressFromCIDR(network).octets;
  const second = ((a * 256 + b) * 256 + c) * 256 + d + 2 ** (32 - prefix);
  const octets = [24, 16, 8, 0].map((bits) => Math.floor(second / 2 ** bits) % 256);
  return [`${a}.${b}.${c}.${d}/${prefix}`, `${octets.join(".")}/${prefix}`];
}

/** The address `offset` (1 to 40) above the start of `network`; undefined if no host can have it. */
export function hostAt(network: string, offset: number): string | undefined {
  const [a, b, c, d = 0] = IPv4.parseCIDR(network)[0].octets;
  const address = `${a}.${b}.${c}.${d + offset}`;
  return isAddress(address) && isHostAddress(network, address) ? address : undefined;
}
