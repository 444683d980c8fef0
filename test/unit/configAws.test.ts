import assert from "node:assert/strict";
import { aws, awsGiven, awsWith, check, errors, hosts, lab, parseAws } from "./configFixture";

const BOTH = [awsGiven.subnets.service, awsGiven.subnets.link] as const;

describe("config: platform aws", () => {
  it("has defaults for all but region, zones and who logs in", () => {
    const { masters, slaves, shares, aws: section } = parseAws(aws);
    assert.deepEqual([masters, slaves.map(({ name }) => name)], [[{ name: "m1" }, { name: "m2" }], ["s1"]]);
    assert.deepEqual(section.network, {
      vpcCidr: "10.10.0.0/16",
      routeTableIds: [],
      zones: {
        "eu-central-1a": { service: "10.10.1.0/25", link: "10.10.2.0/25", public: "10.10.0.0/25" },
        "eu-central-1b": { service: "10.10.1.128/25", link: "10.10.2.128/25", public: "10.10.0.128/25" },
      },
    });
    assert.deepEqual(
      [section.vipMode, section.instanceType, section.dataVolumeGiB],
      ["route-table", "m7i.large", 100],
    );
    assert.deepEqual(
      shares[0]?.clients.map(({ from }) => from),
      ["10.10.0.0/16"],
    );
    assert.deepEqual([parseAws(aws).fencing.device, parseAws(aws).fencing.witness], ["aws", undefined]);
    assert.ok(!("lab" in parseAws(aws)));
  });

  it("takes a VPC that is there, with its subnets", () => {
    const { network, clientNetworks } = parseAws(awsWith(awsGiven)).aws;
    const [[first, second], [third, fourth]] = BOTH;
    assert.deepEqual(network, {
      vpcId: awsGiven.vpcId,
      routeTableIds: awsGiven.routeTableIds,
      zones: {
        "eu-central-1a": { service: first, link: third },
        "eu-central-1b": { service: second, link: fourth },
      },
    });
    assert.deepEqual(clientNetworks, ["10.20.0.0/16"]);
  });

  it("takes one zone for an address that stays within a subnet", () => {
    const one = { zones: ["eu-central-1a"], vipMode: "secondary-ip" };
    assert.deepEqual(errors({ ...awsWith(one), vip: "10.10.1.100" }), []);
    assert.equal(
      parseAws({ ...awsWith(one), vip: "10.10.1.100" }).aws.network.zones["eu-central-1a"]?.service,
      "10.10.1.0/24",
    );
  });

  it("says all that is wrong at once", () => {
    const found = errors({
      ...awsWith({ region: "cn-north-1", zones: ["eu-central-1a"], sshNetworks: undefined, iops: 1 }),
      vip: "10.10.1.100",
      heartbeat: { transport: "mcast" },
      readPool: { vip: "10.10.1.101" },
      lab: { dataDiskMiB: 512 },
    });
    const keys = found.map((line) => line.split(":")[0]);
    assert.deepEqual(keys.sort(), [
      "aws.iops",
      "aws.region",
      "aws.sshNetworks",
      "aws.zones",
      "heartbeat.transport",
      "lab",
      "readPool",
      "vip",
    ]);
  });

  it("has no quorum device, for which no port is open", () => {
    const found = errors({ ...awsWith({}), manager: "pacemaker", pacemaker: { quorumDevice: true } });
    assert.ok(
      found.some((line) =>
        line.startsWith("pacemaker.quorumDevice: found true; allowed: false on platform aws"),
      ),
      found.join("\n"),
    );
  });

  check("is in two zones of a region of AWS's own partition", [
    [
      awsWith({ zones: ["eu-central-1a"] }),
      "aws.zones: found one zone; allowed: two zones with vipMode route-table; " +
        "a master in each, or a zone that fails takes both with it",
    ],
    [
      awsWith({ zones: ["eu-central-1a", "eu-central-1a"] }),
      'aws.zones[1]: found "eu-central-1a", which aws.zones[0] has too; allowed: a zone not listed before; ' +
        "choose another one of the region",
    ],
    [
      awsWith({ zones: ["eu-central-1a", "eu-west-1b"] }),
      'aws.zones[1]: found "eu-west-1b"; allowed: a zone of aws.region eu-central-1; ' +
        "such as eu-central-1a, or correct aws.region",
    ],
    ...["us-gov-west-1", "cn-north-1", "Frankfurt"].map((region): [Record<string, unknown>, string] => [
      awsWith({ region }),
      `aws.region: found "${region}"; allowed: a region of AWS's own partition, such as eu-central-1, and none of ` +
        "China's or of a government's; run `aws ec2 describe-regions`",
    ]),
    [
      { ...awsWith({ vipMode: "secondary-ip" }), vip: "10.10.1.100" },
      "aws.zones: found a list of 2; allowed: one zone with vipMode secondary-ip; such an address stays within one subnet",
    ],
    [
      { ...aws, slaves: [{ name: "s1", zone: "eu-central-1c" }] },
      'slaves[0].zone: found "eu-central-1c"; allowed: one of aws.zones: eu-central-1a, eu-central-1b; choose one of these',
    ],
  ]);

  check("has an overlay address outside the VPC, a secondary one inside the subnet", [
    [
      { ...aws, vip: "10.10.1.100" },
      'vip: found "10.10.1.100"; allowed: an address outside aws.vpcCidr 10.10.0.0/16, with vipMode route-table; ' +
        "such as 192.168.99.100: AWS routes no address of a VPC to another place within it",
    ],
    [
      awsWith({ zones: ["eu-central-1a"], vipMode: "secondary-ip" }),
      'vip: found "192.168.99.100"; allowed: an address of serviceNetwork 10.10.1.0/24, with vipMode secondary-ip; ' +
        "choose one inside, or correct serviceNetwork",
    ],
  ]);

  check("has networks within its VPC, wide enough for a subnet in each zone", [
    [
      { ...aws, serviceNetwork: "10.20.1.0/24" },
      'serviceNetwork: found "10.20.1.0/24"; allowed: a network within aws.vpcCidr 10.10.0.0/16; ' +
        "choose one inside, or correct aws.vpcCidr",
    ],
    [
      { ...aws, linkNetwork: "10.10.2.0/28" },
      'linkNetwork: found "10.10.2.0/28"; allowed: a network of /27 or more: a subnet for each zone, of /28 at least; widen it',
    ],
    [
      awsWith({ publicNetwork: "10.10.1.0/24" }),
      'aws.publicNetwork: found "10.10.1.0/24"; allowed: a network apart from serviceNetwork 10.10.1.0/24; choose another one',
    ],
    [
      awsWith({ routeTableIds: awsGiven.routeTableIds }),
      'aws.routeTableIds: found ["rtb-0123456789abcdef0"]; allowed: nothing without aws.vpcId; remove it, or set aws.vpcId',
    ],
    [
      awsWith({ ...awsGiven, routeTableIds: undefined }),
      "aws.routeTableIds: found nothing; allowed: a value with aws.vpcId; see aws.routeTableIds in docs/config.md",
    ],
    [
      awsWith({ ...awsGiven, vpcCidr: "10.20.0.0/16" }),
      'aws.vpcCidr: found "10.20.0.0/16"; allowed: nothing with aws.vpcId; remove it, or remove aws.vpcId',
    ],
    [
      awsWith({ ...awsGiven, subnets: { ...awsGiven.subnets, link: [BOTH[1][0]] } }),
      "aws.subnets.link: found a list of 1; allowed: a list of 2, one for each of aws.zones; correct one of them",
    ],
  ]);

  check("has volumes that gp3 can be, each for one host", [
    [
      awsWith({ dataVolumeGiB: 10, iops: 6000 }),
      "aws.iops: found 6000; allowed: at most 500 a GiB of aws.dataVolumeGiB 10; lower it, or make the volume larger",
    ],
    [
      awsWith({ throughput: 1000 }),
      "aws.throughput: found 1000; allowed: at most a quarter of aws.iops 3000; lower it, or raise iops",
    ],
    [
      awsWith({ dataVolumeIds: { m1: "vol-0123456789abcdef0", m3: "vol-0123456789abcdef1" } }),
      "aws.dataVolumeIds.m3: found a host that is not there; allowed: the name of a master or slave: m1, m2, s1; did you mean m1?",
    ],
    [
      awsWith({ dataVolumeIds: { m1: "vol-0123456789abcdef0", m2: "vol-0123456789abcdef0" } }),
      'aws.dataVolumeIds.m2: found "vol-0123456789abcdef0", which aws.dataVolumeIds.m1 has too; ' +
        "allowed: a volume for each host; name another one",
    ],
  ]);

  check("sets its hosts' addresses, devices and disks itself", [
    [
      { ...aws, masters: [{ name: "m1", serviceAddress: "10.10.1.11" }, { name: "m2" }] },
      'masters[0].serviceAddress: found "10.10.1.11"; allowed: nothing on platform aws, which sets it itself; remove it',
    ],
    [
      { ...aws, masters: [{ name: "m1", dataDisk: "/dev/vdb" }, { name: "m2" }] },
      'masters[0].dataDisk: found "/dev/vdb"; allowed: nothing on platform aws, which sets it itself; ' +
        "remove it, or set platform to hosts",
    ],
    [
      { ...aws, sshPrivateKey: hosts.sshPrivateKey },
      "sshPrivateKey: found a value that is not shown; allowed: on platform aws a key in OpenSSH's format; " +
        "rewrite a copy with `ssh-keygen -p -f COPY`, and set that",
    ],
    [
      { ...aws, aws: undefined },
      "aws: found nothing; allowed: a value on platform aws; see aws in docs/config.md",
    ],
  ]);

  check("has a section and a fence device of its own, and none elsewhere", [
    [
      { ...hosts, fencing: { device: "aws" } },
      'fencing.device: found "aws"; allowed: the path of a command, or none; ' +
        "name the command that switches a master off, or set platform to aws",
    ],
    [
      { ...lab, aws: aws.aws },
      'aws: found {"region":"eu-central-1","zones":["eu-central-1a","eu-centr…; allowed: nothing on platform lab; ' +
        "remove it, or set platform to aws",
    ],
    [
      { ...lab, slaves: [{ name: "s1", zone: "eu-central-1a" }] },
      'slaves[0].zone: found "eu-central-1a"; allowed: nothing on platform lab; remove it, or set platform to aws',
    ],
  ]);
});
