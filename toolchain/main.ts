import path from "node:path";
import { consent } from "./consent";
import { findCli } from "./cli";
import { parseArguments } from "./arguments";
import type { Arguments } from "./arguments";
import { pluginEnvironment } from "./plugins";
import { endMoto, moto } from "./moto";
import { labWish, prepareLab, prepareTests, settings } from "./prerequisites";
import { capture, notice, onPath, run, runScript, UserError } from "./process";
import { exportStack, noStack, prepareStack, pulumi, stackOutputs } from "./stack";
import type { Wish } from "./stack";
import { configOf, forget, isEmpty, stateEnvironment } from "./state";
import { leftOut } from "./without";

const USAGE = `usage: npm run VERB -- [--stack NAME] [arguments of the Pulumi CLI]
  up           make the stack what the program says; asks where machines exist, unless --yes;
               --without HOST leaves out a host that is away, which is changed at the next up;
               --skip-preflight begins without a look at machines that exist
  preview      show what up would change
  preflight    what would keep up from ending well on machines that exist; changes nothing, and up begins with it
  refresh      compare the state with what is there
  destroy      remove all that up made; asks as up does
  outputs      the stack's outputs, as JSON
  pulumi       any command of the Pulumi CLI
  status       the health of the cluster
  verify       compare the nodes with what up left there
  switchover   move the service to the other master; --to NODE
  reapply      HOST: runs again there all that the last up ran: a host installed anew, drift
  forget       HOST: takes a dead host out of the state
  maintenance  on|off: whether the guards repair and move what fails
  start-alone  NODE: a person's word that it serves without its peer; asks twice
  split-brain  show what each master has that the other lacks, or resolve --keep NODE; asks
  drill        a failover exercise
  bench        replication: measures it on a stack that is up;
               failover: measures drills under each manager and of others' pairs, on stacks of its own;
               disk: NFS over DRBD and without it, by fio, on a stack of its own
  lab          the lab's virtual machines
  test         the tests
  fuzz         random operations on a volume, replicated and compared; --seeds N, --from SEED
  format       format the sources
The stack is NAME, or $HA_NFS_STACK, or dev.`;

const VERBS: Record<string, (given: Arguments) => Promise<number>> = {
  up,
  preview: (given) => operate("preview", given, { ...NEW, reads: true }),
  preflight,
  refresh: (given) =>
    operate("refresh", given, { flags: given.has(...ONLY_SHOWS) ? [] : ["--yes", "--skip-preview"] }),
  destroy,
  outputs,
  pulumi: async (given) => {
    await enter(given);
    // A secret may be set before anything else: the CLI wants a stack for it.
    if (/^config set/.test(given.all.join(" ")) && !exportStack(given.stack))
      prepareStack(given.stack, given.configFile, NEW);
    return run("pulumi", given.all);
  },
  status: (given) => operator("scripts/status.ts", given),
  verify: (given) => operator("scripts/verify.ts", given),
  switchover: (given) => operator("scripts/switchover.ts", given),
  reapply: (given) => operator("scripts/reapply.ts", given),
  forget: (given) => operator("scripts/forget.ts", given),
  maintenance: (given) => operator("scripts/maintenance.ts", given),
  "start-alone": (given) => operator("scripts/startAlone.ts", given),
  "split-brain": (given) => operator("scripts/splitBrain.ts", given),
  drill: (given) => operator("scripts/drill.ts", given),
  bench,
  lab: ({ rest }) => runScript("lab/main.ts", rest),
  test: ({ all }) => {
    prepareTests(all[0]);
    return run("toolchain/test.sh", all);
  },
  fuzz: ({ rest }) => {
    prepareTests();
    return runScript("test/replicator/fuzz/main.ts", rest);
  },
  format,
};

/**
 * Finds the CLI and makes the environment in which it, and all that we start, runs.
 * Returns the official plugins in whose place ours stand.
 */
async function enter({ stack, configFile }: Arguments): Promise<string[]> {
  process.env["PULUMI_SKIP_UPDATE_CHECK"] ??= "true";
  const cli = await findCli();
  Object.assign(process.env, stateEnvironment(stack, configFile));
  const config = configOf(stack, configFile);
  const pretended = config !== undefined && isPretended(config);
  const aws = config !== undefined && settings(config)["ha-nfs:platform"] === "aws";
  const { env, standIns } = pluginEnvironment(cli, { aws, pretended });
  Object.assign(process.env, env);
  if (pretended) Object.assign(process.env, PRETENDED, (await moto(stack)).env);
  process.env["PATH"] = [path.dirname(cli.path), process.env["PATH"]].join(path.delimiter);
  return standIns;
}

