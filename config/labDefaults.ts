import type { Draft } from "./draft";
import { LAB_DEVICE } from "./fencingSchema";
import { hostAt } from "./network";
import { show, type Lookup, type Report } from "./report";
import { Platform } from "./variant";

type Network = "serviceNetwork" | "linkNetwork" | "replicationNetwork";

/** Which hosts of their networks the lab's machines are, and what to do where there is no such host. */
interface Room {
  readonly hosts: string;
  readonly mend: string;
}
const MACHINES: Room = {
  hosts: "machines at its start + 11, + 12 and + 13",
  mend: "widen it to /28 or more, or set masters and lab.clients",
};
const SLAVES: Room = {
  hosts: "slaves at its start + 20 + the number in the name",
  mend: "widen it to /26 or more, or set the addresses of slaves",
};
const PROXIES: Room = {
  hosts: "proxies at its start + 31 and + 32",
  mend: "widen it to /26 or more, or set readPool.proxies",
};

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
  const at = (key: Network, offset: number, { hosts, mend }: Room) => {
    const network = draft[key];
    const address = network === undefined ? undefined : hostAt(network, offset);
    if (network !== undefined && address === undefined) {
      report([key], show(network), `a network that has room for the lab's ${hosts}`, mend);
    }
    return address;
  };
  const master = (name: string, offset: number) => {
    const replicationAddress = at("replicationNetwork", offset, MACHINES);
    return {
      name,
      serviceAddress: at("serviceNetwork", offset, MACHINES),
      linkAddress: at("linkNetwork", offset, MACHINES),
      ...(replicationAddress !== undefined && { replicationAddress }),
    };
  };
  const slave = (given: NonNullable<Draft["slaves"]>[number], i: number) => {
    const number = given?.name === undefined ? undefined : labNumber(given.name);
    if (number === undefined) return given;
    const address = (key: "serviceAddress" | "linkAddress", network: Network) =>
      written(["slaves", i, key]) === undefined ? at(network, 20 + number, SLAVES) : given?.[key];
    return {
      ...given,
      serviceAddress: address("serviceAddress", "serviceNetwork"),
      linkAddress: address("linkAddress", "linkNetwork"),
    };
  };
  const inService = (name: string, offset: number, room: Room) => ({
    name,
    serviceAddress: at("serviceNetwork", offset, room),
  });
  const proxies = () => [inService("p1", 31, PROXIES), inService("p2", 32, PROXIES)];
  const { masters, slaves, readPool, pushTargets, fencing, lab } = draft;
  const clients =
    written(["lab", "clients"]) === undefined ? [inService("client", 13, MACHINES)] : lab?.clients;
  return {
    ...draft,
    masters: written(["masters"]) === undefined ? [master("m1", 11), master("m2", 12)] : masters,
    slaves: slaves?.map(slave),
    ...(readPool && {
      readPool: {
        ...readPool,
        proxies: written(["readPool", "proxies"]) === undefined ? proxies() : readPool.proxies,
      },
    }),
    pushTargets: pushTargets?.map((target) => ({
      ...target,
      serviceAddress: clients?.find((client) => client?.name === target?.name)?.serviceAddress,
    })),
    // any third machine is a witness
    fencing: fencing && {
      ...fencing,
      device: written(["fencing", "device"]) === undefined ? LAB_DEVICE : fencing.device,
      witness:
        written(["fencing", "witness"]) === undefined
          ? [...(clients ?? []), ...(slaves ?? [])].find((machine) => machine?.name !== undefined)?.name
          : fencing.witness,
    },
    lab: lab && { ...lab, clients },
  };
}
