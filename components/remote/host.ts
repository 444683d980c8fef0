import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { CONNECT_TIMEOUT_SECONDS } from "../options";

/** What a network interface is for; scripts and configuration name interfaces only by role. */
export enum NicRole {
  /** Clients and the virtual address. */
  Service = "service",
  /** Heartbeat between the masters, and DRBD where there is no `replication`. */
  Link = "link",
  /** DRBD alone. */
  Replication = "replication",
}

/** One network interface of a host, named by what it is for. */
export interface Nic {
  /** Kernel's name of the interface, such as `eth1`. */
  device: string;
  /** IPv4 address with prefix length, such as `10.10.1.11/24`. */
  address: string;
}

/** How to reach a host by SSH. */
export interface SshArgs {
  /** Name or address to dial. */
  host: string;
  /** TCP port. */
  port: number;
  /** Login; any but root needs sudo without a password. */
  user: string;
  /** Private key in OpenSSH format. */
  privateKey: pulumi.Input<string>;
  /** The host's public key, one line `ssh-ed25519 AAAA…` or `ecdsa-sha2-nistp256 AAAA…`; any other key is refused. */
  hostKey: pulumi.Input<string>;
}

export interface HostArgs {
  ssh: SshArgs;
  /** The interfaces by role. A host that holds data has `service` and `link`. */
  nics: Readonly<Partial<Record<NicRole, Nic>>>;
  /** Address under which an operator reaches the host, with the port where it is not 22. */
  managementAddress: string;
  /** Shell command that logs an operator in on the host. */
  sshCommand: string;
  /** Block device for the data, such as `/dev/disk/by-id/virtio-data`. @default none */
  dataDisk?: string;
  /** TCP port of its sshd, as other hosts of the cluster reach it. @default 22 */
  sshdPort?: number;
  /** Resource whose deletion takes the host with it; its scripts are then not run for removal. @default none */
  machine?: pulumi.Resource;
  /** Seconds that the host may take to answer SSH. */
  connectTimeoutSeconds?: number | undefined;
}

/**
 * A machine that answers SSH. Everything that runs on it waits for `ready`, the one command that dials without
 * a limit of tries but with a limit of time: a host that cannot be reached is one error that names it.
 */
export class Host extends pulumi.ComponentResource {
  public readonly name: string;
  public readonly args: HostArgs;
  public readonly connection: pulumi.Output<pulumi.Unwrap<SshArgs>>;
  public readonly ready: command.remote.Command;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Host", name, {}, opts);
    this.name = name;
    this.args = args;
    this.connection = pulumi.secret(args.ssh);
    const patience = `${args.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS}s`;
    this.ready = new command.remote.Command(
      `${name}-ready`,
      {
        connection: pulumi.secret({ ...args.ssh, dialErrorLimit: -1 }),
        create: "true",
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.None,
      },
      {
        parent: this,
        customTimeouts: { create: patience, update: patience },
        ...this.lifetime,
      },
    );
    this.registerOutputs({ managementAddress: args.managementAddress });
  }

  /** Options that tie a resource's life to the machine's. */
  public get lifetime(): { deletedWith?: pulumi.Resource; dependsOn: pulumi.Resource[] } {
    const { machine } = this.args;
    return machine ? { deletedWith: machine, dependsOn: [machine] } : { dependsOn: [] };
  }

  /**
   * The interface of a role.
   *
   * @throws Error when the host has none.
   */
  public nic(role: NicRole): Nic {
    const nic = this.args.nics[role];
    if (!nic) {
      throw new Error(
        `host ${this.name} has no ${role} interface; it has: ${Object.keys(this.args.nics).join(", ")}`,
      );
    }
    return nic;
  }

  /** IPv4 address of a role's interface, without the prefix length. */
  public address(role: NicRole): string {
    return this.nic(role).address.replace(/\/.*/, "");
  }

  /** Prefix length of the network that a role's interface is in. */
  public prefixLength(role: NicRole): number {
    return Number(this.nic(role).address.split("/")[1]);
  }

  /**
   * Block device for the data.
   *
   * @throws Error when the host has none.
   */
  public get dataDisk(): string {
    if (this.args.dataDisk === undefined) {
      throw new Error(`host ${this.name} has no data disk, and a master needs one`);
    }
    return this.args.dataDisk;
  }

  /** The role that carries DRBD: `replication` where the host has it, else `link`. */
  public get replicationRole(): NicRole {
    return this.args.nics[NicRole.Replication] ? NicRole.Replication : NicRole.Link;
  }
}
