import * as pulumi from "@pulumi/pulumi";
import { type Host, NicRole } from "./host";
import { HostScript, type HostScriptArgs } from "./hostScript";

/** What a host needs before anything else. */
export interface BaseArgs {
  /** Debian packages. */
  packages: readonly string[];
  /** Units that must not start by themselves. @default none */
  masked?: readonly string[];
  /** Text of what `npm run status` runs on the host. @default none */
  report?: string;
}

/** The variables of base.sh. */
export function baseVars(
  host: Host,
  { packages, masked = [], report = "" }: BaseArgs,
): HostScriptArgs["vars"] {
  return {
    NAME: host.name,
    NICS: pulumi
      .output(Object.values(NicRole).flatMap((role) => host.nics[role] ?? []))
      .apply((nics) => nics.map(({ device, address }) => `${device} ${address}\n`).join("")),
    PACKAGES: packages.join(" "),
    MASKED: masked.join(" "),
    REPORT: report,
  };
}

/** Runs base.sh on a host that is not one of a pair. */
export function base(name: string, host: Host, args: BaseArgs, parent: pulumi.Resource): HostScript {
  return new HostScript(
    `${name}-base-${host.name}`,
    { host, script: "base.sh", vars: baseVars(host, args) },
    { parent },
  );
}
