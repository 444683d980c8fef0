import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Cli } from "./cli";
import { capture, notice, onPath } from "./process";
import { STATE } from "./state";

interface Plugin {
  kind: "language" | "resource";
  name: string;
  version: string;
}

/** What a stack wants of its plugins. */
export interface PluginWish {
  /** Whether its hosts are on AWS. */
  aws: boolean;
  /** Whether its hosts are only pretended: then the plugin that would run commands on them must be ours. */
  pretended: boolean;
}

/** The plugins that the program needs, each in the version of its npm package. */
function needed({ aws }: PluginWish): Plugin[] {
  const plugin = (kind: Plugin["kind"], name: string, from: string): Plugin => {
    const manifest = readFileSync(require.resolve(`${from}/package.json`), "utf8");
    return { kind, name, version: (JSON.parse(manifest) as { version: string }).version };
  };
  return [
    plugin("language", "nodejs", "@pulumi/pulumi"),
    plugin("resource", "command", "@pulumi/command"),
    plugin("resource", "random", "@pulumi/random"),
    ...(aws ? [plugin("resource", "aws", "@pulumi/aws")] : []),
  ];
}

const executable = ({ kind, name }: Plugin) => `pulumi-${kind}-${name}`;
const folder = ({ kind, name, version }: Plugin) => `${kind}-${name}-v${version}`;

/**
 * Makes ours stand in for the plugins that can't be had. Then the CLI gets a home of our own, which has ours,
 * and links to what the user's home has: unlike plugins found on PATH, which win in any case, the engine does
 * not warn of those in its home.
 */
export function pluginEnvironment(
  cli: Cli,
  wish: PluginWish,
): { env: NodeJS.ProcessEnv; standIns: string[] } {
  const users = process.env["PULUMI_HOME"] || path.join(homedir(), ".pulumi");
  const home = path.join(STATE, "home");
  if (users === home) return { env: {}, standIns: [] }; // a verb within a verb
  const isOurs = ({ name }: Plugin) => wish.pretended && name === "command";
  const missing = needed(wish).filter((plugin) => isOurs(plugin) || !isHad(plugin, cli, users));
  if (missing.length === 0) return { env: {}, standIns: [] };

  const credentials = path.join(users, "credentials.json");
  if (existsSync(credentials)) link(credentials, path.join(home, "credentials.json"));
  const installed = path.join(users, "plugins");
  for (const entry of existsSync(installed) ? readdirSync(installed, { withFileTypes: true }) : []) {
    if (!entry.isDirectory()) continue;
    for (const file of readdirSync(path.join(installed, entry.name))) {
      link(path.join(installed, entry.name, file), path.join(home, "plugins", entry.name, file));
    }
  }
  for (const plugin of missing) {
    const ours = path.join(__dirname, "plugins", plugin.name, executable(plugin));
    link(ours, path.join(home, "plugins", folder(plugin), executable(plugin)));
  }
  return { env: { PULUMI_HOME: home }, standIns: missing.map(executable) };
}

/** How long a plugin may take to be installed, in milliseconds; $HA_NFS_PLUGIN_SECONDS, else a minute. */
const PATIENCE = Number(process.env["HA_NFS_PLUGIN_SECONDS"] || 60) * 1000;

/** How long nothing more is installed after that has failed, in milliseconds. */
const PAUSE = 86_400_000;

/** Its time is that of the last plugin which could not be installed. */
const FAILED = path.join(STATE, "no-plugins");

function isHad(plugin: Plugin, cli: Cli, home: string): boolean {
  if (onPath(executable(plugin)) || existsSync(path.join(home, "plugins", folder(plugin)))) return true;
  if (!cli.official) return false;
  if (plugin.kind === "language") return true;
  const failed = statSync(FAILED, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - failed > PAUSE && install(plugin, cli);
}

function install({ kind, name, version }: Plugin, cli: Cli): boolean {
  const words = ["plugin", "install", kind, name, version];
  notice(`installing pulumi-${kind}-${name} ${version}`);
  const { status, stderr } = capture(cli.path, words, "", PATIENCE);
  if (status === 0) return true;
  writeFileSync(FAILED, "");
  const why = status === null ? `not within ${PATIENCE / 1000} s` : stderr.trim().split("\n").at(-1);
  notice(
    `it can't be installed: ${why}; no more is tried for a day, or do it by hand: pulumi ${words.join(" ")}`,
  );
  return false;
}

/** The engine takes only real folders for plugins, so each file is linked. */
function link(target: string, from: string): void {
  if (lstatSync(from, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(from) === target) return;
  mkdirSync(path.dirname(from), { recursive: true });
  rmSync(from, { force: true });
  symlinkSync(target, from);
}
