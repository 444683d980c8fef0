import { IPv4 } from "ipaddr.js";

/** The addresses of a subnet that AWS keeps for itself: the first four. */
const KEPT = 4;

/** Whether a machine may have this address in a subnet of that CIDR. */
export function hasAddress(cidr: string, address: string): boolean {
  const first = IPv4.networkAddressFromCIDR(cidr);
  const last = IPv4.broadcastAddressFromCIDR(cidr);
  const found = IPv4.parse(address);
  const number = (ip: IPv4) => ip.octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return (
    found.match(IPv4.parseCIDR(cidr)) && number(found) >= number(first) + KEPT && number(found) < number(last)
  );
}
