import { serveProvider } from "../provider";
import { CONFIG, configure } from "./clients";
import { functions } from "./functions";
import { egressRule, ingressRule, securityGroup } from "./groups";
import { instanceProfile, role, rolePolicy } from "./iam";
import { instance } from "./instances";
import { networkInterface, subnet, vpc } from "./network";
import { eip, internetGateway, natGateway, route, routeTable, routeTableAssociation } from "./routes";
import { volume, volumeAttachment } from "./volumes";

// the SDK would say on stderr, at every start, until when it knows this Node.js
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

/** The version of @pulumi/aws that this stands in for. */
serveProvider(
  "7.48.0",
  {
    "aws:ec2/vpc:Vpc": vpc,
    "aws:ec2/subnet:Subnet": subnet,
    "aws:ec2/internetGateway:InternetGateway": internetGateway,
    "aws:ec2/eip:Eip": eip,
    "aws:ec2/natGateway:NatGateway": natGateway,
    "aws:ec2/routeTable:RouteTable": routeTable,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
    "aws:ec2/route:Route": route,
    "aws:ec2/securityGroup:SecurityGroup": securityGroup,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ingressRule,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": egressRule,
    "aws:ec2/networkInterface:NetworkInterface": networkInterface,
    "aws:ec2/instance:Instance": instance,
    "aws:ebs/volume:Volume": volume,
    "aws:ec2/volumeAttachment:VolumeAttachment": volumeAttachment,
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": rolePolicy,
    "aws:iam/instanceProfile:InstanceProfile": instanceProfile,
  },
  { config: { shape: CONFIG, take: configure }, functions },
);
