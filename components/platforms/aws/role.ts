import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile";
import { Role } from "@pulumi/aws/iam/role";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy";
import * as pulumi from "@pulumi/pulumi";
import { ec2Trust, masterPolicy, type MasterRights } from "../../render/iamPolicy";
import { tags } from "./tags";

/** What the masters may do in AWS, without keys on them: what they move, and each other. */
export class MasterRole extends pulumi.ComponentResource {
  /** Name of the instance profile. */
  public readonly profile: pulumi.Output<string>;
  private readonly role: Role;

  constructor(
    private readonly name: string,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("ha-nfs:index:AwsMasterRole", name, {}, opts);
    this.role = new Role(name, { assumeRolePolicy: ec2Trust, tags: tags(name) }, { parent: this });
    this.profile = new InstanceProfile(
      name,
      { role: this.role.name, tags: tags(name) },
      { parent: this },
    ).name;
    this.registerOutputs({});
  }

  /** Binds the role to resources: once they are there, for the masters themselves are among them. */
  public allow(rights: { [K in keyof MasterRights]: pulumi.Output<string>[] }): void {
    const policy = pulumi.output(rights).apply(masterPolicy);
    new RolePolicy(this.name, { role: this.role.name, policy }, { parent: this });
  }
}
