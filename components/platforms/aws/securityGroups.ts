import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule";
import * as pulumi from "@pulumi/pulumi";
import type { Port } from "../../render/awsPorts";
import { tags } from "./tags";

export interface SecurityGroupsArgs {
  vpcId: pulumi.Input<string>;
  ports: Port[];
  /** CIDRs of those who come from outside the groups. */
  networks: { clients: string[]; ssh: string[] };
}

/** A group for the masters and one for the slaves: each port is open to the peers that need it, and to no other. */
export class SecurityGroups extends pulumi.ComponentResource {
  public readonly masters: SecurityGroup;
  public readonly slaves: SecurityGroup;

  constructor(
    private readonly name: string,
    args: SecurityGroupsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("ha-nfs:index:AwsSecurityGroups", name, {}, opts);
    this.masters = this.group("masters", args.vpcId);
    this.slaves = this.group("slaves", args.vpcId);
    for (const port of args.ports) this.open(port, args.networks);
    this.registerOutputs({});
  }

  private group(role: "masters" | "slaves", vpcId: pulumi.Input<string>): SecurityGroup {
    const name = `${this.name}-${role}`;
    const description = `${pulumi.getProject()} ${pulumi.getStack()}: ${role}`;
    const group = new SecurityGroup(name, { vpcId, description, tags: tags(name) }, { parent: this });
    // to the Debian mirrors, the EC2 API and the peers
    const all = { securityGroupId: group.id, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" };
    new SecurityGroupEgressRule(name, { ...all, description: "all", tags: tags(name) }, { parent: this });
    return group;
  }

  private open(
    { name, on, from, protocol, port, toPort = port }: Port,
    networks: SecurityGroupsArgs["networks"],
  ) {
    const sources =
      from === "masters" || from === "slaves"
        ? [{ source: from, of: { referencedSecurityGroupId: this[from].id } }]
        : networks[from].map((cidr) => ({ source: `${from}-${cidr}`, of: { cidrIpv4: cidr } }));
    for (const { source, of } of sources) {
      const named = `${this.name}-${on}-${name}-from-${source}`;
      new SecurityGroupIngressRule(
        named,
        {
          securityGroupId: this[on].id,
          ipProtocol: protocol,
          ...(port !== undefined && { fromPort: port }),
          ...(toPort !== undefined && { toPort }),
          ...of,
          description: `${name} from ${from}`,
          tags: tags(named),
        },
        { parent: this },
      );
    }
  }
}
