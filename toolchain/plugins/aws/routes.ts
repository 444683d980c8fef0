import * as api from "@aws-sdk/client-ec2";
import { ec2, ec2Arn } from "./clients";
import { ec2Kind, tagged, waiting } from "./ec2";
import { kind, needed, tagsOf, text, type Tags } from "./kind";

interface Attached {
  vpcId: string;
  tags?: Tags;
}

export const internetGateway = ec2Kind<Attached>({
  inputs: { vpcId: needed },
  outputs: ["arn", "ownerId"],
  async make({ vpcId, tags }) {
    const made = await ec2().send(
      new api.CreateInternetGatewayCommand({ TagSpecifications: tagged("internet-gateway", tags) }),
    );
    const InternetGatewayId = made.InternetGateway?.InternetGatewayId ?? "";
    await ec2().send(new api.AttachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId }));
    return InternetGatewayId;
  },
  async look(id) {
    const { InternetGateways: [it] = [] } = await ec2().send(
      new api.DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }),
    );
    return (
      it && {
        arn: await ec2Arn(it.OwnerId, "internet-gateway", id),
        ownerId: it.OwnerId ?? "",
        vpcId: it.Attachments?.[0]?.VpcId ?? "",
        tags: tagsOf(it.Tags),
      }
    );
  },
  async drop(InternetGatewayId, { vpcId }) {
    await ec2().send(new api.DetachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId }));
    await ec2().send(new api.DeleteInternetGatewayCommand({ InternetGatewayId }));
  },
});

export const eip = ec2Kind<{ domain?: string; tags?: Tags }>({
  inputs: { domain: text },
  outputs: ["allocationId", "publicIp"],
  async make({ tags }) {
    const made = await ec2().send(
      new api.AllocateAddressCommand({ Domain: "vpc", TagSpecifications: tagged("elastic-ip", tags) }),
    );
    return made.AllocationId ?? "";
  },
  async look(id) {
    const { Addresses: [it] = [] } = await ec2().send(
      new api.DescribeAddressesCommand({ AllocationIds: [id] }),
    );
    return it && { allocationId: id, publicIp: it.PublicIp ?? "", tags: tagsOf(it.Tags) };
  },
  drop: (AllocationId) => ec2().send(new api.ReleaseAddressCommand({ AllocationId })),
});

export const natGateway = ec2Kind<{ subnetId: string; allocationId: string; tags?: Tags }>({
  inputs: { subnetId: needed, allocationId: needed },
  outputs: ["publicIp", "privateIp"],
  async make({ subnetId, allocationId, tags }) {
    const made = await ec2().send(
      new api.CreateNatGatewayCommand({
        SubnetId: subnetId,
        AllocationId: allocationId,
        TagSpecifications: tagged("natgateway", tags),
      }),
    );
    const id = made.NatGateway?.NatGatewayId ?? "";
    await api.waitUntilNatGatewayAvailable(waiting(300), { NatGatewayIds: [id] });
    return id;
  },
  async look(id) {
    const { NatGateways: [it] = [] } = await ec2().send(
      new api.DescribeNatGatewaysCommand({ NatGatewayIds: [id] }),
    );
    if (!it || it.State === "deleted") return undefined;
    const { PublicIp = "", PrivateIp = "" } = it.NatGatewayAddresses?.[0] ?? {};
    return { publicIp: PublicIp, privateIp: PrivateIp, subnetId: it.SubnetId ?? "", tags: tagsOf(it.Tags) };
  },
  async drop(NatGatewayId) {
    await ec2().send(new api.DeleteNatGatewayCommand({ NatGatewayId }));
    await api.waitUntilNatGatewayDeleted(waiting(300), { NatGatewayIds: [NatGatewayId] });
  },
});

async function table(id: string): Promise<api.RouteTable | undefined> {
  const { RouteTables: [it] = [] } = await ec2().send(
    new api.DescribeRouteTablesCommand({ RouteTableIds: [id] }),
  );
  return it;
}

export const routeTable = ec2Kind<{ vpcId: string; tags?: Tags }>({
  inputs: { vpcId: needed },
  outputs: ["arn", "ownerId"],
  async make({ vpcId, tags }) {
    const made = await ec2().send(
      new api.CreateRouteTableCommand({ VpcId: vpcId, TagSpecifications: tagged("route-table", tags) }),
    );
    return made.RouteTable?.RouteTableId ?? "";
  },
  async look(id) {
    const it = await table(id);
    return (
      it && {
        arn: await ec2Arn(it.OwnerId, "route-table", id),
        ownerId: it.OwnerId ?? "",
        tags: tagsOf(it.Tags),
      }
    );
  },
  drop: (RouteTableId) => ec2().send(new api.DeleteRouteTableCommand({ RouteTableId })),
});

export const routeTableAssociation = kind<{ subnetId: string; routeTableId: string }>({
  inputs: { subnetId: needed, routeTableId: needed },
  outputs: [],
  async make({ subnetId, routeTableId }) {
    const made = await ec2().send(
      new api.AssociateRouteTableCommand({ SubnetId: subnetId, RouteTableId: routeTableId }),
    );
    return made.AssociationId ?? "";
  },
  async look(id, { routeTableId }) {
    const associations = (await table(routeTableId))?.Associations ?? [];
    return associations.some((one) => one.RouteTableAssociationId === id) ? {} : undefined;
  },
  drop: (AssociationId) => ec2().send(new api.DisassociateRouteTableCommand({ AssociationId })),
});

interface RouteInputs {
  routeTableId: string;
  destinationCidrBlock: string;
  networkInterfaceId?: string;
  gatewayId?: string;
  natGatewayId?: string;
}

const routeArgs = (of: RouteInputs) => ({
  RouteTableId: of.routeTableId,
  DestinationCidrBlock: of.destinationCidrBlock,
  NetworkInterfaceId: of.networkInterfaceId,
  GatewayId: of.gatewayId,
  NatGatewayId: of.natGatewayId,
});
const replace = (_id: string, _value: string, all: RouteInputs) =>
  ec2().send(new api.ReplaceRouteCommand(routeArgs(all)));

export const route = kind<RouteInputs>({
  inputs: {
    routeTableId: needed,
    destinationCidrBlock: needed,
    networkInterfaceId: text,
    gatewayId: text,
    natGatewayId: text,
  },
  outputs: ["state", "origin", "instanceId"],
  updates: { networkInterfaceId: replace, gatewayId: replace, natGatewayId: replace },
  async make(inputs) {
    await ec2().send(new api.CreateRouteCommand(routeArgs(inputs)));
    return `r-${inputs.routeTableId}${inputs.destinationCidrBlock}`;
  },
  async look(_id, { routeTableId, destinationCidrBlock }) {
    const routes = (await table(routeTableId))?.Routes;
    const found = routes?.find((one) => one.DestinationCidrBlock === destinationCidrBlock);
    return (
      found && {
        state: found.State ?? "",
        origin: found.Origin ?? "",
        instanceId: found.InstanceId ?? "",
        ...(found.NetworkInterfaceId && { networkInterfaceId: found.NetworkInterfaceId }),
        ...(found.GatewayId && { gatewayId: found.GatewayId }),
        ...(found.NatGatewayId && { natGatewayId: found.NatGatewayId }),
      }
    );
  },
  drop: (_id, { routeTableId, destinationCidrBlock }) =>
    ec2().send(
      new api.DeleteRouteCommand({ RouteTableId: routeTableId, DestinationCidrBlock: destinationCidrBlock }),
    ),
});
