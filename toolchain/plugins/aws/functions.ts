import * as api from "@aws-sdk/client-ec2";
import type { Invoke } from "../provider";
import { ec2, ec2Arn } from "./clients";
import { tagsOf } from "./kind";

/** What is looked for is not there. In the official provider's words. */
function found<T>(it: T | undefined, what: string): T {
  if (it === undefined) throw new Error(`no matching ${what} found`);
  return it;
}

interface AmiArgs {
  owners?: string[];
  filters?: { name: string; values: string[] }[];
  mostRecent?: boolean;
}

const getAmi: Invoke = async (args) => {
  const { owners, filters = [], mostRecent } = args as unknown as AmiArgs;
  const { Images = [] } = await ec2().send(
    new api.DescribeImagesCommand({
      Owners: owners,
      Filters: filters.map(({ name, values }) => ({ Name: name, Values: values })),
    }),
  );
  const [first, second] = Images.sort((a, b) => (b.CreationDate ?? "").localeCompare(a.CreationDate ?? ""));
  if (!first)
    throw new Error("Your query returned no results. Please change your search criteria and try again.");
  if (second && !mostRecent)
    throw new Error(
      "Your query returned more than one result. Please try a more specific search criteria, or set `most_recent` attribute to true.",
    );
  const { ImageId = "", Name = "", Architecture = "", OwnerId = "", RootDeviceName = "" } = first;
  return {
    ...args,
    id: ImageId,
    name: Name,
    architecture: Architecture,
    ownerId: OwnerId,
    rootDeviceName: RootDeviceName,
  };
};

const getInstanceType: Invoke = async (args) => {
  const type = args["instanceType"] as api._InstanceType;
  const { InstanceTypes = [] } = await ec2().send(
    new api.DescribeInstanceTypesCommand({ InstanceTypes: [type] }),
  );
  const it = found(InstanceTypes[0], "EC2 Instance Type");
  const { MaximumNetworkInterfaces = 0 } = it.NetworkInfo ?? {};
  return {
    ...args,
    id: type,
    supportedArchitectures: it.ProcessorInfo?.SupportedArchitectures ?? [],
    maximumNetworkInterfaces: MaximumNetworkInterfaces,
  };
};

const getVpc: Invoke = async (args) => {
  const id = args["id"] as string;
  const { Vpcs = [] } = await ec2().send(new api.DescribeVpcsCommand({ VpcIds: [id] }));
  const it = found(Vpcs[0], "EC2 VPC");
  const blocks =
    it.CidrBlockAssociationSet?.flatMap(({ CidrBlock = "" }) => ({ cidrBlock: CidrBlock })) ?? [];
  return { ...args, cidrBlock: it.CidrBlock ?? "", cidrBlockAssociations: blocks, tags: tagsOf(it.Tags) };
};

const getSubnet: Invoke = async (args) => {
  const id = args["id"] as string;
  const { Subnets = [] } = await ec2().send(new api.DescribeSubnetsCommand({ SubnetIds: [id] }));
  const it = found(Subnets[0], "EC2 Subnet");
  return {
    ...args,
    vpcId: it.VpcId ?? "",
    cidrBlock: it.CidrBlock ?? "",
    availabilityZone: it.AvailabilityZone ?? "",
    tags: tagsOf(it.Tags),
  };
};

const getRouteTable: Invoke = async (args) => {
  const id = args["routeTableId"] as string;
  const { RouteTables = [] } = await ec2().send(new api.DescribeRouteTablesCommand({ RouteTableIds: [id] }));
  const it = found(RouteTables[0], "EC2 Route Table");
  const arn = await ec2Arn(it.OwnerId, "route-table", id);
  return { ...args, id, arn, vpcId: it.VpcId ?? "", tags: tagsOf(it.Tags) };
};

export const functions: Record<string, Invoke> = {
  "aws:ec2/getAmi:getAmi": getAmi,
  "aws:ec2/getInstanceType:getInstanceType": getInstanceType,
  "aws:ec2/getVpc:getVpc": getVpc,
  "aws:ec2/getSubnet:getSubnet": getSubnet,
  "aws:ec2/getRouteTable:getRouteTable": getRouteTable,
};
