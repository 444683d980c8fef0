import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { stackDir } from "../../lab/paths";
import { lanAddress, macAddress, reservePorts } from "../../lab/ports";
import type { VmSpec } from "../../lab/spec";
import type { MachineType } from "../enums";
import type { FenceDevice } from "../fencing";
import { type HostArgs, NicRole, type Nics, withoutPrefix } from "../remote/host";
import { nodeFile } from "../remote/hostScript";
import { quote } from "../render/shell";
import type { Platform } from "./platform";

/** One virtual machine of the lab. */
export interface LabNodeArgs {
  /** The devices are eth1, eth2, … in the order service, link, replication. */
  nics: Nics;
  /** RAM, MiB. */
  memoryMiB: number;
  /** Size of the data disk, MiB. @default none */
  dataDiskMiB?: number;
}

export interface LabArgs {
  /** The machines, by their host names. */
  nodes: Record<string, LabNodeArgs>;
  /** Names of the two that have power over each other, and that all others know by name. */
  masters: string[];
  /** What executes the machines. @default user-mode Linux where it runs, else QEMU; a stack that exists keeps its type */
  machine?: MachineType;
  /** Seconds that a machine may take to answer SSH. @default 300 */
  connectTimeoutSeconds?: number;
}

const folder = path.relative(process.cwd(), path.join(__dirname, "../../lab"));

/** The program that makes and unmakes machines: of the sources, or of the package. */
const program = __filename.endsWith(".ts")
  ? `node --import tsx ${path.join(folder, "main.ts")}`
  : `node ${path.join(folder, "main.js")}`;

/** The masters' power over each other: see lab/README.md. */
export const labFenceDevice = (): FenceDevice => ({
  command: "/usr/local/lib/ha-nfs/fence-device",
  program: nodeFile("safety/fence-lab"),
});

/** Virtual machines on the operator's machine: a whole environment without any other machine. */
export class Lab extends pulumi.ComponentResource implements Platform {
  /** How to reach each machine, by its name. */
  public readonly hosts: Record<string, HostArgs>;

  constructor(name: string, args: LabArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Lab", name, {}, opts);
    const persist = !pulumi.runtime.isDryRun();
    const ports = reservePorts(pulumi.getStack(), Object.keys(args.nodes), { persist });
    this.hosts = Object.fromEntries(
      Object.entries(args.nodes).map(([node, of]) => [node, this.host(node, of, ports[node] ?? 0, args)]),
    );
    this.registerOutputs({});
  }

  private host(node: string, { nics, ...size }: LabNodeArgs, sshPort: number, args: LabArgs): HostArgs {
    const stack = pulumi.getStack();
    const identity = this.command(`${node}-identity`, "identity", pulumi.output({ stack, node }), {
      additionalSecretOutputs: ["stdout"],
    });
    const peers = args.masters.includes(node) ? args.masters.filter((master) => master !== node) : [];
    // A node knows itself and the masters: so one that comes or goes changes no other.
    const known = [...new Set([...args.masters, node])];
    const dataDiskMiB = size.dataDiskMiB ?? 0;
    const spec: pulumi.Output<VmSpec> = pulumi.output({
      stack,
      name: node,
      memoryMiB: size.memoryMiB,
      cpus: 1,
      sshPort,
      nics: Object.values(NicRole).flatMap((role) => {
        const nic = nics[role];
        return nic
          ? [{ role, ...nic, mac: macAddress(stack, node, role), group: lanAddress(stack, role) }]
          : [];
      }),
      dataDiskMiB,
      ...(args.machine && { machine: args.machine }),
      ...(peers.length > 0 && { fences: peers }),
      hosts: known.map((name) => {
        const { service } = args.nodes[name]?.nics ?? {};
        return { name, address: service ? withoutPrefix(service) : "127.0.1.1" };
      }),
    });
    const machine = this.command(`${node}-vm`, "vm", spec, { dependsOn: identity });
    const keys = identity.stdout.apply((json) => JSON.parse(json) as { privateKey: string; hostKey: string });
    return {
      ssh: { host: "127.0.0.1", port: sshPort, privateKey: keys.privateKey, hostKey: keys.hostKey },
      nics,
      managementAddress: `127.0.0.1:${sshPort}`,
      sshCommand: `ssh -F ${quote(path.join(stackDir(stack), "ssh_config"))} ${node}`,
      sshdPort: 22,
      ...(dataDiskMiB > 0 && { dataDisk: "/dev/disk/by-id/virtio-data" }),
      machine: machine.urn,
      ...(args.connectTimeoutSeconds && { connectTimeoutSeconds: args.connectTimeoutSeconds }),
    };
  }

  /** The lab's program with a specification on stdin. */
  private command(
    name: string,
    what: string,
    spec: pulumi.Output<object>,
    opts: pulumi.CustomResourceOptions,
  ): command.local.Command {
    return new command.local.Command(
      name,
      {
        create: `${program} ${what} apply`,
        update: `${program} ${what} apply`,
        delete: `${program} ${what} remove`,
        stdin: spec.apply((of) => `${JSON.stringify(of, null, 2)}\n`),
        addPreviousOutputInEnv: false,
        logging: command.local.Logging.Stderr,
      },
      // the new machine would be the one that the old one's removal takes away
      { parent: this, deleteBeforeReplace: true, ...opts },
    );
  }
}
