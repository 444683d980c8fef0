import type { NodeOutput } from "../components/nfsCluster";
import { stackOutputs } from "../toolchain/stack";

export type Nodes = Readonly<Record<string, NodeOutput>>;

/** The stack that the verb is about. */
export const stackName = (): string => process.env.HA_NFS_STACK ?? "dev";

/** Its nodes by their names. */
export const stackNodes = (): Nodes => (stackOutputs(stackName()) as { nodes: Nodes }).nodes;

/** Name of the volume that a master holds. */
export const volumeOf = ({ volume = "data" }: NodeOutput): string => volume; // an older state does not tell it

/** Those with a role, as `NodeOutput` has it, with their names. */
export function ofRole(nodes: Nodes, role: string): [string, NodeOutput][] {
  return Object.entries(nodes).filter(([, node]) => node.role === role);
}
