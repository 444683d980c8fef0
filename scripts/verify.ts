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
  const scripts = storedScripts(stackName(), Object.keys(nodes));
  const away = new Map<string, string>();
  const hosts = [...new Set(scripts.map(({ host }) => host))];
  await Promise.all(
    hosts.map((host) => on(host, "true").catch(({ message }: Error) => away.set(host, message))),
  );
  for (const host of hosts.filter((host) => away.has(host))) say("AWAY", host, away.get(host) ?? "");
  for (const { name, host, text } of scripts) {
    if (text === undefined || away.has(host)) continue;
    const found = await on(host, "bash -s -- verify || [ $? = 3 ]", text).catch(
      ({ message }: Error) => message,
    );
    say(found === "" ? "ok" : "DRIFT", name, found);
  }

  function on(host: string, command: string, stdin = ""): Promise<string> {
    return onNode(nodes[host] as NodeOutput, command, 120_000, stdin);
  }
}

/** A line of the result, with what was found below it. */
function say(word: string, name: string, found: string): void {
  process.stdout.write(
    `${word.padEnd(7)}${name}\n${found.replace(/^/gm, "       ").trimEnd()}`.trimEnd() + "\n",
  );
  if (found !== "") process.exitCode = 1;
}

void main();
