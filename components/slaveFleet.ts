import * as pulumi from "@pulumi/pulumi";
import { Access, Squash } from "./enums";
import { type Host, type HostNamed, NicRole } from "./remote/host";
import { base } from "./remote/base";
import { HostScript } from "./remote/hostScript";
import { exportsFile, mountAdvice, type Share } from "./render/nfs";
import { REPLICA } from "./render/replica";
import { httpUnit, nginxConf, readable, slaveNfsConf } from "./render/reads";
import { Replica } from "./replica";
import type { Replication } from "./replication";

/** One read slave. */
export interface FleetSlave {
  /** Name of the host, which has a link interface and a data disk. */
  name: string;
  /** KiB/s that replication to it may take; 0 is no limit. @default 0 */
  bandwidthKiB?: number;
}

export interface SlaveFleetArgs {
  slaves: readonly FleetSlave[];
  hostNamed: HostNamed;
  replication: Replication;
  masters: readonly Host[];
  shares: readonly Share[];
  /** Addresses of the proxies that may speak for readers. @default none */
  proxies?: readonly pulumi.Input<string>[];
  /** Lag above which a slave's health check says no, seconds. */
  maxLagSeconds: number;
  /** TCP port of health check and metrics. */
  healthPort: number;
}

/** How an application reads from one slave. */
export interface SlaveOutput {
  /** The shares by HTTP, at `<url><share>/`. */
  url: string;
  server: string;
  /** Path on the server, with the shares as directories in it. */
  path: string;
  /** Shell command that makes the mount point, its last word, and mounts all shares read-only. */
  mountCommand: string;
  /** Answers 200 while the slave's lag is within the limit, else 503. */
  healthUrl: string;
  /** Prometheus text format. */
  metricsUrl: string;
}

const PACKAGES = [
  "nodejs",
  "rsync",
  "python3-minimal",
  "socat",
  "nginx-light",
  "nfs-kernel-server",
  "rpcbind",
  "gdisk",
  "e2fsprogs",
];

/**
 * Slaves with copies of the shares, each by its name: one that comes or goes changes no other. They serve their copies
 * read-only, by HTTP and NFS, to those who may mount the shares.
 */
export class SlaveFleet extends pulumi.ComponentResource {
  public readonly outputs: pulumi.Output<Record<string, SlaveOutput>>;
  /** Ready once every slave serves and the masters send to it. */
  public readonly ready: readonly HostScript[];

  constructor(name: string, args: SlaveFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:SlaveFleet", name, {}, opts);
    this.ready = args.slaves.flatMap((slave) => this.slave(name, slave, args));
    this.outputs = pulumi.output(
      Object.fromEntries(
        args.slaves.map((slave) => [slave.name, slaveOutput(args.hostNamed(slave.name), args.healthPort)]),
      ),
    );
    this.registerOutputs({ outputs: this.outputs });
  }

  private slave(name: string, slave: FleetSlave, args: SlaveFleetArgs): HostScript[] {
    const host = args.hostNamed(slave.name);
    const proxies = pulumi.output(args.proxies ?? []);
    const packages = base(name, host, { packages: PACKAGES, masked: ["nginx.service"] }, this);
    const disk = new HostScript(
      `${name}-disk-${host.name}`,
      {
        host,
        script: "replica-disk.sh",
        vars: { DISK: host.dataDisk, MOUNT: REPLICA },
      },
      { parent: this, dependsOn: packages },
    );
    const address = host.address(NicRole.Service);
    const replica = new Replica(
      `${name}-${host.name}`,
      {
        label: name,
        host,
        root: REPLICA,
        shares: args.shares.map((share) => share.name),
        role: NicRole.Link,
        masters: args.masters.map((master) => master.address(NicRole.Link)),
        replication: args.replication,
        after: disk,
        bandwidthKiB: slave.bandwidthKiB ?? 0,
        maxLagSeconds: args.maxLagSeconds,
        healthPort: args.healthPort,
        serves: [
          { name: "nginx", protocol: "http", address, port: 80 },
          { name: "nfsd", protocol: "nfs", address, port: 2049 },
        ],
      },
      { parent: this },
    );
    const reads = new HostScript(
      `${name}-reads-${host.name}`,
      {
        host,
        script: "reads.sh",
        vars: {
          HTTP: pulumi.interpolate`${address}:80`,
          NGINX_CONF: pulumi.output({ address, shares: readable(args.shares), proxies }).apply(nginxConf),
          HTTP_UNIT: httpUnit,
          EXPORTS: proxies.apply((through) =>
            exportsFile(host.name, REPLICA, args.shares.map(readOnly(through))),
          ),
          NFS_CONF: slaveNfsConf,
        },
      },
      { parent: this, dependsOn: replica.receiver },
    );
    return [...replica.feeds, reads];
  }
}

/** A share as a slave exports it: to its clients, and to the proxies, which check their clients' addresses and ports. */
function readOnly(proxies: readonly string[]): (share: Share) => Share {
  return ({ name, clients }) => {
    const squash = clients.some((client) => client.squash === Squash.All) ? Squash.All : Squash.Root;
    const through = proxies.flatMap((from) =>
      clients.slice(0, 1).map((client) => ({ ...client, from, squash, insecure: true })),
    );
    return { name, clients: [...clients, ...through].map((c) => ({ ...c, access: Access.ReadOnly })) };
  };
}

function slaveOutput(host: Host, healthPort: number): pulumi.Output<SlaveOutput> {
  return host.address(NicRole.Service).apply((server) => ({
    url: `http://${server}/`,
    server,
    path: REPLICA,
    mountCommand: mountAdvice(server, REPLICA, host.name, Access.ReadOnly).command,
    healthUrl: `http://${server}:${healthPort}/healthz`,
    metricsUrl: `http://${server}:${healthPort}/metrics`,
  }));
}
