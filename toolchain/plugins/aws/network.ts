import * as api from "@aws-sdk/client-ec2";
import { ec2, ec2Arn } from "./clients";
import { ec2Kind, tagged, waiting } from "./ec2";
import { flag, list, needed, refusal, tagsOf, text, type Tags } from "./kind";
import { hasAddress } from "./addresses";

interface VpcInputs {
  cidrBlock: string;
  enableDnsHostnames?: boolean;
  tags?: Tags;
}

export const vpc = ec2Kind<VpcInputs>({
  inputs: { cidrBlock: needed, enableDnsHostnames: flag },
  outputs: ["arn", "ownerId"],
  async make({ cidrBlock, enableDnsHostnames, tags }) {
    const made = await ec2().send(
      new api.CreateVpcCommand({ CidrBlock: cidrBlock, TagSpecifications: tagged("vpc", tags) }),
    );
    const VpcId = made.Vpc?.VpcId ?? "";
    await api.waitUntilVpcAvailable(waiting(60), { VpcIds: [VpcId] });
    if (enableDnsHostnames) await setDnsHostnames(VpcId, true);
    return VpcId;
  },
  updates: { enableDnsHostnames: setDnsHostnames },
  async look(id) {
    const { Vpcs: [it] = [] } = await ec2().send(new api.DescribeVpcsCommand({ VpcIds: [id] }));
    return (
      it && {
        arn: await ec2Arn(it.OwnerId, "vpc", id),
        ownerId: it.OwnerId ?? "",
        cidrBlock: it.CidrBlock ?? "",
        tags: tagsOf(it.Tags),
      }
    );
  },
  drop: (VpcId) => ec2().send(new api.DeleteVpcCommand({ VpcId })),
});

function setDnsHostnames(VpcId: string, Value: boolean): Promise<unknown> {
  return ec2().send(new api.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value } }));
}

interface SubnetInputs {
  vpcId: string;
  cidrBlock: string;
  availabilityZone: string;
  tags?: Tags;
}

export const subnet = ec2Kind<SubnetInputs>({
  inputs: { vpcId: needed, cidrBlock: needed, availabilityZone: needed },
  outputs: ["arn", "ownerId"],
  async refuse({ availabilityZone }) {
    const { AvailabilityZones = [] } = await ec2().send(new api.DescribeAvailabilityZonesCommand({}));
    const names = AvailabilityZones.map(({ ZoneName }) => ZoneName);
    if (names.includes(availabilityZone)) return;
    const message = `Value (${availabilityZone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${names.join(", ")}.`;
    throw refusal("InvalidParameterValue", message);
  },
  async make({ vpcId, cidrBlock, availabilityZone, tags }) {
    const made = await ec2().send(
      new api.CreateSubnetCommand({
        VpcId: vpcId,
        CidrBlock: cidrBlock,
        AvailabilityZone: availabilityZone,
        TagSpecifications: tagged("subnet", tags),
      }),
    );
    return made.Subnet?.SubnetId ?? "";
  },
  async look(id) {
    const { Subnets: [it] = [] } = await ec2().send(new api.DescribeSubnetsCommand({ SubnetIds: [id] }));
    return (
      it && {
        arn: it.SubnetArn ?? "",
        ownerId: it.OwnerId ?? "",
        cidrBlock: it.CidrBlock ?? "",
        availabilityZone: it.AvailabilityZone ?? "",
        tags: tagsOf(it.Tags),
      }
    );
  },
  drop: (SubnetId) => ec2().send(new api.DeleteSubnetCommand({ SubnetId })),
});

interface InterfaceInputs {
  subnetId: string;
  privateIps?: string[];
  securityGroups?: string[];
  sourceDestCheck?: boolean;
  description?: string;
  tags?: Tags;
}

export const networkInterface = ec2Kind<InterfaceInputs>({
  inputs: {
    subnetId: needed,
    privateIps: list,
    securityGroups: list,
    sourceDestCheck: flag,
    description: text,
  },
  outputs: ["arn", "macAddress", "privateIp", "ownerId"],
  async refuse({ subnetId, privateIps = [] }) {
    const { Subnets: [it] = [] } = await ec2().send(
      new api.DescribeSubnetsCommand({ SubnetIds: [subnetId] }),
    );
    for (const address of privateIps)
      if (!hasAddress(it?.CidrBlock ?? "", address))
        throw refusal("InvalidParameterValue", "Address does not fall within the subnet's address range");
    const taken = await ec2().send(
      new api.DescribeNetworkInterfacesCommand({ Filters: [{ Name: "subnet-id", Values: [subnetId] }] }),
    );
    const addresses = taken.NetworkInterfaces?.map(({ PrivateIpAddress }) => PrivateIpAddress);
    const [used] = privateIps.filter((address) => addresses?.includes(address));
    if (used !== undefined)
      throw refusal("InvalidIPAddress.InUse", `The specified address ${used} is already in use.`);
  },
  async make({ subnetId, privateIps, securityGroups, sourceDestCheck, description, tags }) {
    const made = await ec2().send(
      new api.CreateNetworkInterfaceCommand({
        SubnetId: subnetId,
        PrivateIpAddress: privateIps?.[0],
        Groups: securityGroups,
        Description: description,
        TagSpecifications: tagged("network-interface", tags),
      }),
    );
    const id = made.NetworkInterface?.NetworkInterfaceId ?? "";
    if (sourceDestCheck === false) await setSourceDestCheck(id, false);
    return id;
  },
  updates: {
    sourceDestCheck: setSourceDestCheck,
    securityGroups: (NetworkInterfaceId, Groups) =>
      ec2().send(new api.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups })),
    description: (NetworkInterfaceId, Value) =>
      ec2().send(
        new api.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Description: { Value } }),
      ),
  },
  async look(id) {
    const { NetworkInterfaces: [it] = [] } = await ec2().send(
      new api.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }),
    );
    return (
      it && {
        arn: await ec2Arn(it.OwnerId, "network-interface", id),
        macAddress: it.MacAddress ?? "",
        privateIp: it.PrivateIpAddress ?? "",
        ownerId: it.OwnerId ?? "",
        subnetId: it.SubnetId ?? "",
        sourceDestCheck: it.SourceDestCheck ?? true,
        tags: tagsOf(it.TagSet),
      }
    );
  },
  drop: (NetworkInterfaceId) => ec2().send(new api.DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
});

function setSourceDestCheck(NetworkInterfaceId: string, Value: boolean): Promise<unknown> {
  return ec2().send(
    new api.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, SourceDestCheck: { Value } }),
  );
}
