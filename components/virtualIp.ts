import * as pulumi from "@pulumi/pulumi";
import type { MasterPair } from "./masterPair";
import { NicRole } from "./remote/host";
import type { HostScript } from "./remote/hostScript";
import { vipConf } from "./render/agent";

export interface VirtualIpArgs {
  pair: MasterPair;
  /** IPv4 address without the prefix length. */
  address: string;
  /** Prefix length of the network that the address is in. @default that of the masters' interface */
  prefixLength?: number;
  /** Interface that carries it. @default service */
  nicRole?: NicRole;
  /** Gratuitous ARPs at a takeover; they are sent once more 2 s later, for switches that missed them. @default 5 */
  arpCount?: number;
  /** Milliseconds between two of them. @default 200 */
  arpIntervalMs?: number;
}

/** The address that clients mount. It is on the active master only, and moves with the volume. */
export class VirtualIp extends pulumi.ComponentResource {
  /** IPv4 address without the prefix length. */
  public readonly address: string;
  public readonly scripts: readonly HostScript[];

  constructor(name: string, args: VirtualIpArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:VirtualIp", name, {}, opts);
    this.address = args.address;
    this.scripts = args.pair.rollOut(
      name,
      "vip.sh",
      (host) => {
        const role = args.nicRole ?? NicRole.Service;
        return {
          VIP_CONF: vipConf({
            address: args.address,
            prefixLength: args.prefixLength ?? host.prefixLength(role),
            device: host.nic(role).device,
            arpCount: args.arpCount ?? 5,
            arpIntervalMs: args.arpIntervalMs ?? 200,
          }),
        };
      },
      { parent: this, dependsOn: [...args.pair.prepared] },
    );
    this.registerOutputs({ address: this.address });
  }
}
