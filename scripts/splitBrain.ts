import { createInterface } from "node:readline/promises";
import type { NodeOutput } from "../components/nfsCluster";
import { quote } from "../components/render/shell";
import { ofRole, stackNodes } from "./nodes";
import { onNode } from "./remote";
import { type Entry, differing, parseEntries } from "./splitBrainFiles";

const MINUTES = 60_000;
const SHOWN = 40;

interface Side {
  readonly name: string;
  readonly node: NodeOutput;
  /** DRBD's generations, the current one first. */
  readonly generations: string;
  readonly outOfSyncKiB: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

const split = (node: NodeOutput, words: string, stdin = "") =>
  onNode(node, `/usr/local/lib/ha-nfs/split ${words}`, 30 * MINUTES, stdin);

async function look(name: string, node: NodeOutput): Promise<Side> {
  await onNode(node, "test -e /var/lib/ha-nfs/split-brain").catch(() => {
    throw new Error(`${name} knows of no split brain: there is nothing to decide. npm run status`);
  });
  const [generations = "", behind = "0"] = (await split(node, "facts")).trim().split("\n");
  const entries = parseEntries(await split(node, "list"));
  return { name, node, generations, outOfSyncKiB: Number(behind), entries };
}

function describe(sides: readonly [Side, Side], paths: readonly string[]): string {
  const [a, b] = sides;
  const time = (entry?: Entry) => (entry ? new Date(entry.changed * 1000).toISOString() : "not there");
  const size = (entry?: Entry) => (entry ? `${entry.size} bytes` : "");
  const last = ({ entries }: Side) => time([...entries.values()].sort((x, y) => y.changed - x.changed)[0]);
  return [
    ...sides.map(
      (side) =>
        `${side.name}: ${side.entries.size} files, the last change ${last(side)}; ` +
        `${side.outOfSyncKiB} KiB changed since the split; generations ${side.generations}`,
    ),
    "",
    `${paths.length} files differ${paths.length > SHOWN ? `, the first ${SHOWN}` : ""}:`,
    ...paths
      .slice(0, SHOWN)
      .map(
        (path) =>
          `  ${path}\n` +
          [a, b]
            .map((s) => `    ${s.name}  ${time(s.entries.get(path))}  ${size(s.entries.get(path))}`)
            .join("\n"),
      ),
  ].join("\n");
}

/** Keeps the loser's differing files in a tar file on the loser, and has it take the other's data. */
async function resolve(kept: Side, lost: Side, paths: readonly string[]): Promise<void> {
  const mine = paths.filter((path) => lost.entries.has(path));
  const file = `/var/lib/ha-nfs/kept/${new Date().toISOString().replace(/[:.]/g, "-")}.tar`;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const question = `\n${lost.name}'s data are thrown away, after its ${mine.length} differing files are in ${file} there.\nType '${kept.name}' to keep ${kept.name}'s: `;
  const said = await lines.question(question);
  lines.close();
  if (said.trim() !== kept.name) throw new Error("nothing has been changed");
  if (mine.length > 0)
    await split(lost.node, `keep ${quote(file)}`, mine.map((path) => `${path}\0`).join(""));
  await split(lost.node, "discard");
  await split(kept.node, "connect");
  console.log(
    `${lost.name} takes ${kept.name}'s data${mine.length > 0 ? `; what it had is in ${lost.name}:${file}` : ""}`,
  );
}

async function main(): Promise<void> {
  const [verb = "nothing", flag, name] = process.argv.slice(2).flatMap((word) => word.split("=", 2));
  const masters = ofRole(stackNodes(), "master");
  const names = masters.map(([master]) => master);
  const wantsResolve = verb === "resolve" && flag === "--keep" && name !== undefined && names.includes(name);
  if (!wantsResolve && (verb !== "show" || flag !== undefined)) {
    const found = process.argv.slice(2).join(" ") || "nothing";
    throw new Error(
      `usage: npm run split-brain -- show | resolve --keep ${names.join("|")}; found: ${found}`,
    );
  }
  // one after the other: both need their volume, and a lone failure is to leave the other as it is
  const sides: Side[] = [];
  for (const [master, node] of masters) sides.push(await look(master, node));
  const [a, b] = sides as [Side, Side];
  const paths = differing(a.entries, b.entries);
  console.log(describe([a, b], paths));
  if (wantsResolve) await resolve(a.name === name ? a : b, a.name === name ? b : a, paths);
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
