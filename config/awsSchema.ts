import { z } from "zod";
import { VipMode } from "../components/enums";
import {
  choice,
  clientAddress,
  hostKey,
  integer,
  list,
  network,
  port,
  says,
  section,
  sshHost,
  sshUser,
  text,
} from "./fields";
import { prefixLength } from "./network";

/** The partition `aws`: China's and the governments' have other images, by other owners. */
const region = text(
  /^(af|ap|ca|eu|il|me|mx|sa|us)-(?!gov|iso)[a-z]+-\d$/,
  "a region of AWS's own partition, such as eu-central-1, and none of China's or of a government's",
  "run `aws ec2 describe-regions`",
);

export const zone = text(
  /^[a-z]{2}-[a-z]+-\d[a-z]$/,
  "the name of an availability zone, such as eu-central-1a",
  "run `aws ec2 describe-availability-zones`",
);

export const instanceType = text(
  /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
  "the name of an instance type, such as m7i.large, or m7g.large for arm64",
  "see the EC2 console, or run `aws ec2 describe-instance-types`",
);

const id = (kind: string, what: string) =>
  text(
    new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`),
    `the id of ${what}, such as ${kind}-0123456789abcdef0`,
    "see the VPC or EC2 console",
  );

const subnets = list(id("subnet", "a subnet"), "a list of the ids of subnets, in the order of aws.zones");

/** AWS takes VPCs and subnets from /16 to /28. */
const awsNetwork = network.refine(
  (value) => prefixLength(value) >= 16 && prefixLength(value) <= 28,
  says("an IPv4 network with a prefix of 16 to 28, as AWS has it", "choose another size"),
);

const volumes = says("an object with the id of a volume for each host's name", "write it as keys and values");

/** The section `aws`: its rules across keys are in rules/aws.ts. */
export const aws = section({
  region,
  zones: list(zone, "a list of two availability zones"),
  vpcCidr: awsNetwork.exactOptional(),
  publicNetwork: network.exactOptional(),
  vpcId: id("vpc", "a VPC").exactOptional(),
  subnets: section({ service: subnets, link: subnets }).exactOptional(),
  routeTableIds: list(id("rtb", "a route table"), "a list of the ids of route tables").prefault([]),
  vipMode: choice(VipMode).default(VipMode.RouteTable),
  instanceType: instanceType.default("m7i.large"),
  // gp3's limits: docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
  dataVolumeGiB: integer(1, 65536, " of GiB").default(100),
  iops: integer(3000, 80000).default(3000),
  throughput: integer(125, 2000, " of MiB/s").default(125),
  dataVolumeIds: z.record(z.string(), id("vol", "a volume"), volumes).prefault({}),
  sshNetworks: list(clientAddress, "a list of the networks from which SSH comes, such as the bastion's"),
  bastion: section({
    host: sshHost,
    port: port.default(22),
    user: sshUser.default("admin"),
    hostKey,
  }).exactOptional(),
  clientNetworks: list(clientAddress, "a list of the networks of NFS clients and readers").exactOptional(),
});

/** What {@link aws} makes of a valid section. */
export type AwsSettings = z.output<typeof aws>;

/** Of a VPC that is made. */
export const AWS_NETWORKS = { vpcCidr: "10.10.0.0/16", publicNetwork: "10.10.0.0/24" };
