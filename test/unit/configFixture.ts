import assert from "node:assert/strict";
import { sshKey } from "../../components/render/sshKey";
import {
  type AwsClusterConfig,
  ConfigError,
  type HostsClusterConfig,
  type LabClusterConfig,
  parseConfig,
} from "../../config";

/** What a lab needs: everything else has a default. */
export const lab = { vip: "10.10.1.100" };

/** A cluster on machines that exist. */
export const hosts = {
  platform: "hosts",
  vip: "10.10.1.100",
  masters: [host(1), host(2)],
  fencing: { device: "/usr/local/sbin/power" },
  sshPrivateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----",
};

/** A cluster on EC2, in a VPC that is made. */
export const aws = {
  platform: "aws",
  vip: "192.168.99.100",
  slaves: [{ name: "s1" }],
  sshPrivateKey: sshKey("operator", "it").privateKey,
  aws: {
    region: "eu-central-1",
    zones: ["eu-central-1a", "eu-central-1b"],
    sshNetworks: ["10.10.0.0/24"],
  },
};

/** The same with other values in its section. */
export const awsWith = (changes: Record<string, unknown>) => ({ ...aws, aws: { ...aws.aws, ...changes } });

/** In a VPC that is there. */
export const awsGiven = {
  vpcId: "vpc-0123456789abcdef0",
  subnets: {
    service: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    link: ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
  },
  routeTableIds: ["rtb-0123456789abcdef0"],
  clientNetworks: ["10.20.0.0/16"],
};

export function host(n: number) {
  return {
    name: `m${n}`,
    serviceAddress: `10.10.1.1${n}`,
    linkAddress: `10.10.2.1${n}`,
    hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA${String(n).repeat(42)} root@m${n}`,
    serviceDevice: "eth0",
    linkDevice: "eth1",
    dataDisk: `/dev/disk/by-id/wwn-${n}`,
  };
}

/** A master as it may be written for the lab. */
export const labMaster = (n: number) => ({
  name: `m${n}`,
  serviceAddress: `10.10.1.1${n}`,
  linkAddress: `10.10.2.1${n}`,
});

/** The lab with a second master that differs. */
export const labWith = (changes: Record<string, unknown>) => ({
  ...lab,
  masters: [labMaster(1), { ...labMaster(2), ...changes }],
});

/** The hosts with a second master that differs. */
export const hostsWith = (changes: Record<string, unknown>) => ({
  ...hosts,
  masters: [host(1), { ...host(2), ...changes }],
});

/** A host with no more than an interface in the service network. */
export const server = (name: string, serviceAddress: string) => ({
  name,
  serviceAddress,
  hostKey: host(1).hostKey,
  serviceDevice: "eth0",
});

/** A lab with three slaves. */
export const labFleet = { ...lab, slaves: [{ name: "s1" }, { name: "s2" }, { name: "s3" }] };

/** The hosts with a slave, a read pool and a push target. */
export const hostsFleet = {
  ...hosts,
  slaves: [{ ...host(3), name: "s1" }],
  readPool: { vip: "10.10.1.101", proxies: [server("p1", "10.10.1.31"), server("p2", "10.10.1.32")] },
  pushTargets: [{ ...server("web", "10.10.1.41"), directory: "/srv/app" }],
};

export const parseLab = (raw: Record<string, unknown>) => parseConfig(raw) as LabClusterConfig;
export const parseAws = (raw: Record<string, unknown>) => parseConfig(raw) as AwsClusterConfig;
export const parseHosts = (raw: Record<string, unknown>) => parseConfig(raw) as HostsClusterConfig;

/** The error lines for `raw`, without the namespace; none if it is valid. */
export function errors(raw: Record<string, unknown>, keyInClear = false): string[] {
  try {
    parseConfig(raw, keyInClear);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.errors.map((text) => text.replace(/^ha-nfs:/, ""));
    throw error;
  }
}

/** A configuration with one thing wrong, and its line. */
export type Case = [raw: Record<string, unknown>, line: string];

/** A test that each of `cases` has its line and no other. */
export function check(title: string, cases: Case[]): void {
  it(title, () => {
    for (const [raw, line] of cases) assert.deepEqual(errors(raw), [line]);
  });
}

/** A copy of `object` without `key`. */
export function without<T extends object>(object: T, key: keyof T): Partial<T> {
  const copy: Partial<T> = { ...object };
  delete copy[key];
  return copy;
}

/** The ends of lines that several tests expect. */
export const ends = {
  onlyOnHosts: "allowed: nothing on platform lab, which sets it itself; remove it, or set platform to hosts",
  neededOnHosts: (key: string) => `allowed: a value on platform hosts; see ${key} in docs/config.md`,
  insideService:
    "allowed: an address of serviceNetwork 10.10.1.0/24, neither its first nor its last; " +
    "choose one inside, or correct serviceNetwork",
  ownAddress: "allowed: an address that nothing else has; choose another one",
  ownName: "allowed: a name that no other machine has; choose another one",
  number: "write the number alone, without unit or quotes",
};
