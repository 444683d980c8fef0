import type { Deployment, Resource } from "../toolchain/deployment";
import { hostOf } from "./stored";

/** What a resource says of others, as the state's file has it. */
interface Ties {
  parent?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  deletedWith?: string;
}

/** The state without a host and all that runs on it, and the names of what is dropped. Nothing else waits for it then. */
export function withoutHost(
  state: Deployment,
  host: string,
  hosts: readonly string[],
): { kept: Deployment; dropped: string[] } {
  const { resources = [], ...rest } = state.deployment;
  const isGone = ({ urn, type }: Resource) => {
    const name = urn.split("::").at(-1) ?? "";
    if (type === "ha-nfs:index:Host") return name === host;
    return (
      type.startsWith("command:") &&
      (hostOf(name, hosts) === host || /^(.*)-(ready|vm|identity)$/.exec(name)?.[1] === host)
    );
  };
  const gone = resources.filter(isGone);
  const urns = new Set(gone.map(({ urn }) => urn));
  const others = (list: readonly string[]) => list.filter((urn) => !urns.has(urn));
  const untie = (resource: Resource & Ties): Resource => {
    const { dependencies, propertyDependencies, deletedWith, ...own } = resource;
    const properties = Object.entries(propertyDependencies ?? {}).map(
      ([key, list]) => [key, list && others(list)] as const,
    );
    return {
      ...own,
      ...(dependencies && { dependencies: others(dependencies) }),
      ...(propertyDependencies && { propertyDependencies: Object.fromEntries(properties) }),
      ...(deletedWith !== undefined && !urns.has(deletedWith) && { deletedWith }),
    };
  };
  return {
    kept: {
      ...state,
      deployment: { ...rest, resources: resources.filter((each) => !isGone(each)).map(untie) },
    },
    dropped: gone.map(({ urn }) => urn.split("::").at(-1) ?? ""),
  };
}
