import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ExistingMachine, type HostsClusterConfig, parseConfig, Platform } from "../config";
import { NicRole } from "../components/remote/host";
import { nodeFile } from "../components/remote/hostScript";
import {
  type Answer,
  answerOf,
  clockMistakes,
  mtuMistakes,
  preflightText,
} from "../components/render/preflight";
import { quote } from "../components/render/shell";
import { sshCommand } from "../components/render/sshCommand";
import { pulumi } from "../toolchain/stack";
import { stackName } from "../scripts/nodes";
import { machinesOf, wantedOf } from "./wanted";
import { onNode } from "../scripts/remote";

/** Milliseconds for one host. */
const PATIENCE = 60_000;
const NAMESPACE = "ha-nfs:";

/** One key as `pulumi config --json --show-secrets` has it. */
interface Setting {
  value?: string;
  objectValue?: unknown;
}

/** The stack's configuration as it is written, secrets in clear, from the file that `npm run up` takes. */
function written(file: string): Record<string, unknown> {
  const args = ["config", "--json", "--show-secrets", "--stack", stackName(), "--config-file", file];
  const settings = Object.entries(JSON.parse(pulumi(args)) as Record<string, Setting>);
  return Object.fromEntries(
    settings
      .filter(([key]) => key.startsWith(NAMESPACE))
      .map(([key, { objectValue, value }]) => [key.slice(NAMESPACE.length), objectValue ?? value]),
  );
}

/** Asks a host. Its clock is told as seconds ahead of ours. */
async function ask(config: HostsClusterConfig, machine: ExistingMachine, key: string): Promise<Answer> {
  const { sshHost, sshPort, sshUser, hostKey } = machine;
  const login = `${sshCommand({ host: sshHost, port: sshPort, user: sshUser, hostKey })} -i ${quote(key)} -o IdentitiesOnly=yes`;
  const text = preflightText(wantedOf(config, machine), nodeFile("disk.sh"), nodeFile("preflight.sh"));
  try {
    const { clock, ...answer } = answerOf(await onNode({ sshCommand: login }, "bash -s", PATIENCE, text));
    return { ...answer, clock: clock === undefined ? undefined : clock - Date.now() / 1000 };
  } catch (error) {
    const found = `found: ${sshUser}@${sshHost}:${sshPort}: ${(error as Error).message}`;
    const mend = `correct sshHost, sshPort, sshUser, hostKey or sshPrivateKey, and sudo's rules on the host; one that is away is left out with --without ${machine.name}`;
    return {
      mistakes: [`${found}; allowed: root by SSH, or a user with sudo without a password; ${mend}`],
      doubts: [],
      mtus: new Map(),
      clock: undefined,
    };
  }
}

/** What is wrong on the hosts, a line each: all are asked at once, and nothing is changed on any. */
async function preflight(
  config: HostsClusterConfig,
  privateKey: string,
  without: readonly string[],
): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "ha-nfs-preflight-"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true });
      process.exit(130);
    });
  }
  try {
    const key = path.join(folder, "key");
    writeFileSync(key, `${privateKey.trimEnd()}\n`, { mode: 0o600 }); // ssh wants a whole last line
    const machines = machinesOf(config).filter(({ name }) => !without.includes(name));
    const answers = await Promise.all(
      machines.map(async (machine) => ({ machine, answer: await ask(config, machine, key) })),
    );
    for (const { machine, answer } of answers)
      answer.doubts.forEach((text) => console.error(`${machine.name}: ${text}`));
    // others may differ: TCP finds out, and DRBD stands still where one way takes large packets and the other does not
    const masters = answers.filter(({ machine: { name } }) => config.masters.some((of) => of.name === name));
    const between = [clocks(answers), ...Object.values(NicRole).map((role) => packets(role, masters))];
    return answers.flatMap(({ machine: { name }, answer: { mistakes } }) =>
      [...mistakes, ...between.flatMap((of) => of.get(name) ?? [])].map((text) => `${name}: ${text}`),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Answers = readonly { machine: ExistingMachine; answer: Answer }[];

const clocks = (answers: Answers) =>
  clockMistakes(
    new Map(
      answers.flatMap(({ machine: { name }, answer: { clock } }) =>
        clock === undefined ? [] : [[name, clock] as const],
      ),
    ),
  );

const packets = (role: NicRole, answers: Answers) =>
  mtuMistakes(
    role,
    new Map(
      answers.flatMap(({ machine, answer: { mtus } }) => {
        const device = machine[`${role}Device`];
        const mtu = device === undefined ? undefined : mtus.get(device);
        return device === undefined || mtu === undefined ? [] : [[machine.name, { device, mtu }] as const];
      }),
    ),
  );

/** usage: preflight/main.ts CONFIG-FILE [HOST that is left out]… */
async function main([file = "", ...without]: string[]): Promise<void> {
  const raw = written(file);
  const config = parseConfig(raw);
  if (config.platform !== Platform.Hosts) {
    console.error("the machines are the lab's, which makes them: there is nothing to look at before");
    return;
  }
  const found = await preflight(config, String(raw["sshPrivateKey"]), without);
  if (found.length === 0) return;
  throw new Error(
    [`the hosts are not as the configuration wants them, ${found.length} times:`, ...found].join("\n  "),
  );
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
