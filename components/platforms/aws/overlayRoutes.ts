import { Route } from "@pulumi/aws/ec2/route";
import * as pulumi from "@pulumi/pulumi";
import { isInside } from "../../render/awsNames";
import type { Network } from "./network";

export interface OverlayRoutesArgs {
  /** IPv4 addresses without prefix length, outside the VPC. */
  vips: string[];
  network: Network;
  /** Interface of the master that has them at the start. */
  interfaceId: pulumi.Input<string>;
}

/**
 * Routes to the virtual addresses in every table that clients use. They are made here and moved by the masters, so that
 * neither `up` nor a refresh ever moves them.
 */
export class OverlayRoutes extends pulumi.ComponentResource {
  constructor(name: string, args: OverlayRoutesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-nfs:index:AwsOverlayRoutes", name, {}, opts);
    const { vips, network, interfaceId: networkInterfaceId } = args;
    for (const vip of vips) {
      const destinationCidrBlock = network.blocks.apply((blocks) => {
        const inside = blocks.find((block) => isInside(block, vip));
        if (inside === undefined) return `${vip}/32`;
        throw new pulumi.RunError(
          `the address ${vip}: found inside the VPC's ${inside}; allowed: one outside, such as 192.168.99.100: AWS ` +
            "routes no address of a VPC to another place within it",
        );
      });
      for (const [table, { id: routeTableId }] of network.tables) {
        new Route(
          `${name}-${vip}-${table}`,
          { routeTableId, destinationCidrBlock, networkInterfaceId },
          { parent: this, ignoreChanges: ["networkInterfaceId"] },
        );
      }
    }
    this.registerOutputs({});
  }
}