/** Nothing runs on a host that is not there, and none is asked who serves. */
const PRETENDED = { HA_NFS_IDLE_COMMANDS: "1", HA_NFS_ACTIVE: "" };

/** Whether the stack's machines exist before it. */
const areHosts = (config: string) => settings(config)["ha-nfs:platform"] === "hosts";

/** Whether the stack's AWS is moto. */
const isPretended = (config: string) => settings(config)["toolchain:aws"] === "moto";

interface Mode extends Wish {
  /** Flags of ours for the CLI. */
  flags?: string[];
  /** Whether a person has to agree where the machines are not the lab's. */
  asks?: boolean;
  /** What comes before the CLI, with the stack's configuration file. */
  before?: (config: string) => Promise<void>;
}

/** The flag with which destroy and refresh change nothing; up has none. */
const ONLY_SHOWS = ["--preview-only"];

/** Whether all machines are the lab's, those of the state too. */
const isLab = (stack: string, config: string) =>
  labWish(config) !== undefined &&
  !exportStack(stack)?.deployment.resources?.some(({ type }) => type === "ha-nfs:index:ExistingHosts");

/** One of the CLI's operations on the stack, with its own flags, display and exit status. */
async function operate(
  verb: string,
  given: Arguments,
  { flags = [], asks = false, before, ...wish }: Mode,
): Promise<number> {
  const standIns = await enter(given);
  if (given.has("--help", "-h")) return run("pulumi", [verb, "--help"]);
  if (standIns.length > 0)
    notice(`the official ${standIns.join(", ")} can't be had here: using ha-nfs's own`);
  const config = prepareStack(given.stack, given.configFile, wish);
  if (config === undefined) throw new UserError(noStack(given.stack));
  const on = ["--stack", given.stack, "--config-file", config];
  const named = [...on, ...leftOut(verb, given, config)];
  const pretended = isPretended(config);
  if (!pretended && standIns.includes("pulumi-resource-aws"))
    throw new UserError(
      "AWS itself wants the official aws plugin, and it is not here (556 MB): HA_NFS_PLUGIN_SECONDS=900, or by hand: " +
        "pulumi plugin install resource aws; nothing was changed",
    );
  if (pretended) {
    const set = ["config", "set", "--secret", "ha-nfs:sshPrivateKey", ...on];
    pulumi(set, (await moto(given.stack)).sshKey);
  }
  const isHarmless = pretended || isLab(given.stack, config);
  if (asks && !given.has("--yes", "-y", ...ONLY_SHOWS) && !isHarmless) {
    const show = verb === "up" ? ["preview"] : [verb, ...ONLY_SHOWS];
    const rest = given.rest.filter((flag) => flag !== "--continue-on-error"); // which a preview does not know
    const status = await consent(verb, given.stack, () => run("pulumi", [...show, ...named, ...rest]));
    if (status !== 0) return status;
  }
  await before?.(config);
  return run("pulumi", [verb, ...flags, ...named, ...given.rest]);
}

async function up(given: Arguments): Promise<number> {
  const status = await operate("up", given, {
    ...NEW,
    flags: ["--yes", "--skip-preview"],
    asks: true,
    before: async (config) => {
      process.env["HA_NFS_ACTIVE"] ??= activeMaster(given);
      const lab = labWish(config);
      if (lab) await prepareLab(given.stack, lab);
      else if (areHosts(config) && !given.skipsPreflight) await lookAtHosts(config, given);
    },
  });
  if (status === 0 && !given.has("--json", "-j", "--help", "-h")) {
    process.stdout.write(pulumi(["stack", "output", "--json", "--stack", given.stack]));
  }
  return status;
}

/** @throws UserError where a machine that exists is not as the configuration wants it. */
async function lookAtHosts(config: string, { without }: Arguments): Promise<void> {
  if ((await runScript("preflight/main.ts", [config, ...without])) !== 0)
    throw new UserError("nothing was changed; up --skip-preflight goes on all the same");
}

async function preflight(given: Arguments): Promise<number> {
  await enter(given);
  const config = prepareStack(given.stack, given.configFile, { ...NEW, reads: true });
  return config === undefined ? 1 : runScript("preflight/main.ts", [config, ...given.without]);
}

