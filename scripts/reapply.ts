import type { NodeOutput } from "../components/nfsCluster";
import { stackName, stackNodes } from "./nodes";
import { onNode } from "./remote";
import { storedScripts } from "./stored";

/** Milliseconds for one script: more than any takes, packages included. */
const PATIENCE = 20 * 60_000;

/**
 * Runs again on a host all that the last `up` ran there, in its order: for a host that was installed anew, a file that
 * somebody took away, drift. What is as it should be stays untouched.
 */
async function main(): Promise<void> {
  const [host, ...more] = process.argv.slice(2);
  const nodes = stackNodes();
  const node: NodeOutput | undefined = host === undefined ? undefined : nodes[host];
  if (!host || !node || more.length > 0)
    throw new Error(
      `usage: npm run reapply -- HOST; found: ${process.argv.slice(2).join(" ")}; there is: ${Object.keys(nodes).join(", ")}`,
    );
  const scripts = storedScripts(stackName(), Object.keys(nodes), "--show-secrets");
  for (const { name, text } of scripts.filter((script) => script.host === host)) {
    if (text === undefined) throw new Error(`${name}: its text is no text in the stack's state`);
    const said = await onNode(node, "bash -s -- apply", PATIENCE, text).catch((error: Error) => {
      throw new Error(`${name}: ${error.message}`);
    });
    console.log(`${name}\n${said.replace(/^/gm, "       ").trimEnd()}`.trimEnd());
  }
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
