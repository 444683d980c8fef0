import * as api from "@aws-sdk/client-iam";
import { randomBytes } from "node:crypto";
import { iam } from "./clients";
import { kind, needed, object, tagList, tagsOf, text, type Tags } from "./kind";

/** A name where none is given. */
const named = (name: string | undefined) => name ?? `terraform-${randomBytes(10).toString("hex")}`;

interface RoleInputs {
  name?: string;
  description?: string;
  assumeRolePolicy: string;
  tags?: Tags;
}

export const role = kind<RoleInputs>({
  inputs: { name: text, description: text, assumeRolePolicy: needed },
  outputs: ["arn", "name"],
  async make({ name, description, assumeRolePolicy, tags }) {
    const made = await iam().send(
      new api.CreateRoleCommand({
        RoleName: named(name),
        Description: description,
        AssumeRolePolicyDocument: assumeRolePolicy,
        Tags: tagList(tags),
      }),
    );
    return made.Role?.RoleName ?? "";
  },
  updates: {
    assumeRolePolicy: (RoleName, PolicyDocument) =>
      iam().send(new api.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument })),
  },
  async retag(RoleName, tags, TagKeys) {
    if (TagKeys.length > 0) await iam().send(new api.UntagRoleCommand({ RoleName, TagKeys }));
    await iam().send(new api.TagRoleCommand({ RoleName, Tags: tagList(tags) }));
  },
  async look(name) {
    const { Role: it } = await iam().send(new api.GetRoleCommand({ RoleName: name }));
    return it && { arn: it.Arn ?? "", name, tags: tagsOf(it.Tags) };
  },
  drop: (RoleName) => iam().send(new api.DeleteRoleCommand({ RoleName })),
});

interface PolicyInputs {
  role: string;
  name?: string;
  policy: string;
}

const put = (RoleName: string, PolicyName: string, PolicyDocument: string) =>
  iam().send(new api.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));

/** Its id is ROLE:NAME, as the official provider's. */
export const rolePolicy = kind<PolicyInputs>({
  inputs: { role: needed, name: text, policy: needed },
  outputs: ["name"],
  async make({ role, name, policy }) {
    const own = named(name);
    await put(role, own, policy);
    return `${role}:${own}`;
  },
  updates: { policy: (id, policy, { role }) => put(role, id.slice(role.length + 1), policy) },
  async look(id, { role }) {
    const name = id.slice(role.length + 1);
    const it = await iam().send(new api.GetRolePolicyCommand({ RoleName: role, PolicyName: name }));
    return { name, policy: decodeURIComponent(it.PolicyDocument ?? "") };
  },
  drop: (id, { role }) =>
    iam().send(new api.DeleteRolePolicyCommand({ RoleName: role, PolicyName: id.slice(role.length + 1) })),
});

interface ProfileInputs {
  name?: string;
  role: string;
  tags?: Tags;
}

export const instanceProfile = kind<ProfileInputs>({
  inputs: { name: text, role: needed, tags: object },
  outputs: ["arn", "name"],
  async make({ name, role, tags }) {
    const InstanceProfileName = named(name);
    await iam().send(new api.CreateInstanceProfileCommand({ InstanceProfileName, Tags: tagList(tags) }));
    await iam().send(new api.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: role }));
    return InstanceProfileName;
  },
  async look(name) {
    const { InstanceProfile: it } = await iam().send(
      new api.GetInstanceProfileCommand({ InstanceProfileName: name }),
    );
    return it && { arn: it.Arn ?? "", name, role: it.Roles?.[0]?.RoleName ?? "" };
  },
  async drop(InstanceProfileName, { role }) {
    await iam().send(new api.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName: role }));
    await iam().send(new api.DeleteInstanceProfileCommand({ InstanceProfileName }));
  },
});
