import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../toolchain/process";
import { nodeDir } from "./paths";
import { running } from "./machines/choice";
import { startLimit } from "./guest";
import { sshConfigFile } from "./sshConfig";
import { tryRun } from "./support";

/**
 * Waits until sshd has said its banner and the pinned host key and our own key open a session. A UserError, with the end
 * of the console, when that takes more than 240 s or its machine ends.
 */
export async function waitForSsh(stack: string, node: string): Promise<void> {
  const end = Date.now() + startLimit * 1000;
  let problem = "no banner from sshd";
  for (;;) {
    const vm = running(stack, node);
    if (!vm) throw new UserError(`${node}: its machine has ended. ${consoleTail(stack, node)}`);
    if (await hasBanner(vm.sshPort)) {
      const direct = ["-o", "ControlMaster=no", "-o", "ControlPath=none"];
      const { code, stderr } = await tryRun("ssh", ["-F", sshConfigFile(stack), ...direct, node, "true"]);
      if (code === 0) return;
      problem = stderr.trim();
    }
    if (Date.now() > end) {
      throw new UserError(`${node}: no SSH in ${startLimit} s (${problem}). ${consoleTail(stack, node)}`);
    }
    await sleep(500);
  }
}

/** Whether an SSH server answers on the port within 5 s. That a connection opens says nothing: the forward opens it. */
function hasBanner(port: number): Promise<boolean> {
  return new Promise<boolean>((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(5000, () => socket.destroy());
    socket.once("data", (data) => {
      done(data.toString().startsWith("SSH-"));
      socket.destroy();
    });
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
  });
}

/** The last lines of a node's serial console, under a heading. */
export function consoleTail(stack: string, node: string, lines = 25): string {
  const file = join(nodeDir(stack, node), "console.log");
  const text = existsSync(file)
    ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n")
    : "";
  return `The end of its console:\n${text || "(nothing)"}`;
}
