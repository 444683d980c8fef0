import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host";
import { scriptText } from "../render/shell";

const SCRIPTS = path.join(__dirname, "../scripts");

/** Text of a file under `components/scripts`. */
export function nodeFile(name: string): string {
  return fs.readFileSync(path.join(SCRIPTS, name), "utf8");
}

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** More than any script takes: each has limits of its own, and says what it has waited for. */
const PATIENCE = "20m";

/** Scripts that use more than lib.sh. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "aws/agent.sh": ["packages.sh"],
  "base.sh": ["packages.sh"],
  "drbd.sh": ["disk.sh"],
  "fencing.sh": ["door.sh", "packages.sh"],
  "managers/pacemaker/qnetd.sh": ["packages.sh"],
  "nfs.sh": ["delegations.sh"],
  "reading.sh": ["probe.sh"],
  "reads.sh": ["probe.sh", "delegations.sh"],
  "replica-disk.sh": ["disk.sh"],
  "serving.sh": ["probe.sh"],
  "volume.sh": ["disk.sh"],
  "witness.sh": ["door.sh", "packages.sh"],
};

/** The functions that a script uses. */
export function library(script: string): string {
  return ["lib.sh", ...(LIBRARIES[script] ?? [])].map(nodeFile).join("");
}

export interface HostScriptArgs {
  host: Host;
  /** File under `components/scripts` that defines `apply`, `remove` and `verify`. */
  script: string;
  /**
   * Variables of the script. Plain text, which a reviewer reads in `preview --diff`; only the script that
   * writes the secrets gets secrets.
   */
  vars: Readonly<Record<string, pulumi.Input<string>>>;
}

/**
 * A script on a host, and the one place that runs a remote command. A changed script or variable is an update in
 * place; the scripts compare before they write, so running one again changes nothing.
 */
export class HostScript extends command.remote.Command {
  /** Of what the host is given. Changes with it, and tells nothing of a secret in it. */
  public readonly digest: pulumi.Output<string>;

  constructor(name: string, args: HostScriptArgs, opts?: pulumi.CustomResourceOptions) {
    const { host, script, vars } = args;
    const shell = host.user === "root" ? "bash -s --" : "sudo -n bash -s --";
    const functions = library(script);
    const text = nodeFile(script);
    const stdin = pulumi.all(vars).apply((values) => scriptText(script, name, values, functions, text));
    const { dependsOn, ...lifetime } = host.lifetime;
    super(
      name,
      {
        connection: host.connection,
        create: `${shell} apply`,
        update: `${shell} apply`,
        delete: `${shell} remove`,
        stdin,
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.None,
      },
      pulumi.mergeOptions(
        {
          ...lifetime,
          dependsOn: [...dependsOn, host.ready],
          // the new one's apply and the old one's remove are for one host, and the remove must not come last
          deleteBeforeReplace: true,
          customTimeouts: { create: PATIENCE, update: PATIENCE, delete: PATIENCE },
        },
        opts,
      ),
    );
    this.digest = pulumi.unsecret(stdin.apply(sha256));
  }
}
