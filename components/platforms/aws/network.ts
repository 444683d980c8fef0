import { getRouteTableOutput } from "@pulumi/aws/ec2/getRouteTable";
import { getSubnetOutput } from "@pulumi/aws/ec2/getSubnet";
import { getVpcOutput } from "@pulumi/aws/ec2/getVpc";
import { Eip } from "@pulumi/aws/ec2/eip";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway";
import { NatGateway } from "@pulumi/aws/ec2/natGateway";
import { Route } from "@pulumi/aws/ec2/route";
import { RouteTable } from "@pulumi/aws/ec2/routeTable";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation";
import { Subnet } from "@pulumi/aws/ec2/subnet";
import { Vpc } from "@pulumi/aws/ec2/vpc";
import * as pulumi from "@pulumi/pulumi";
import { NicRole } from "../../remote/host";
import type { AwsNetworkArgs, AwsZoneArgs } from "./args";
import { tags } from "./tags";

/** A subnet as its hosts know it. */
interface Place {
  id: pulumi.Output<string>;
  prefixLength: pulumi.Output<string>;
}

/** A route table, by a name that stays. */
interface Table {
  id: pulumi.Output<string>;
  arn: pulumi.Output<string>;
}

type SubnetRole = keyof AwsZoneArgs;

/**
 * A subnet of each network in each zone, made or found. In a VPC that is made each zone has a NAT gateway of its own, so
 * that a zone that fails takes no other's way to the EC2 API with it. No host has a public address.
 */
export class Network extends pulumi.ComponentResource {
  public readonly vpcId: pulumi.Output<string>;
  /** CIDRs of the VPC. */
  public readonly blocks: pulumi.Output<string[]>;
  /** Every route table that clients use. */
  public readonly tables: ReadonlyMap<string, Table>;
  /** What a host's first boot needs: its way out. */
  public readonly ways: pulumi.Resource[] = [];
  private readonly places = new Map<string, Place>();

  constructor(
    private readonly name: string,
    args: AwsNetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("ha-nfs:index:AwsNetwork", name, {}, opts);
    if (args.vpcId === undefined) {
      const vpc = new Vpc(
        name,
        { cidrBlock: args.vpcCidr ?? "", enableDnsHostnames: true, tags: tags(name) },
        { parent: this },
      );
      this.vpcId = vpc.id;
      this.blocks = vpc.cidrBlock.apply((block) => [block]);
      this.tables = this.make(args.zones);
    } else {
      const vpc = getVpcOutput({ id: args.vpcId }, { parent: this });
      this.vpcId = pulumi.output(args.vpcId);
      this.blocks = vpc.cidrBlockAssociations.apply((all) => all.map(({ cidrBlock }) => cidrBlock));
      this.tables = this.find(args);
    }
    this.registerOutputs({});
  }

  public place(zone: string, role: NicRole): Place {
    const place = this.places.get(`${role}-${zone}`);
    if (!place) throw new Error(`zone ${zone} has no ${role} subnet`);
    return place;
  }

  private make(zones: AwsNetworkArgs["zones"]): Map<string, Table> {
    const parent = { parent: this };
    const gateway = new InternetGateway(this.name, { vpcId: this.vpcId, tags: tags(this.name) }, parent);
    const outside = this.table("public");
    const way = { routeTableId: outside.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id };
    this.ways.push(new Route(`${this.name}-public`, way, parent));
    const tables = Object.entries(zones).map(([zone, cidrs]) => {
      const inside = this.table(zone);
      for (const role of [NicRole.Service, NicRole.Link] as const) {
        const { id, cidrBlock } = this.subnet(role, zone, cidrs[role], inside);
        const prefixLength = cidrBlock.apply((block) => block?.split("/")[1] ?? "");
        this.places.set(`${role}-${zone}`, { id, prefixLength });
      }
      const subnetId = this.subnet("public", zone, cidrs.public ?? "", outside).id;
      const named = `${this.name}-${zone}`;
      const address = new Eip(named, { domain: "vpc", tags: tags(named) }, parent);
      const nat = new NatGateway(
        named,
        { subnetId, allocationId: address.id, tags: tags(named) },
        { ...parent, dependsOn: gateway },
      );
      const way = { routeTableId: inside.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: nat.id };
      this.ways.push(new Route(`${named}-nat`, way, parent));
      return [zone, inside] as const;
    });
    return new Map(tables);
  }

  private table(what: string): RouteTable {
    const name = `${this.name}-${what}`;
    return new RouteTable(name, { vpcId: this.vpcId, tags: tags(name) }, { parent: this });
  }

  private subnet(role: SubnetRole, zone: string, cidrBlock: string, table: RouteTable): Subnet {
    const name = `${this.name}-${role}-${zone}`;
    const subnet = new Subnet(
      name,
      { vpcId: this.vpcId, availabilityZone: zone, cidrBlock, tags: tags(name) },
      { parent: this },
    );
    const of = { subnetId: subnet.id, routeTableId: table.id };
    this.ways.push(new RouteTableAssociation(name, of, { parent: this }));
    return subnet;
  }

  private find({ zones, vpcId = "", routeTableIds = [] }: AwsNetworkArgs): Map<string, Table> {
    for (const [zone, subnets] of Object.entries(zones)) {
      for (const role of [NicRole.Service, NicRole.Link] as const) {
        const found = getSubnetOutput({ id: subnets[role] }, { parent: this });
        const checked = found.apply((subnet) => {
          if (subnet.vpcId === vpcId && subnet.availabilityZone === zone) return subnet;
          throw new pulumi.RunError(
            `subnet ${subnets[role]}: found in ${subnet.vpcId}, ${subnet.availabilityZone}; ` +
              `allowed: one of ${vpcId} in ${zone}; correct aws.subnets.${role}, or the order of aws.zones`,
          );
        });
        this.places.set(`${role}-${zone}`, {
          id: checked.apply(() => subnets[role]),
          prefixLength: checked.apply(({ cidrBlock }) => cidrBlock.split("/")[1] ?? ""),
        });
      }
    }
    const tables = routeTableIds.map((id) => {
      const { arn } = getRouteTableOutput({ routeTableId: id }, { parent: this });
      return [id, { id: pulumi.output(id), arn }] as const;
    });
    return new Map(tables);
  }
}
