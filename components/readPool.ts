import * as pulumi from "@pulumi/pulumi";
import { Access } from "./enums";
import { type Host, type HostNamed, NicRole } from "./remote/host";
import { base } from "./remote/base";
import { HostScript, nodeFile } from "./remote/hostScript";
import { mountAdvice, type Share } from "./render/nfs";
import { haproxyCfg, haproxyUnit, keepalivedConf, keepalivedUnit, proxySysctl } from "./render/readPool";
import { REPLICA } from "./render/replica";
import { readable } from "./render/reads";

/** What a user sets of the read pool. */
export interface ReadPoolOptions {
  /** The address that readers use, IPv4 without prefix length, in the proxies' service network. */
  vip: pulumi.Input<string>;
  /** Names of the two hosts in front of the slaves. */
  proxies: string[];
  /** VRRP virtual router, 1 to 255, of its own in the service network. @default 51 */
  routerId?: number;
}

export interface ReadPoolArgs extends ReadPoolOptions {
  hostNamed: HostNamed;
  slaves: readonly Host[];
  shares: readonly Share[];
  /** What asks whether the address serves; none of the proxies. */
  prober: Host;
  /** What must be in place before the address can serve: the slaves. */
  after: readonly pulumi.Resource[];
  /** TCP port of the slaves' health check. */
  healthPort: number;
}

/** How an application reads by HTTP. */
export interface HttpOutput {
  /** The shares, at `<url><share>/`. */
  url: string;
}

/** How an application reads by NFS. */
export interface NfsOutput {
  server: string;
  /** Path on the server, with the shares as directories in it. */
  path: string;
  /** Shell command that makes the mount point, its last word, and mounts all shares read-only. */
  mountCommand: string;
}

/** How an application reads from whichever slave is fit. */
export interface PoolOutput {
  http: HttpOutput;
  nfs: NfsOutput;
}

const PACKAGES = ["haproxy", "keepalived", "iproute2", "procps", "curl"];

/** One read address in front of the slaves: haproxy on two hosts, and keepalived, which keeps it on one of them. */
export class ReadPool extends pulumi.ComponentResource {
  public readonly output: pulumi.Output<PoolOutput>;

  constructor(name: string, args: ReadPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:ReadPool", name, {}, opts);
    const { prober } = args;
    const vip = pulumi.output(args.vip);
    const [first, second] = args.proxies.map(args.hostNamed) as [Host, Host];
    const onSecond = this.proxy(name, second, first, args);
    const onFirst = this.proxy(name, first, second, args, onSecond);
    new HostScript(
      `${name}-reading-${prober.name}`,
      {
        host: prober,
        script: "reading.sh",
        vars: { VIP: vip, SOURCE: pulumi.interpolate`${vip}:${REPLICA}`, PATIENCE: "180" },
      },
      { parent: this, dependsOn: [onFirst, ...args.after] },
    );
    this.output = vip.apply((server) => {
      const mountCommand = mountAdvice(server, REPLICA, "reads", Access.ReadOnly).command;
      return { http: { url: `http://${server}/` }, nfs: { server, path: REPLICA, mountCommand } };
    });
    this.registerOutputs({ output: this.output });
  }

  /** @param after the other proxy, so that a change that breaks one does not reach both */
  private proxy(name: string, host: Host, peer: Host, args: ReadPoolArgs, after?: HostScript): HostScript {
    const address = host.address(NicRole.Service);
    const masked = ["haproxy.service", "keepalived.service"];
    const packages = base(name, host, { packages: PACKAGES, masked, report: nodeFile("report-proxy") }, this);
    return new HostScript(
      `${name}-proxy-${host.name}`,
      {
        host,
        script: "proxy.sh",
        vars: {
          HAPROXY_CFG: pulumi
            .output({
              vip: args.vip,
              address,
              members: args.slaves.map((slave) => ({
                name: slave.name,
                address: slave.address(NicRole.Service),
              })),
              shares: readable(args.shares),
              healthPort: args.healthPort,
            })
            .apply(haproxyCfg),
          KEEPALIVED_CONF: pulumi
            .output({
              vip: args.vip,
              prefixLength: host.prefixLength(NicRole.Service),
              device: host.nic(NicRole.Service).device,
              address,
              peer: peer.address(NicRole.Service),
              routerId: args.routerId ?? 51,
            })
            .apply(keepalivedConf),
          HAPROXY_UNIT: haproxyUnit,
          KEEPALIVED_UNIT: keepalivedUnit,
          SYSCTL: proxySysctl,
        },
      },
      { parent: this, dependsOn: after ? [packages, after] : packages },
    );
  }
}
