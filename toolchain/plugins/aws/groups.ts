import * as api from "@aws-sdk/client-ec2";
import { randomBytes } from "node:crypto";
import { ec2, ec2Arn } from "./clients";
import { ec2Kind, tagged } from "./ec2";
import { count, needed, refusal, tagsOf, text, type Tags } from "./kind";

interface GroupInputs {
  name?: string;
  description?: string;
  vpcId: string;
  tags?: Tags;
}

export const securityGroup = ec2Kind<GroupInputs>({
  inputs: { name: text, description: text, vpcId: needed },
  outputs: ["arn", "ownerId"],
  async make({ name, description, vpcId, tags }) {
    const made = await ec2().send(
      new api.CreateSecurityGroupCommand({
        GroupName: name ?? `terraform-${randomBytes(13).toString("hex")}`,
        Description: description ?? "Managed by Pulumi",
        VpcId: vpcId,
        TagSpecifications: tagged("security-group", tags),
      }),
    );
    const GroupId = made.GroupId ?? "";
    // as the official provider does: AWS lets everything out of a new group
    await ec2().send(
      new api.RevokeSecurityGroupEgressCommand({
        GroupId,
        IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
      }),
    );
    return GroupId;
  },
  async look(id) {
    const { SecurityGroups: [it] = [] } = await ec2().send(
      new api.DescribeSecurityGroupsCommand({ GroupIds: [id] }),
    );
    return (
      it && {
        arn: await ec2Arn(it.OwnerId, "security-group", id),
        ownerId: it.OwnerId ?? "",
        description: it.Description ?? "",
        tags: tagsOf(it.Tags),
      }
    );
  },
  async drop(GroupId) {
    const { SecurityGroups = [] } = await ec2().send(new api.DescribeSecurityGroupsCommand({}));
    const names = ({ GroupId: of, IpPermissions = [] }: api.SecurityGroup) =>
      of !== GroupId &&
      IpPermissions.some((one) => one.UserIdGroupPairs?.some((pair) => pair.GroupId === GroupId));
    if (SecurityGroups.some(names))
      throw refusal("DependencyViolation", `resource ${GroupId} has a dependent object`);
    await ec2().send(new api.DeleteSecurityGroupCommand({ GroupId }));
  },
});

interface RuleInputs {
  securityGroupId: string;
  ipProtocol: string;
  fromPort?: number;
  toPort?: number;
  referencedSecurityGroupId?: string;
  cidrIpv4?: string;
  description?: string;
  tags?: Tags;
}

const rule = (way: "Ingress" | "Egress") =>
  ec2Kind<RuleInputs>({
    inputs: {
      securityGroupId: needed,
      ipProtocol: needed,
      fromPort: count,
      toPort: count,
      referencedSecurityGroupId: text,
      cidrIpv4: text,
      description: text,
    },
    outputs: ["arn", "securityGroupRuleId"],
    async make(of) {
      const Description = of.description;
      const args = {
        GroupId: of.securityGroupId,
        IpPermissions: [
          {
            IpProtocol: of.ipProtocol,
            FromPort: of.fromPort,
            ToPort: of.toPort,
            ...(of.referencedSecurityGroupId && {
              UserIdGroupPairs: [{ GroupId: of.referencedSecurityGroupId, Description }],
            }),
            ...(of.cidrIpv4 && { IpRanges: [{ CidrIp: of.cidrIpv4, Description }] }),
          },
        ],
        TagSpecifications: tagged("security-group-rule", of.tags),
      };
      const made =
        way === "Egress"
          ? await ec2().send(new api.AuthorizeSecurityGroupEgressCommand(args))
          : await ec2().send(new api.AuthorizeSecurityGroupIngressCommand(args));
      return made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? "";
    },
    async look(id) {
      const { SecurityGroupRules: [it] = [] } = await ec2().send(
        new api.DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] }),
      );
      const arn = await ec2Arn(it?.GroupOwnerId, "security-group-rule", id);
      return it && { arn, securityGroupRuleId: id, tags: tagsOf(it.Tags) };
    },
    drop: (id, { securityGroupId: GroupId }) =>
      way === "Egress"
        ? ec2().send(new api.RevokeSecurityGroupEgressCommand({ GroupId, SecurityGroupRuleIds: [id] }))
        : ec2().send(new api.RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: [id] })),
  });

export const ingressRule = rule("Ingress");
export const egressRule = rule("Egress");
