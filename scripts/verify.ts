import type { NodeOutput } from "../components/nfsCluster";
import { exportStack } from "../toolchain/stack";
import { stackName, stackNodes } from "./nodes";
import { onNode } from "./remote";

/** A node script as the stack's state has it. Its name ends with its host's. */
interface StoredScript {
  name: string;
  host: string;
  /** `bash -s -- apply`, with sudo where the login is not root. */
  apply: string;
  /** The script and its variables; the one with the secrets is encrypted in the state, and left out here. */
  text: string;
}

function storedScripts(stack: string, hosts: readonly string[]): StoredScript[] {
  const resources = (exportStack(stack)?.deployment.resources ?? []) as {
    urn: string;
    type: string;
    inputs?: { stdin?: unknown; create?: string };
  }[];
  // of the hosts `a` and `b-a`, a script named …-b-a is the second one's
  const longestFirst = [...hosts].sort((a, b) => b.length - a.length);
  return resources.flatMap(({ urn, type, inputs }) => {
    const name = urn.split("::").at(-1) ?? "";
    const host = longestFirst.find((known) => name.endsWith(`-${known}`));
    const text = inputs?.stdin;
    return type === "command:remote:Command" && host && typeof text === "string"
      ? [{ name, host, apply: inputs?.create ?? "", text }]
      : [];
  });
}

/**
 * Compares the nodes with what the last `up` left there: runs each script's `verify`, which reads only. The engine's
 * own refresh cannot do that for commands.
 */
async function main(): Promise<void> {
  const nodes = stackNodes();
  for (const { name, host, apply, text } of storedScripts(stackName(), Object.keys(nodes))) {
    const command = apply.replace(/^sudo -n /, "").replace(/apply$/, "verify");
    const found = await onNode(nodes[host] as NodeOutput, `${command} || [ $? = 3 ]`, 120_000, text).catch(
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
