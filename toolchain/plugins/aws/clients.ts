import { EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient } from "@aws-sdk/client-iam";
import type { Shape } from "../shape";
import type { Properties } from "../values";

/** Of the provider's own configuration; all else comes as the SDK finds it: AWS_ENDPOINT_URL, AWS_PROFILE and the like. */
export const CONFIG: Shape = {
  region: { type: "string" },
  // the SDK's own defaults, of what we never do
  skipCredentialsValidation: { type: "string" },
  skipRegionValidation: { type: "string" },
};

/** How often a throttled call is tried, with the SDK's own growing waits between. */
const ATTEMPTS = 8;

let region: string | undefined;
let clients: { ec2: EC2Client; iam: IAMClient } | undefined;

export function configure(given: Properties): void {
  region = given["region"] as string | undefined;
}

function all() {
  const settings = { ...(region !== undefined && { region }), maxAttempts: ATTEMPTS };
  return (clients ??= { ec2: new EC2Client(settings), iam: new IAMClient(settings) });
}

export const ec2 = () => all().ec2;
export const iam = () => all().iam;

/** `arn:aws:ec2:REGION:ACCOUNT:KIND/ID`. */
export async function ec2Arn(account: string | undefined, kind: string, id: string): Promise<string> {
  return `arn:aws:ec2:${await ec2().config.region()}:${account ?? ""}:${kind}/${id}`;
}
