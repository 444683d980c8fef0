import { type DrillName, DRILLS } from "../../scripts/drillOptions";
import { PHASE_NAMES, PHASES } from "../../scripts/drillPhases";
import { type DrillSummary, type Spread, summarize } from "../../scripts/drillSummary";
import { between as betweenMarkers, markers, table } from "../between";
import type { Measured } from "./results";

const [BEGIN, END] = markers("failover");

/** The document where there is none yet. */
export const EMPTY = `# Performance

How long a failover takes, and what DRBD costs. What is between the markers is written by \`npm run bench -- failover\` and
\`npm run bench -- disk\` from what they have measured in the lab; nobody writes there.

${BEGIN}
${END}
`;

/** The document with `text` between the markers. */
export const between = (document: string, text: string): string => betweenMarkers(document, "failover", text);

/** What the results say, as Markdown; `picture` is the file of the picture, beside the document. */
export function report(results: readonly Measured[], picture: string): string {
  if (results.length === 0) return "Nothing has been run.";
  const some = results.filter(({ runs }) => runs.length > 0);
  const drills = DRILLS.filter((name) => some.some(({ drill }) => drill === name));
  return [
    `![Stalls and phases](${picture})`,
    ...drills.map((drill) =>
      section(
        drill,
        some.filter((each) => each.drill === drill),
      ),
    ),
    LEGEND,
    ...(some.some(({ setup }) => /-(stock|tuned)$/.test(setup)) ? [OTHERS] : []),
    "## What was run",
    results.map(origin).join("\n"),
  ].join("\n\n");
}

const LEGEND = `Seconds. **Stall**: the longest time without an acknowledgement, of a writer that has every record of an open file fsync'ed
(one in 20 ms), and of a process that makes a new file, locks, writes and closes it (one in 100 ms). p50 and p95 are by
nearest rank: p95 of fewer than 20 runs is the worst. **Lost**: acknowledged records that are not on the volume. Where a
setup does not tell a phase, it has \`-\`. Each begins where the one before it ends, the first with the injection; in a
switchover the old master serves on in the first of them, so the stall is shorter than all together:

${PHASE_NAMES.map((name) => `- **${name}**: until ${PHASES[name]}`).join("\n")}`;

const OTHERS = `The **others**, whose names end with stock or tuned, run on machines like ours: the same memory, disks, networks, kernel and
DRBD module, the same client with the same mount options. What they start from is in \`bench/failover/rivals/\`, with the
source of each, and where and why it had to differ. After a run that failed the next one has new machines, with blank disks.`;

function section(drill: DrillName, results: readonly Measured[]): string {
  const summaries = results.map((each) => ({ name: each.setup, all: summarize(drill, each.runs) }));
  const phases = summaries.filter(({ all }) => PHASE_NAMES.some((name) => all.phases[name]));
  return [
    `## ${drill}`,
    table(
      ["setup", "n", ...stallHead("writer"), ...stallHead("fresh open"), "lost", "redundant again, worst"],
      summaries.map(({ name, all }) => [
        ...[name, `${all.runs}`, ...stall(all.writer), ...stall(all.fresh)],
        ...[lost(all), all.redundantAfter ? all.redundantAfter.worst.toFixed(0) : "-"],
      ]),
    ),
    ...(phases.length === 0
      ? []
      : [
          table(
            ["phase, p50 / worst", ...PHASE_NAMES],
            phases.map(({ name, all }) => [name, ...PHASE_NAMES.map((each) => pair(all.phases[each]))]),
          ),
        ]),
  ].join("\n\n");
}

const stallHead = (name: string) => [`${name} p50`, "p95", "worst"];
const stall = (of: Spread | null) =>
  of ? [of.p50, of.p95, of.worst].map((value) => value.toFixed(2)) : ["-", "-", "-"];
const pair = (of: Spread | null) => (of ? `${of.p50.toFixed(2)} / ${of.worst.toFixed(2)}` : "-");
const lost = (all: DrillSummary) => `${all.lost > 0 ? `**${all.lost}**` : all.lost} of ${all.acknowledged}`;

function origin({ setup, about, drill, at, code, host, wanted, failed, runs }: Measured): string {
  const lacking = wanted - runs.length;
  const wrong = lacking > 0 ? `${lacking} without figures` : "not all well";
  const missing = failed === undefined ? "" : `; **${wrong}**: ${failed.split("\n")[0]}`;
  return `- ${setup}, ${drill}: ${about}; ${at.slice(0, 10)}, code ${code}, ${host.cpus} CPUs (${host.model}), load before ${host.load.toFixed(1)}${missing}`;
}
