import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { stackDir } from "../../lab/paths";
import { lanAddress, macAddress, reservePorts } from "../../lab/ports";
import type { VmSpec } from "../../lab/spec";
import type { MachineType } from "../enums";
import type { FenceDevice } from "../fencing";
import { Host, type Nic, NicRole } from "../remote/host";
import { nodeFile } from "../remote/hostScript";
import { quote } from "../render/shell";

/** One virtual machine of the lab. */
export interface LabNodeArgs {
  /** Host name. */
  name: string;
  /** The interfaces by role; devices are eth1, eth2, … in the order service, link, replication. */
  nics: Readonly<Partial<Record<NicRole, Nic>>>;
  /** RAM, MiB. */
  memoryMiB: number;
  /** Size of the data disk, MiB. @default none */
  dataDiskMiB?: number;
}

export interface LabArgs {
  masters: readonly [LabNodeArgs, LabNodeArgs];
  clients: readonly LabNodeArgs[];
  slaves: readonly LabNodeArgs[];
  proxies: readonly LabNodeArgs[];
  /** What executes the machines. @default user-mode Linux where it runs, else QEMU; a stack that exists keeps its type */
  machine?: MachineType | undefined;
  /** Seconds that a machine may take to answer SSH. */
  connectTimeoutSeconds?: number | undefined;
}

const main = path.relative(process.cwd(), path.join(__dirname, "../../lab/main.ts"));

/** The masters' power over each other: see lab/README.md. */
export const labFenceDevice = (): FenceDevice => ({
  command: "/usr/local/lib/ha-nfs/fence-device",
  program: nodeFile("safety/fence-lab"),
});

/** Virtual machines on the operator's machine: a whole environment without any other machine. */
export class Lab extends pulumi.ComponentResource {
  public readonly masters: readonly [Host, Host];
  public readonly clients: readonly Host[];
  public readonly slaves: readonly Host[];
  public readonly proxies: readonly Host[];

  constructor(name: string, args: LabArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Lab", name, {}, opts);
    const nodes = [...args.masters, ...args.clients, ...args.slaves, ...args.proxies];
    const ports = reservePorts(
      pulumi.getStack(),
      nodes.map((node) => node.name),
      { persist: !pulumi.runtime.isDryRun() },
    );
    // A node knows itself and the masters: so one that comes or goes changes no other.
    const make = (node: LabNodeArgs): Host =>
      this.host(node, [...new Set([...args.masters, node])], ports[node.name] ?? 0, args);
    this.masters = [make(args.masters[0]), make(args.masters[1])];
    this.clients = args.clients.map(make);
    this.slaves = args.slaves.map(make);
    this.proxies = args.proxies.map(make);
    this.registerOutputs({});
  }

  private host(node: LabNodeArgs, known: readonly LabNodeArgs[], sshPort: number, args: LabArgs): Host {
    const stack = pulumi.getStack();
    const identity = this.command(
      `${node.name}-identity`,
      "identity",
      { stack, node: node.name },
      {
        additionalSecretOutputs: ["stdout"],
      },
    );
    // A master has power over the other one.
    const peers = args.masters.includes(node)
      ? args.masters.filter((master) => master !== node).map((master) => master.name)
      : [];
    const spec: VmSpec = {
      stack,
      name: node.name,
      memoryMiB: node.memoryMiB,
      cpus: 1,
      sshPort,
      nics: Object.values(NicRole).flatMap((role) => {
        const nic = node.nics[role];
        return nic
          ? [{ role, ...nic, mac: macAddress(stack, node.name, role), group: lanAddress(stack, role) }]
          : [];
      }),
      dataDiskMiB: node.dataDiskMiB ?? 0,
      ...(args.machine && { machine: args.machine }),
      ...(peers.length > 0 && { fences: peers }),
      hosts: known.map((other) => ({
        name: other.name,
        address: other.nics[NicRole.Service]?.address.replace(/\/.*/, "") ?? "127.0.1.1",
      })),
    };
    const machine = this.command(`${node.name}-vm`, "vm", spec, { dependsOn: identity });
    const keys = identity.stdout.apply((json) => JSON.parse(json) as { privateKey: string; hostKey: string });
    return new Host(
      node.name,
      {
        ssh: {
          host: "127.0.0.1",
          port: sshPort,
          user: "root",
          privateKey: keys.privateKey,
          hostKey: keys.hostKey,
        },
        nics: node.nics,
        managementAddress: `127.0.0.1:${sshPort}`,
        sshCommand: `ssh -F ${quote(path.join(stackDir(stack), "ssh_config"))} ${node.name}`,
        ...(spec.dataDiskMiB > 0 ? { dataDisk: "/dev/disk/by-id/virtio-data" } : {}),
        machine,
        connectTimeoutSeconds: args.connectTimeoutSeconds,
      },
      { parent: this },
    );
  }

  /** `lab/main.ts WHAT apply|remove` with its specification on stdin. */
  private command(
    name: string,
    what: string,
    spec: object,
    opts: pulumi.CustomResourceOptions,
  ): command.local.Command {
    return new command.local.Command(
      name,
      {
        create: `node --import tsx ${main} ${what} apply`,
        update: `node --import tsx ${main} ${what} apply`,
        delete: `node --import tsx ${main} ${what} remove`,
        stdin: `${JSON.stringify(spec, null, 2)}\n`,
        addPreviousOutputInEnv: false,
        logging: command.local.Logging.Stderr,
      },
      // the new machine would be the one that the old one's removal takes away
      { parent: this, deleteBeforeReplace: true, ...opts },
    );
  }
}
