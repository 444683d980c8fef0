import * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "./masterPair";
import { NicRole } from "./remote/host";
import type { HostScript } from "./remote/hostScript";
import { vipConf } from "./render/agent";

export interface VirtualIpArgs {
  pair: MasterPair;
  /** Name of the volume that serves there, and where it is mounted. */
  volume: string;
  mount: string;
  /** What moves it on the master that serves: the NFS service's scripts. */
  after: readonly pulumi.Resource[];
  /** IPv4 address without the prefix length. */
  address: pulumi.Input<string>;
  /** More addresses in the same network that serve as well, such as the one before a change. @default none */
  aliases?: readonly pulumi.Input<string>[];
  /** Prefix length of the network that the address is in. @default that of the masters' interface */
  prefixLength?: number;
  /** Interface that carries it. @default service */
  nicRole?: NicRole;
  /** Gratuitous ARPs at a takeover; they are sent once more 2 s later, for switches that missed them. @default 5 */
  arpCount?: number;
  /** Milliseconds between two of them. @default 200 */
  arpIntervalMs?: number;
  /**
   * Program on the masters that has the network lead the address to the node which runs it, with the addresses as its
   * arguments; it ends with 0 once that is so. @default none: ARP does
   */
  mover?: string | undefined;
}

/** The address that clients mount. It is on the active master only, and moves with the volume. */
export class VirtualIp extends pulumi.ComponentResource {
  /** IPv4 address without the prefix length. */
  public readonly address: pulumi.Output<string>;
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: VirtualIpArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:VirtualIp", name, {}, opts);
    this.address = pulumi.output(args.address);
    this.scripts = args.pair.rollOut(
      name,
      "vip.sh",
      (host) => {
        const role = args.nicRole ?? NicRole.Service;
        return {
          VOLUME: args.volume,
          MOUNT: args.mount,
          VIP_CONF: pulumi
            .output({
              address: args.address,
              aliases: args.aliases ?? [],
              prefixLength: args.prefixLength ?? host.prefixLength(role),
              device: host.nic(role).device,
              arpCount: args.arpCount ?? 5,
              arpIntervalMs: args.arpIntervalMs ?? 200,
              mover: args.mover,
            })
            .apply(vipConf),
        };
      },
      { parent: this, dependsOn: [...args.after] },
    );
    this.registerOutputs({ address: this.address });
  }
}
