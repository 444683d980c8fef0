import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { UserError } from "../toolchain/process";
import { applyVm, removeVm } from "./apply";
import { attachConsole } from "./console";
import { applyIdentity, removeIdentity } from "./identity";
import { ensureImage } from "./image";
import { choose, running } from "./machines/choice";
import { asMachineType, MachineType } from "./machines/type";
import { nodes, stackDir, stacks } from "./paths";
import { listed, parseNodeName, parseVmSpec, readSpec } from "./spec";
import { sshConfigFile } from "./sshConfig";
import { packages } from "./support";
import { killNode, linkDown, linkUp, netem, pauseNode, resumeNode, startNode, stopNode } from "./vm";

const usage = `usage: npm run lab -- [--stack NAME] COMMAND      (stack: default $HA_NFS_STACK, else dev)
  list                    the VMs of the stack and their state
  start|stop|restart [NODE…]   all of the stack when no node is named
  kill NODE               cut its power
  pause|resume NODE       freeze it, let it go on
  link-down|link-up NODE NIC   pull or plug the cable of a NIC: service, link, …
  netem NODE NIC "delay 50ms loss 10%"   spoil what a NIC sends, as tc-netem(8); off ends it
  ssh NODE [COMMAND…]     a shell on it, or one command
  console NODE            its serial console, Ctrl-] leaves
  image                   build the image unless it is built, and print its directory
  packages [TYPE]         the Debian packages that the stack needs; TYPE is uml, qemu or all, default as it is
for the program, with JSON on stdin:
  identity apply|remove   a node's keys        {"stack", "node"}
  vm apply|remove         a node's VM          VmSpec, see lab/spec.ts`;

type Handler = (stack: string, args: string[]) => unknown;

const commands: Record<string, Handler> = {
  list,
  start: (stack, args) => each(stack, args, startNode),
  stop: (stack, args) => each(stack, args, stopNode),
  restart: (stack, args) =>
    each(stack, args, async (...node) => {
      await stopNode(...node);
      await startNode(...node);
    }),
  kill: (stack, args) => killNode(stack, one(args)),
  pause: (stack, args) => pauseNode(stack, one(args)),
  resume: (stack, args) => resumeNode(stack, one(args)),
  "link-down": (stack, args) => linkDown(stack, ...two(args)),
  "link-up": (stack, args) => linkUp(stack, ...two(args)),
  ssh: (stack, [node = "", ...command]) => ssh(stack, one([node]), command),
  console: (stack, args) => attachConsole(stack, one(args)),
  netem: (stack, args) => netem(stack, ...three(args)),
  image: async () => console.log(await ensureImage()),
  packages: async (stack, [word]) => {
    const wanted = word === "all" ? Object.values(MachineType) : [asMachineType(word)];
    const chosen = await Promise.all(wanted.map((type) => choose(stack, type)));
    console.log([...new Set(chosen.flatMap(({ tools }) => packages("image", "ssh", tools)))].join("\n"));
  },
  "identity apply": async () => print(await applyIdentity(parseNodeName(input()))),
  "identity remove": async () => {
    const name = parseNodeName(input());
    await removeVm(name); // one whose making failed is known to nobody else
    await removeIdentity(name);
  },
  "vm apply": async () => print(await applyVm(parseVmSpec(input()))),
  "vm remove": () => removeVm(parseNodeName(input())),
};

async function main(argv: string[]): Promise<void> {
  const args = [...argv];
  // Everything after a node's name belongs to the command that `ssh` runs there.
  const end = args.includes("ssh") ? args.indexOf("ssh") + 2 : args.length;
  const option = args.slice(0, end).indexOf("--stack");
  const [, stack = process.env.HA_NFS_STACK || "dev"] = option < 0 ? [] : args.splice(option, 2);
  const words = `${args[0]} ${args[1]}` in commands ? 2 : 1;
  const handler = commands[args.slice(0, words).join(" ")];
  if (!handler) throw new UserError(usage);
  await handler(stack, args.slice(words));
}

function list(stack: string): void {
  if (!existsSync(stackDir(stack))) {
    throw new UserError(`no stack ${stack} in this lab; there is: ${listed(stacks())}`);
  }
  const rows = nodes(stack).map((node) => {
    const vm = running(stack, node);
    if (!vm) return [node, "stopped", "-", `${readSpec(stack, node).sshPort}`, "-"];
    return [node, vm.paused ? "paused" : "running", `${vm.pid}`, `${vm.sshPort}`, `${vm.rssMiB}`];
  });
  const table = [["NODE", "STATE", "PID", "SSH PORT", "RSS MiB"], ...rows];
  for (const row of table)
    console.log(
      row
        .map((cell) => cell.padEnd(10))
        .join("")
        .trimEnd(),
    );
}

/** Runs `action` for the named nodes, or all of the stack, at once. All end before the first failure is told. */
async function each(stack: string, named: string[], action: (stack: string, node: string) => Promise<void>) {
  const chosen = named.length > 0 ? named : nodes(stack);
  if (chosen.length === 0) list(stack);
  chosen.forEach((node) => readSpec(stack, node));
  const results = await Promise.allSettled(chosen.map((node) => action(stack, node)));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Becomes `ssh` for all purposes: same terminal, same exit code. */
async function ssh(stack: string, node: string, command: string[]): Promise<void> {
  readSpec(stack, node);
  const child = spawn("ssh", ["-F", sshConfigFile(stack), node, ...command], { stdio: "inherit" });
  process.exitCode = await new Promise<number>((done) => child.on("close", (code) => done(code ?? 1)));
}

function one(args: string[]): string {
  const [node, ...more] = args;
  if (!node || more.length > 0) throw new UserError(`one NODE, please\n${usage}`);
  return node;
}

function three(args: string[]): [string, string, string] {
  const [node, nic, ...words] = args;
  if (!node || !nic || words.length === 0)
    throw new UserError(`a NODE, a NIC and the words of netem, please\n${usage}`);
  return [node, nic, words.join(" ")];
}

function two(args: string[]): [string, string] {
  const [node, nic, ...more] = args;
  if (!node || !nic || more.length > 0) throw new UserError(`a NODE and a NIC, please\n${usage}`);
  return [node, nic];
}

function input(): unknown {
  try {
    return JSON.parse(readFileSync(0, "utf8")) as unknown;
  } catch (error) {
    throw new UserError(`stdin must be JSON: ${(error as Error).message}`);
  }
}

function print(result: object): void {
  console.log(JSON.stringify(result));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UserError ? `error: ${error.message}` : error);
  process.exitCode = 1;
});
