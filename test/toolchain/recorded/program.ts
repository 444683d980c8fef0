import { readFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { hostsFleet, lab } from "../../unit/configFixture";
import { Project } from "../project";

/** Made up, and encrypted under the passphrase below, as today's program wants it. */
const sshPrivateKey = {
  secure:
    "v1:6vIt/YuHKM+OzAVV:SEBZsGUtRBSA1o/SgCLokwjUSDYWkW81nqsusOp65ECindSG/DzlAuXxYe+oZ/GSNQxeB5Y+XstydmybIbI+FxUYy/YlUq8GoL4KTAH5vemEZJV8+Wibqrw6mDXBR5HDbnE=",
};
const encryptionsalt = "v1:tT2JsPb7z0Y=:v1:562Ri0a5Ly43awyb:fFgVUFte1kjvwyioXj7N6qeYq0YB8g==";

/** A stack of each platform, its name, with everything that a stack may have. */
const STACKS = {
  lab: {
    ...lab,
    slaves: [{ name: "s1" }],
    readPool: { vip: "10.10.1.101" },
    pushTargets: [{ name: "client", directory: "/srv/app" }],
  },
  hosts: { ...hostsFleet, sshPrivateKey },
};
export type Stack = keyof typeof STACKS;
export const stacks = Object.keys(STACKS) as Stack[];

/** The program of the checkout that this is run in, with a stack's configuration. */
export function programOf(stack: Stack): Project {
  const project = new Project();
  Object.assign(project.env, {
    PULUMI_CONFIG_PASSPHRASE: "made up",
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    HA_NFS_LAB_DIR: project.file("lab"),
  });
  const text = readFileSync("Pulumi.yaml", "utf8");
  project.write("Pulumi.yaml", text.replace(/^main: .*$/m, `main: ${path.resolve("index.ts")}`));
  const { config: keys } = parse(text) as { config: object };
  // an older program does not know them all
  const known = Object.entries(STACKS[stack]).filter(([key]) => key in keys);
  const config = Object.fromEntries(known.map(([key, value]) => [`ha-nfs:${key}`, value]));
  project.write(`Pulumi.${stack}.yaml`, stringify({ encryptionsalt, config }));
  return project;
}

/** Has no command of a program run: it is noted in the file `commands` instead. */
export function idle(project: Project): void {
  const provider = path.join(__dirname, "idleCommands.ts");
  const loader = path.resolve("node_modules/tsx/dist/loader.mjs");
  project.env["COMMANDS"] = project.file("commands");
  project.fake("pulumi-resource-command", `exec node --import file://${loader} ${provider} "$@"`);
}
