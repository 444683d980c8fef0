import type { Draft } from "./draft";
import { LAB_DEVICE } from "./fencingSchema";
import { hostAt, type Role, ROLES } from "./network";
import { show, type Lookup, type Path, type Report } from "./report";
import { Platform } from "./variant";

type Addresses = { readonly [R in Role as `${R}Address`]?: string };

/** What a network must have room for, and what to do where it has none: how wide it must be, or what to write. */
type Room = readonly [hosts: string, width: string, keys: string];
const MACHINES: Room = ["machines at its start + 11, + 12 and + 13", "/28", "masters and lab.clients"];
const SLAVES: Room = ["slaves at its start + 20 + the number in the name", "/26", "the addresses of slaves"];
const PROXIES: Room = ["proxies at its start + 31 and + 32", "/26", "readPool.proxies"];

/** The number of a slave whose addresses have a default: 1 to 20, at the end of its name. */
export function labNumber(name: string): number | undefined {
  const number = Number(/\d+$/.exec(name)?.[0]);
  return number >= 1 && number <= 20 ? number : undefined;
}

/**
 * Gives the lab's machines what is not written: the masters are the hosts 11 and 12 of each network, the client
 * is 13, the slaves are 20 and their number, the proxies 31 and 32. A push target is the client of its name.
 */
export function withLabDefaults(draft: Draft, written: Lookup, report: Report): Draft {
  if (draft.platform !== Platform.Lab) return draft;
  const { slaves, readPool, fencing, lab } = draft;
  const or = <T>(path: Path, given: T, make: () => T) => (written(path) === undefined ? make() : given);
  /** The addresses of the host `offset` in the networks of these roles, as far as there are such networks. */
  const at = (offset: number, [hosts, width, keys]: Room, roles: readonly Role[] = ROLES): Addresses => {
    const addresses = roles.flatMap((role) => {
      const network = draft[`${role}Network`];
      if (network === undefined) return [];
      const address = hostAt(network, offset);
      if (address !== undefined) return [[`${role}Address`, address] as const];
      const mend = `widen it to ${width} or more, or set ${keys}`;
      report([`${role}Network`], show(network), `a network that has room for the lab's ${hosts}`, mend);
      return [];
    });
    return Object.fromEntries(addresses);
  };
  const clients = or(["lab", "clients"], lab?.clients, () => [
    { name: "client", ...at(13, MACHINES, ["service"]) },
  ]);
  return {
    ...draft,
    masters: or(["masters"], draft.masters, () => [
      { name: "m1", ...at(11, MACHINES) },
      { name: "m2", ...at(12, MACHINES) },
    ]),
    slaves: slaves?.map((slave, i) => {
      const number = labNumber(slave?.name ?? "");
      if (number === undefined) return slave;
      const roles = (["service", "link"] as const).filter(
        (role) => written(["slaves", i, `${role}Address`]) === undefined,
      );
      return { ...slave, ...at(20 + number, SLAVES, roles) };
    }),
    ...(readPool && {
      readPool: {
        ...readPool,
        proxies: or(["readPool", "proxies"], readPool.proxies, () => [
          { name: "p1", ...at(31, PROXIES, ["service"]) },
          { name: "p2", ...at(32, PROXIES, ["service"]) },
        ]),
      },
    }),
    pushTargets: draft.pushTargets?.map((target) => ({
      ...target,
      serviceAddress: clients?.find((client) => client?.name === target?.name)?.serviceAddress,
    })),
    fencing: fencing && {
      ...fencing,
      device: or(["fencing", "device"], fencing.device, () => LAB_DEVICE),
      // any third machine is a witness
      witness: or(
        ["fencing", "witness"],
        fencing.witness,
        () => [...(clients ?? []), ...(slaves ?? [])].find((machine) => machine?.name !== undefined)?.name,
      ),
    },
    lab: lab && { ...lab, clients },
  };
}
