import type { VipMode } from "../enums";
import { assign } from "./shell";

/** What a master has to know to speak to EC2. */
export interface AwsConf {
  region: string;
  /** Endpoint of EC2's Query API. @default the region's own */
  ec2Url?: string | undefined;
  /** Base of the instance metadata service. @default the one of every instance */
  imdsUrl?: string | undefined;
  mode: VipMode;
  /** The master's own interface in the service network. */
  interfaceId: string;
  /** Every route table that clients use; none with `secondary-ip`. */
  routeTableIds: readonly string[];
  /** The masters' instances by the masters' names. */
  instanceIds: Readonly<Record<string, string>>;
}

/** The metadata service's address on every instance (EC2 user guide). */
const IMDS_URL = "http://169.254.169.254";

/** What ec2.py and its programs read on a master. */
export function awsConf(c: AwsConf): string {
  const instances = Object.entries(c.instanceIds).map(([name, id]) => `${name}=${id}`);
  return [
    "# made by ha-nfs\n",
    assign("REGION", c.region),
    assign(
      "EC2_URL",
      c.ec2Url ??
        `https://ec2.${c.region}.${c.region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}`,
    ),
    assign("IMDS_URL", c.imdsUrl ?? IMDS_URL),
    assign("MODE", c.mode),
    assign("ENI", c.interfaceId),
    assign("TABLES", c.routeTableIds.join(" ")),
    assign("INSTANCES", instances.join(" ")),
  ].join("");
}

/** A role's credentials last for hours, and EC2 has new ones at least five minutes before: a few fetches may fail. */
export const credentialsTimer = `# made by ha-nfs
[Unit]
Description=Fresh credentials for EC2

[Timer]
OnBootSec=1s
OnUnitActiveSec=1min
AccuracySec=5s
`;

export const credentialsUnit = `# made by ha-nfs
[Unit]
Description=Credentials of this instance's role, fetched before they are needed
After=network.target

[Service]
Type=oneshot
ExecStart=/usr/local/lib/ha-nfs/aws-credentials
RuntimeDirectory=ha-nfs
RuntimeDirectoryPreserve=yes
`;
