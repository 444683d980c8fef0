import * as pulumi from "@pulumi/pulumi";
import type { FenceDevice } from "./fencing";
import { nodeFile } from "./remote/hostScript";

export interface FenceAgentArgs {
  /** Name of the program, such as `fence_ipmilan`. */
  agent: string;
  /** By the name of the master that is switched off: the agent's own options, by their long names. */
  options: Readonly<Record<string, Readonly<Record<string, pulumi.Input<string>>>>>;
}

/** One of the agents of Debian's fence-agents as the fence device. All its options count as secret. */
export function fenceAgent({ agent, options }: FenceAgentArgs): FenceDevice {
  const lines = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([key, value]) => `${key}=${value}\n`);
  return {
    command: `/usr/local/lib/ha-nfs/fence-device /usr/sbin/${agent}`,
    program: nodeFile("safety/fence-agent"),
    agent,
    options: Object.fromEntries(
      Object.entries(options).map(([master, of]) => [
        master,
        pulumi.secret(pulumi.all(of).apply((all) => lines(all).join(""))),
      ]),
    ),
  };
}
