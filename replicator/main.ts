import { runMaster } from "./master/main";
import { runSlave } from "./slave/main";

const roles = new Map([
  ["master", runMaster],
  ["slave", runSlave],
]);

const [role = "", configFile, ...rest] = process.argv.slice(2);
const run = roles.get(role);
if (!run || configFile === undefined || rest.length > 0) {
  console.error("usage: replicator.js master|slave CONFIG.json");
  process.exitCode = 2;
} else {
  run(configFile).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
