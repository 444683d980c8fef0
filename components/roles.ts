import type { FencingOptions } from "./fencing";
import type { PushTarget } from "./pushTargets";
import type { ReadPoolOptions } from "./readPool";
import type { HostArgs } from "./remote/host";
import type { FleetSlave } from "./slaveFleet";

/** The hosts of a cluster, and who of them is what: of NfsClusterArgs. */
interface Roles {
  hosts: Record<string, HostArgs>;
  masters: string[];
  clients?: string[];
  slaves?: FleetSlave[];
  readPool?: ReadPoolOptions | undefined;
  pushTargets?: PushTarget[];
  fencing?: FencingOptions;
}

/** What is wrong with the hosts of a cluster and the roles that name them, one line each; empty when nothing is. */
export function roleMistakes(args: Roles): string[] {
  const { masters, clients = [], slaves = [], readPool, pushTargets = [], fencing } = args;
  const hosts = new Map(Object.entries(args.hosts));
  const slaveNames = slaves.map(({ name }) => name);
  const roles = {
    masters,
    clients,
    slaves: slaveNames,
    "readPool.proxies": readPool?.proxies ?? [],
    pushTargets: pushTargets.map(({ name }) => name),
    "fencing.witness": [fencing?.witness ?? []].flat(),
  };
  const two = (role: keyof typeof roles) =>
    roles[role].length === 2 && roles[role][0] !== roles[role][1]
      ? []
      : [`${role}: found ${roles[role].join(", ") || "none"}; allowed: the names of two hosts`];
  const strangers = Object.entries(roles).flatMap(([role, names]) =>
    names
      .filter((name) => !hosts.has(name))
      .map((name) => `${role}: found ${name}; allowed: the name of a host: ${[...hosts.keys()].join(", ")}`),
  );
  const holders = [...masters, ...slaveNames].flatMap((name) => lacks(name, hosts.get(name)));
  return [...two("masters"), ...(readPool ? two("readPool.proxies") : []), ...strangers, ...holders];
}

/** What a host lacks to hold data. */
function lacks(name: string, host: HostArgs | undefined): string[] {
  return [
    ...(host && !host.nics.link
      ? [`hosts.${name}.nics.link: found none; a host that holds data has one`]
      : []),
    ...(host && host.dataDisk === undefined
      ? [`hosts.${name}.dataDisk: found none; a host that holds data has one`]
      : []),
  ];
}
