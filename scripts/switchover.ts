import { setTimeout as sleep } from "node:timers/promises";
import type { NodeOutput } from "../components/nfsCluster";
import { type Nodes, stackNodes, volumeOf } from "./nodes";
import { onNode } from "./remote";
import { status } from "./status";

const LIMIT_S = 60;

/** Says why the service can't move to `to` (the other master by default), or moves it; returns what to say. */
async function switchover(nodes: Nodes, wanted?: string): Promise<string> {
  const { active, masters, health, findings } = await status(nodes);
  const names = Object.keys(masters);
  if (wanted !== undefined && !names.includes(wanted)) {
    throw new Error(`--to: found ${wanted}; allowed: ${names.join(", ")}`);
  }
  if (active === null)
    throw new Error(`nobody serves, so nothing can move: ${health}. ${findings.join(" ")}`);
  if (wanted === active) return `${active} serves already`;
  const to = names.find((name) => name !== active) ?? active;
  const begun = Date.now();
  const serving = nodes[active] as NodeOutput;
  await onNode(serving, `/usr/local/lib/ha-nfs/give ${volumeOf(serving)}`, 70_000);
  while (Date.now() - begun < LIMIT_S * 1000) {
    const state = await onNode(nodes[to] as NodeOutput, "cat /run/ha-nfs/state");
    if (state === "serving\n") return `${to} serves, after ${((Date.now() - begun) / 1000).toFixed(1)} s`;
    await sleep(200);
  }
  throw new Error(`${to} does not serve after ${LIMIT_S} s: npm run status`);
}

async function main(): Promise<void> {
  const [flag, to, ...more] = process.argv.slice(2).flatMap((word) => word.split("=", 2));
  if (flag !== undefined && (flag !== "--to" || to === undefined || more.length > 0)) {
    throw new Error(`usage: npm run switchover [-- --to NODE]; found: ${process.argv.slice(2).join(" ")}`);
  }
  console.log(await switchover(stackNodes(), to));
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
