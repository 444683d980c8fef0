import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { CONNECT_TIMEOUT_SECONDS, SSH_PORT, SSH_USER } from "../options";
import { sshCommand } from "../render/sshCommand";

/** What a network interface is for; scripts and configuration name interfaces only by role. */
export enum NicRole {
  /** Clients and the virtual address. */
  Service = "service",
  /** Heartbeat between the masters, and DRBD where there is no `replication`. */
  Link = "link",
  /** DRBD alone. */
  Replication = "replication",
}

/** One network interface of a host. */
export interface Nic {
  /** Kernel's name of the interface, such as `eth1`. */
  device: pulumi.Input<string>;
  /** IPv4 address with prefix length, such as `10.10.1.11/24`. */
  address: pulumi.Input<string>;
}

/** The network interfaces of a host, each by its {@link NicRole}. */
export interface Nics {
  /** Where clients and the virtual address are. */
  service: Nic;
  /** Between the hosts that hold data: every master and slave has one. @default none */
  link?: Nic;
  /** For DRBD alone. @default none, DRBD uses `link` */
  replication?: Nic;
}

/** How to reach a host by SSH. */
export interface SshArgs {
  /** Name or address to dial. */
  host: pulumi.Input<string>;
  /** TCP port. @default 22 */
  port?: number;
  /** Login; any but root needs sudo without a password. @default root */
  user?: string;
  /** Private key in OpenSSH format. */
  privateKey: pulumi.Input<string>;
  /** The host's public key, one line `ssh-ed25519 AAAA…` or `ecdsa-sha2-nistp256 AAAA…`; any other key is refused. */
  hostKey: pulumi.Input<string>;
  /** The host through which SSH comes to this one. @default none */
  proxy?: Bastion;
}

/** A host through which SSH comes to others. */
export interface Bastion {
  /** Name or address to dial. */
  host: pulumi.Input<string>;
  /** TCP port. */
  port: number;
  /** Login. */
  user: string;
  /** Private key in OpenSSH format. */
  privateKey: pulumi.Input<string>;
  /** The host's public key; any other is refused. */
  hostKey: pulumi.Input<string>;
}

/** A machine with Debian 13 that answers SSH. */
export interface HostArgs {
  ssh: SshArgs;
  nics: Nics;
  /** Block device for the data, blank or with this cluster's volume or copy: masters and slaves have one. @default none */
  dataDisk?: pulumi.Input<string>;
  /** Address under which an operator reaches it. @default `ssh.host`, with `ssh.port` where that is not 22 */
  managementAddress?: pulumi.Input<string>;
  /** Shell command that logs an operator in. @default by the operator's own keys, to the host with the pinned key alone */
  sshCommand?: pulumi.Input<string>;
  /** TCP port of its sshd, as other hosts of the cluster reach it. @default `ssh.port` */
  sshdPort?: number;
  /** URN of the resource whose deletion takes the host with it: its scripts are then not run for removal. @default none */
  machine?: pulumi.Input<string>;
  /** Seconds that it may take to answer SSH. */
  connectTimeoutSeconds?: number;
}

/** Finds a host of the cluster by its name. */
export type HostNamed = (name: string) => Host;

/**
 * A machine that answers SSH. Everything that runs on it waits for `ready`, the one command that dials without
 * a limit of tries but with a limit of time: a host that cannot be reached is one error that names it.
 */
export class Host extends pulumi.ComponentResource {
  /** What `uname -n` says on it. */
  public readonly name: string;
  /** Login. */
  public readonly user: string;
  public readonly hostKey: pulumi.Output<string>;
  public readonly nics: Nics;
  /** TCP port of its sshd, as other hosts of the cluster reach it. */
  public readonly sshdPort: number;
  public readonly managementAddress: pulumi.Output<string>;
  public readonly sshCommand: pulumi.Output<string>;
  public readonly connection: pulumi.Output<pulumi.Unwrap<SshArgs>>;
  public readonly ready: command.remote.Command;
  /** Options that tie a resource's life to the machine's. */
  public readonly lifetime: { deletedWith?: pulumi.Resource; dependsOn: pulumi.Resource[] };
  private readonly disk: pulumi.Input<string> | undefined;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:Host", name, {}, opts);
    const ssh = { port: SSH_PORT, user: SSH_USER, ...args.ssh };
    const { host, port, user } = ssh;
    this.name = name;
    this.user = user;
    this.hostKey = pulumi.unsecret(pulumi.output(ssh.hostKey));
    this.nics = args.nics;
    this.disk = args.dataDisk;
    this.sshdPort = args.sshdPort ?? port;
    this.managementAddress = pulumi.output(
      args.managementAddress ?? (port === SSH_PORT ? host : pulumi.interpolate`${host}:${port}`),
    );
    this.sshCommand = pulumi.output(
      args.sshCommand ??
        pulumi
          .output({ host, hostKey: this.hostKey, proxy: ssh.proxy && withoutKey(ssh.proxy) })
          .apply((to) => sshCommand({ port, user, ...to })),
    );
    this.connection = pulumi.secret(ssh);
    const machine = args.machine === undefined ? undefined : resourceAt(args.machine);
    this.lifetime = machine ? { deletedWith: machine, dependsOn: [machine] } : { dependsOn: [] };
    const patience = `${args.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS}s`;
    this.ready = new command.remote.Command(
      `${name}-ready`,
      {
        connection: pulumi.secret({ ...ssh, dialErrorLimit: -1 }),
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
    this.registerOutputs({ managementAddress: this.managementAddress });
  }

  /**
   * The interface of a role.
   *
   * @throws Error when the host has none.
   */
  public nic(role: NicRole): Nic {
    const nic = this.nics[role];
    if (!nic) {
      throw new Error(
        `host ${this.name} has no ${role} interface; it has: ${Object.keys(this.nics).join(", ")}`,
      );
    }
    return nic;
  }

  /** IPv4 address of a role's interface, without the prefix length. */
  public address(role: NicRole): pulumi.Output<string> {
    return withoutPrefix(this.nic(role));
  }

  /** Prefix length of the network that a role's interface is in. */
  public prefixLength(role: NicRole): pulumi.Output<number> {
    return pulumi.output(this.nic(role).address).apply((address) => Number(address.split("/")[1]));
  }

  /**
   * Block device for the data.
   *
   * @throws Error when the host has none.
   */
  public get dataDisk(): pulumi.Input<string> {
    if (this.disk === undefined) throw new Error(`host ${this.name} has no data disk, and it holds data`);
    return this.disk;
  }

  /** The role that carries DRBD: `replication` where the host has it, else `link`. */
  public get replicationRole(): NicRole {
    return this.nics.replication ? NicRole.Replication : NicRole.Link;
  }
}

/** IPv4 address of an interface, without the prefix length. */
export function withoutPrefix({ address }: Nic): pulumi.Output<string> {
  return pulumi.output(address).apply((text) => text.replace(/\/.*/, ""));
}

/** What an operator, who has keys of their own, has to know of a bastion. */
function withoutKey({ host, port, user, hostKey }: Bastion) {
  return { host, port, user, hostKey: pulumi.unsecret(pulumi.output(hostKey)) };
}

/** Stands for a resource of which only the URN is known, in a resource's options. */
function resourceAt(urn: pulumi.Input<string>): pulumi.Resource {
  return Object.assign(new pulumi.DependencyResource(""), { urn: pulumi.output(urn) });
}
