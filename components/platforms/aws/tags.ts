import * as pulumi from "@pulumi/pulumi";

/** The tags of a resource: its name as the console shows it, and whose it is. */
export function tags(name: string): Record<string, string> {
  const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
  return { Name: `${pulumi.getProject()}-${pulumi.getStack()}-${name}`, "ha-nfs:stack": owner };
}
