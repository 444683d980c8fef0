import { spawnSync } from "node:child_process";
import type { NodeOutput } from "../../components/nfsCluster";
import { stackOutputs } from "../../toolchain/stack";
import { terminal } from "./remote";

/** Asks a person on the terminal whether a master may serve alone: runs ha-nfs-alone there, which does the asking. */
function main(): void {
  const { nodes } = stackOutputs(process.env.HA_NFS_STACK ?? "dev") as { nodes: Record<string, NodeOutput> };
  const masters = Object.keys(nodes).filter((name) => nodes[name]?.role === "master");
  const [name = "nothing"] = process.argv.slice(2);
  const node = nodes[name];
  if (!node || !masters.includes(name)) {
    console.error(`usage: npm run start-alone -- ${masters.join("|")}; found: ${name}`);
    process.exitCode = 2;
    return;
  }
  const { status } = spawnSync("sh", terminal(node, "ha-nfs-alone"), { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

main();
