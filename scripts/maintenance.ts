import { ofRole, stackNodes } from "./nodes";
import { onNode } from "./remote";

const COMMANDS: Readonly<Record<string, string>> = {
  on: "touch /run/ha-nfs/maintenance",
  off: "rm -f /run/ha-nfs/maintenance",
};

/** Has the guards of both masters neither repair nor move anything, or do so again. */
async function main(): Promise<void> {
  const word = process.argv[2] ?? "nothing";
  const command = COMMANDS[word];
  if (command === undefined) throw new Error(`usage: npm run maintenance -- on|off; found: ${word}`);
  for (const [name, node] of ofRole(stackNodes(), "master")) {
    await onNode(node, command).then(
      () => console.log(`${name}: maintenance is ${word}`),
      (error: Error) => {
        console.error(`${name} cannot be reached, and is as it was: ${error.message}`);
        process.exitCode = 1;
      },
    );
  }
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
});
