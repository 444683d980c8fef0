import type { NodeOutput } from "../components/nfsCluster";
import { stackName, stackNodes } from "./nodes";
import { onNode } from "./remote";
import { storedScripts } from "./stored";

/**
 * Compares the nodes with what the last `up` left there: runs each script's `verify`, which reads only. The engine's
 * own refresh cannot do that for commands.
 */
async function main(): Promise<void> {
  const nodes = stackNodes();
  for (const { name, host, text } of storedScripts(stackName(), Object.keys(nodes))) {
    if (text === undefined) continue;
    const command = "bash -s -- verify || [ $? = 3 ]";
    const found = await onNode(nodes[host] as NodeOutput, command, 120_000, text).catch(
      (error: Error) => error.message,
    );
    process.stdout.write(
      `${found === "" ? "ok     " : "DRIFT  "}${name}\n${found.replace(/^/gm, "       ").trimEnd()}`.trimEnd() +
        "\n",
    );
    if (found !== "") {
      process.exitCode = 1;
    }
  }
}

void main();