/** Who serves now, and is changed last. Empty where nobody says so. Tells who is away. */
function activeMaster({ stack, without }: Arguments): string {
  const isMade = exportStack(stack)?.deployment.resources?.some(({ type }) => type.endsWith(":NfsCluster"));
  if (!isMade) return "";
  const { stdout } = capture("node", ["--import", "tsx", "scripts/status.ts", "--json"], "", 20_000);
  if (stdout === "") return "";
  const { active, masters } = JSON.parse(stdout) as {
    active: string | null;
    masters: Record<string, object>;
  };
  for (const [name, said] of Object.entries(masters)) {
    if ("unreachable" in said && !without.includes(name))
      notice(
        `${name} does not answer: a change of what runs on it fails. Bring it back, or change the others now and ${name} ` +
          `at the next up: npm run up -- --stack ${stack} --without ${name}`,
      );
  }
  // one that is left out comes last, for the other's must not wait for it
  return without.find((name) => name in masters) ?? active ?? "";
}

async function outputs(given: Arguments): Promise<number> {
  const { stack, rest } = given;
  if (isEmpty()) throw new UserError(noStack(stack));
  await enter(given);
  process.stdout.write(`${JSON.stringify(stackOutputs(stack, ...rest), undefined, 2)}\n`);
  return 0;
}

/** Removes the stack as well, when nothing is left in it and no flag narrowed what to destroy. */
async function destroy(given: Arguments): Promise<number> {
  const gone = async () => {
    notice(`there is no stack ${given.stack}: nothing to destroy`);
    await endMoto(given.stack);
    forget(given.stack);
    return 0;
  };
  if (isEmpty()) return gone();
  await enter(given);
  const state = exportStack(given.stack);
  if (!state) return gone();
  const kept = (state.deployment.resources ?? []).filter(({ protect }) => protect);
  const flags = ["--yes", ...(kept.length > 0 ? ["--exclude-protected"] : [])];
  const status = await operate("destroy", given, { flags, asks: true });
  const narrowed = given.has("--target", "-t", "--exclude", "-x", "--preview-only", "--help", "-h");
  if (status !== 0 || narrowed) return status;
  const config = configOf(given.stack, given.configFile);
  const pretended = config !== undefined && isPretended(config);
  if (exportStack(given.stack)?.deployment.resources?.length && !pretended) {
    for (const { id, type } of kept)
      notice(`kept, with its data: ${id} (${type}): the next up takes it again`);
    return status;
  }
  const whole = pretended ? ["--force"] : [];
  pulumi(["stack", "rm", "--yes", ...whole, "--preserve-config", "--remove-backups", "--stack", given.stack]);
  if (pretended) await endMoto(given.stack);
  forget(given.stack);
  notice(`the stack ${given.stack} is removed; its configuration stays`);
  return 0;
}

const NEW: Wish = { create: true };

/** A script of ours about the stack's nodes. */
async function operator(script: string, given: Arguments, words = given.rest): Promise<number> {
  const { stack } = given;
  if (isEmpty()) throw new UserError(noStack(stack));
  await enter(given);
  if (stackOutputs(stack)["nodes"] === undefined)
    throw new UserError(
      `the stack ${stack} has no nodes yet: npm run up -- --stack ${stack} has to end well first`,
    );
  return runScript(script, words);
}

function bench(given: Arguments): Promise<number> {
  const [name = "", ...rest] = given.rest;
  if (name === "replication") return operator("bench/replication/main.ts", given, rest);
  // these make their stacks, and have other defaults for the name than a person's own
  if (name === "failover" || name === "disk")
    return runScript(`bench/${name}/main.ts`, given.all.toSpliced(given.all.indexOf(name), 1));
  throw new UserError(`bench: replication, failover or disk, not ${name || "nothing"}`);
}

async function format(): Promise<number> {
  const status = await run("npx", ["prettier", "--write", "."]);
  return status === 0 && onPath("shfmt") ? run("shfmt", ["-w", "."]) : status;
}

async function main([name = "", ...args]: string[]): Promise<number> {
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) {
    notice(USAGE);
    return 2;
  }
  const given = parseArguments(args);
  Object.assign(process.env, { HA_NFS_STACK: given.stack, PULUMI_STACK: given.stack });
  return verb(given);
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    notice(`error: ${error.message}`);
    process.exitCode = 1;
  },
);
