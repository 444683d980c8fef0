import * as pulumi from "@pulumi/pulumi";
import { SSH_PORT } from "../options";
import { quote } from "../render/shell";
import { Host, type Nic, type NicRole, type SshArgs } from "../remote/host";

/** The host key is known before anything runs. */
export type PlainSsh = SshArgs & { hostKey: string };

/** One machine that exists already: bare metal or virtual, with Debian 13. */
export interface ExistingHostArgs {
  /** What `uname -n` says on it. */
  name: string;
  ssh: PlainSsh;
  /** Its interfaces by role. */
  nics: Readonly<Partial<Record<NicRole, Nic>>>;
  /** Block device for the data; must be blank, or hold this cluster's volume or copy. @default none */
  dataDisk?: string;
}

export interface ExistingHostsArgs {
  masters: readonly [ExistingHostArgs, ExistingHostArgs];
  slaves: readonly ExistingHostArgs[];
  proxies: readonly ExistingHostArgs[];
  targets: readonly ExistingHostArgs[];
  /** Seconds that a host may take to answer SSH. */
  connectTimeoutSeconds?: number | undefined;
}

/** By the operator's own keys, and to the host with the pinned key alone. */
function sshCommand({ host, port, user, hostKey }: PlainSsh): string {
  const known = port === 22 ? host : `[${host}]:${port}`;
  return `ssh -p ${port} -o ${quote(`KnownHostsCommand=/bin/echo ${known} ${hostKey}`)} ${user}@${host}`;
}

/** Machines that exist. Nothing of them is made or unmade; `destroy` leaves their data disks as they are. */
export class ExistingHosts extends pulumi.ComponentResource {
  public readonly masters: readonly [Host, Host];
  public readonly slaves: readonly Host[];
  public readonly proxies: readonly Host[];
  public readonly targets: readonly Host[];

  constructor(name: string, args: ExistingHostsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:ExistingHosts", name, {}, opts);
    const make = ({ name: host, ssh, nics, dataDisk }: ExistingHostArgs): Host =>
      new Host(
        host,
        {
          ssh,
          nics,
          ...(dataDisk !== undefined && { dataDisk }),
          sshdPort: ssh.port,
          managementAddress: ssh.port === SSH_PORT ? ssh.host : `${ssh.host}:${ssh.port}`,
          sshCommand: sshCommand(ssh),
          connectTimeoutSeconds: args.connectTimeoutSeconds,
        },
        { parent: this },
      );
    this.masters = [make(args.masters[0]), make(args.masters[1])];
    this.slaves = args.slaves.map(make);
    this.proxies = args.proxies.map(make);
    this.targets = args.targets.map(make);
    this.registerOutputs({});
  }
}
