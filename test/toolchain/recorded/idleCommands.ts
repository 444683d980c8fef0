import { appendFileSync } from "node:fs";
import { localCommand } from "../../../toolchain/plugins/command/local";
import { remoteCommand } from "../../../toolchain/plugins/command/remote";
import { serveProvider } from "../../../toolchain/plugins/provider";
import type { Operation, Resource } from "../../../toolchain/plugins/provider";

/** What `lab/main.ts identity` prints. */
const IDENTITY = JSON.stringify({ privateKey: "made up", publicKey: "made up", hostKey: "ssh-ed25519 AAAA" });

/** A command provider that runs nothing, and notes in the file $COMMANDS what it is told. At $KILL_AT the engine dies. */
serveProvider("1.2.1", {
  "command:local:Command": idle(localCommand),
  "command:remote:Command": idle(remoteCommand),
});

function idle(resource: Resource): Resource {
  const note = (verb: string, { name }: Operation) => {
    appendFileSync(process.env["COMMANDS"] ?? "/dev/null", `${verb} ${name}\n`);
    if (process.env["KILL_AT"] === name) process.kill(process.ppid, "SIGKILL");
    return { stdout: name.endsWith("-identity") ? IDENTITY : "", stderr: "" };
  };
  return {
    ...resource,
    create: (_inputs, operation) => note("create", operation),
    update: (_inputs, _state, operation) => note("update", operation),
    delete: (_state, operation) => void note("delete", operation),
  };
}
