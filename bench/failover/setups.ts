import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Manager } from "../../components/enums";
import type { DrillRuns } from "../../scripts/drill";
import { type DrillName, DRILLS } from "../../scripts/drillOptions";
import { type Captured, verb } from "./verb";
import { CLIENT, CLIENT_MEMORY, DISK, MASTER_MEMORY, VIP } from "./machines";
import { runOf } from "./results";
import { power } from "./rivals/bare";
import { heartbeatStock } from "./rivals/heartbeat";
import { pacemakerStock, pacemakerTuned } from "./rivals/pacemaker";
import { theirs } from "./rivals/setup";
import type { Drilled, Setup } from "./setup";
import { steady } from "./steady";

const RUNS = 10;

/** The stack under test: the witness is another machine than the one that bears the load. */
const configuration = (manager: Manager) => `config:
  ha-nfs:vip: ${VIP}
  ha-nfs:manager: ${manager}
  ha-nfs:lab:
    masterMemoryMiB: ${MASTER_MEMORY}
    clientMemoryMiB: ${CLIENT_MEMORY}
    dataDiskMiB: ${DISK}
    clients: [{ name: client, serviceAddress: ${CLIENT} }, { name: witness, serviceAddress: 10.10.1.14 }]
  ha-nfs:fencing: { witness: witness }
`;

/** All of them, in the order in which they are measured. */
export const SETUPS: readonly Setup[] = [
  ...Object.values(Manager).map(ours),
  ...[heartbeatStock, pacemakerStock, pacemakerTuned].map(theirs),
];

/** Ours under a manager, with its default times. */
export function ours(manager: Manager): Setup {
  return {
    name: manager,
    about: `ours, \`manager: ${manager}\` with its default times`,
    runs: RUNS,
    prepare: async (stack) => {
      // a pair that has just booted serves before anything of it is changed
      if (await power(stack, true)) await redundant(stack);
      const folder = mkdtempSync(path.join(tmpdir(), "ha-nfs-failover-"));
      try {
        const file = path.join(folder, `Pulumi.${stack}.yaml`);
        writeFileSync(file, configuration(manager));
        const { status } = await verb("up", "--stack", stack, "--config-file", file, "--json");
        if (status !== 0) throw new Error(`up has ended with ${status}`);
      } finally {
        rmSync(folder, { recursive: true });
      }
      await redundant(stack);
    },
    drills: Object.fromEntries(
      DRILLS.map((drill) => [drill, (stack: string, runs: number) => ourDrill(drill, stack, runs)]),
    ) as unknown as Setup["drills"],
  };
}

const redundant = (stack: string) =>
  steady(async () => {
    const { status, stdout } = await verb("status", "--stack", stack);
    return status === 0 ? null : stdout;
  });

async function ourDrill(drill: DrillName, stack: string, runs: number): Promise<Drilled> {
  return drilled(await verb("drill", drill, "--stack", stack, "--runs", `${runs}`, "--json"));
}

/** What `drill --runs --json` has printed. */
export function drilled({ status, stdout }: Captured): Drilled {
  // one that was cut off has printed nothing
  if (stdout.trim() === "") return { runs: [], failed: `the drill has ended with ${status}` };
  const { runs, failed } = JSON.parse(stdout) as DrillRuns;
  return { runs: runs.map(runOf), ...(failed === undefined ? {} : { failed }) };
}
