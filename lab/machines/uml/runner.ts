import { findProcess } from "../../guest";

/** Where the number of the process that keeps a guest's power on is written, in the node's directory. */
export const runnerPidFile = "vm.pid";

/** That process, if it runs. Its command line is bash, guest.sh, and what that file calls its usage. */
export function findRunner(stack: string, node: string): ReturnType<typeof findProcess> {
  return findProcess(stack, node, runnerPidFile, /\/uml\/guest\.sh$/);
}
