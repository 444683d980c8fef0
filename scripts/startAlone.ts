import { spawnSync } from "node:child_process";
import { ofRole, stackNodes } from "./nodes";
import { terminal } from "./remote";

/** Asks a person on the terminal whether a master may serve alone: runs ha-nfs-alone there, which does the asking. */
function main(): void {
  const masters = new Map(ofRole(stackNodes(), "master"));
  const [name = "nothing"] = process.argv.slice(2);
  const node = masters.get(name);
  if (!node) {
    console.error(`usage: npm run start-alone -- ${[...masters.keys()].join("|")}; found: ${name}`);
    process.exitCode = 2;
    return;
  }
  const { status } = spawnSync("sh", terminal(node, "ha-nfs-alone"), { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

main();
