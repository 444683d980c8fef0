import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Manager } from "../../components/enums";
import type { DrillRuns } from "../../scripts/drill";
import { type DrillName, DRILLS } from "../../scripts/drillOptions";
import { type Captured, verb } from "./verb";
import { type Run, runOf } from "./results";

/** What a setup's exercises have come to. */
export interface Drilled {
  /** Those that ended well. */
  runs: Run[];
  /** Why they are fewer than were asked for. */
  failed?: string;
}

/** One way to make a pair of machines serve, under test. Whoever adds one gives it a name that no other has ever had. */
export interface Setup {
  /** By which its results are known. */
  readonly name: string;
  /** What it is, for the document. */
  readonly about: string;
  /**
   * Makes the stack so, whatever it was before.
   *
   * @throws Error when the pair does not become redundant
   */
  prepare(stack: string): Promise<void>;
  /** Each does so many exercises, one after the other, on the stack that is prepared. */
  readonly drills: Readonly<Record<DrillName, (stack: string, runs: number) => Promise<Drilled>>>;
}

/** Seconds that a pair has to become redundant: a blank disk is copied first. */
const REDUNDANT_LIMIT = 300;
/** Seconds for which it must be: after an up that made a new witness, both masters missed that one some seconds later. */
const STEADY = 20;

/** The stack under test: the witness is another machine than the one that bears the load. */
const configuration = (manager: Manager) => `config:
  ha-nfs:vip: 10.10.1.100
  ha-nfs:manager: ${manager}
  ha-nfs:lab: { masterMemoryMiB: 512, dataDiskMiB: 512, clients: [{ name: client, serviceAddress: 10.10.1.13 }, { name: witness, serviceAddress: 10.10.1.14 }] }
  ha-nfs:fencing: { witness: witness }
`;

/** Ours under a manager, with its default times. */
export function ours(manager: Manager): Setup {
  return {
    name: manager,
    about: `ours, \`manager: ${manager}\` with its default times`,
    prepare: async (stack) => {
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

async function redundant(stack: string): Promise<void> {
  const begun = Date.now();
  let since = Infinity;
  for (;;) {
    const { status, stdout } = await verb("status", "--stack", stack);
    since = status === 0 ? Math.min(since, Date.now()) : Infinity;
    if (Date.now() - since >= STEADY * 1000) return;
    if (Date.now() - begun > REDUNDANT_LIMIT * 1000)
      throw new Error(`not redundant for ${STEADY} s within ${REDUNDANT_LIMIT} s:\n${stdout}`);
    await sleep(2000);
  }
}

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
