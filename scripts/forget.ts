import { exportStack, importStack } from "../toolchain/stack";
import { withoutHost } from "./forgotten";
import { stackName, stackNodes } from "./nodes";
import { onNode } from "./remote";

/**
 * Takes a dead host out of the stack's state, so that no `up` dials it any more. Nothing happens on a host: one that
 * lives is taken out of the configuration, and `up` removes what is on it.
 */
async function main(): Promise<void> {
  const [host, ...flags] = process.argv.slice(2);
  const nodes = stackNodes();
  const node = host === undefined ? undefined : nodes[host];
  if (!host || !node || flags.some((flag) => flag !== "--yes"))
    throw new Error(
      `usage: npm run forget -- HOST [--yes]; found: ${process.argv.slice(2).join(" ")}; there is: ${Object.keys(nodes).join(", ")}`,
    );
  const answers = await onNode(node, "true").then(
    () => true,
    () => false,
  );
  if (answers)
    throw new Error(
      `${host} answers: take it out of the configuration, and npm run up removes what is on it`,
    );
  const state = exportStack(stackName());
  if (!state) throw new Error(`there is no stack ${stackName()}`);
  const { kept, dropped } = withoutHost(state, host, Object.keys(nodes));
  if (dropped.some((name) => name === `${host}-vm`))
    throw new Error(
      `${host} is a machine of the lab: take it out of the configuration, and npm run up removes it`,
    );
  if (!flags.includes("--yes"))
    throw new Error(
      `this drops ${dropped.join(", ")} from the state, and leaves what is on ${host} as it is: should it ever come back, it ` +
        `must not be let near the others before its disk is wiped. Say --yes, and take ${host} out of the configuration before the next up`,
    );
  importStack(stackName(), kept);
  console.log(`forgotten: ${dropped.join(", ")}`);
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
