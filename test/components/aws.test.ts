import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import { NfsCluster } from "../../components";
import { createHosts } from "../../platform";
import { aws, awsGiven, awsWith, parseAws } from "../unit/configFixture";
import { type Said, dependencies, isSecret, registered, type Registered, valueOf } from "./graph";

/** What EC2 says of the VPC that is there. */
const CALLS: NonNullable<Said["calls"]> = {
  "aws:ec2/getVpc:getVpc": () => ({ cidrBlockAssociations: [{ cidrBlock: "10.20.0.0/16" }] }),
  "aws:ec2/getSubnet:getSubnet": ({ id }) => ({
    vpcId: awsGiven.vpcId,
    cidrBlock: "10.20.1.0/24",
    availabilityZone:
      awsGiven.subnets.service[1] === id || awsGiven.subnets.link[1] === id
        ? "eu-central-1b"
        : "eu-central-1a",
  }),
  "aws:ec2/getRouteTable:getRouteTable": ({ routeTableId }) => ({ arn: `arn:of:${String(routeTableId)}` }),
};

/** All that a configuration registers, by type and name: the names of resources of two types may be one. */
async function of(raw: Record<string, unknown>, preview = false): Promise<Registered[]> {
  const config = parseAws(raw);
  return registered(
    (opts) => new NfsCluster("nfs", { ...config, ...createHosts(config, opts) }, opts),
    preview,
    { calls: CALLS },
  );
}

describe("platform aws", () => {
  let all: Registered[];
  const typed = (type: string, from = all) => from.filter((each) => each.type === `aws:${type}`);
  const named = (type: string, name: string) => {
    const found = typed(type).find((each) => each.name === name);
    assert.ok(found, `${type} ${name}`);
    return found;
  };
  before(async () => (all = await of(aws)));

  it("has a subnet of each network in each zone, all apart", () => {
    const subnets = typed("ec2/subnet:Subnet").map(({ inputs }) => [
      inputs["availabilityZone"],
      inputs["cidrBlock"],
    ]);
    assert.deepEqual(subnets, [
      ["eu-central-1a", "10.10.1.0/25"],
      ["eu-central-1a", "10.10.2.0/25"],
      ["eu-central-1a", "10.10.0.0/25"],
      ["eu-central-1b", "10.10.1.128/25"],
      ["eu-central-1b", "10.10.2.128/25"],
      ["eu-central-1b", "10.10.0.128/25"],
    ]);
  });

  it("has two interfaces a host, service first, and no public address", () => {
    for (const node of ["m1", "m2", "s1"]) {
      const { inputs } = named("ec2/instance:Instance", `aws-${node}`);
      assert.deepEqual(inputs["networkInterfaces"], [
        { deviceIndex: 0, networkInterfaceId: `aws-${node}-service-id` },
        { deviceIndex: 1, networkInterfaceId: `aws-${node}-link-id` },
      ]);
      assert.equal(inputs["associatePublicIpAddress"], undefined);
      assert.deepEqual(inputs["metadataOptions"], {
        httpEndpoint: "enabled",
        httpPutResponseHopLimit: 1,
        httpTokens: "required",
      });
      assert.deepEqual(inputs["maintenanceOptions"], { autoRecovery: "disabled" });
      assert.ok(isSecret(inputs["userData"]), "user data has the host's key");
    }
    const checks = typed("ec2/networkInterface:NetworkInterface").map(({ name, inputs }) => [
      name,
      inputs["sourceDestCheck"],
    ]);
    for (const [name, check] of checks) assert.equal(check, !String(name).endsWith("-service"), String(name));
  });

  it("keeps data, images and what a failover moves", async () => {
    for (const { opts, inputs } of typed("ebs/volume:Volume")) {
      assert.deepEqual([opts.protect, opts.retainOnDelete], [true, true]);
      assert.deepEqual([inputs["encrypted"], inputs["type"]], [true, "gp3"]);
    }
    for (const { opts } of typed("ec2/instance:Instance")) {
      assert.deepEqual([opts.deleteBeforeReplace, opts.ignoreChanges], [true, ["ami", "userData"]]);
    }
    const routes = typed("ec2/route:Route").filter(({ name }) => name.startsWith("aws-vip"));
    assert.deepEqual(
      routes.map(({ inputs, opts }) => [
        inputs["networkInterfaceId"],
        inputs["destinationCidrBlock"],
        opts.ignoreChanges,
      ]),
      [
        ["aws-m1-service-id", "192.168.99.100/32", ["networkInterfaceId"]],
        ["aws-m1-service-id", "192.168.99.100/32", ["networkInterfaceId"]],
      ],
    );
    const ready = all.find(({ name }) => name === "m1-ready");
    assert.match(await valueOf((ready?.opts.deletedWith as pulumi.Resource).urn), /::aws-m1$/);
  });

  it("starts a host once its first boot has its way out", async () => {
    const found = await dependencies(named("ec2/instance:Instance", "aws-m2"));
    for (const zone of ["eu-central-1a", "eu-central-1b"])
      assert.ok(
        found.includes(`aws-net-${zone}-nat`) && found.includes(`aws-net-service-${zone}`),
        found.join(" "),
      );
    assert.ok(found.includes("aws-net-public"));
  });

  it("changes one master at a time, the active one last", async () => {
    const masters = async (of: Registered | undefined) =>
      (await dependencies(of)).filter((name) => ["aws-m1", "aws-m2"].includes(name));
    assert.deepEqual(await masters(named("ec2/instance:Instance", "aws-m1")), ["aws-m2"]);
    assert.deepEqual(await masters(named("ec2/instance:Instance", "aws-m2")), []);
    process.env["HA_NFS_ACTIVE"] = "m2";
    try {
      const other = typed("ec2/instance:Instance", await of(aws));
      const first = other.find(({ name }) => name === "aws-m2");
      assert.deepEqual(await masters(first), ["aws-m1"]);
      const inputs = (from: Registered[]) =>
        new Map(from.map((each) => [`${each.type} ${each.name}`, JSON.stringify(each.inputs)]));
      assert.deepEqual(inputs(await of(aws)), inputs(all), "and nothing else");
    } finally {
      delete process.env["HA_NFS_ACTIVE"];
    }
  });

  it("opens nothing to the world, and SSH to those who are named", () => {
    const rules = typed("vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    assert.ok(rules.length > 10);
    const worldwide = rules.filter(({ inputs }) => inputs["cidrIpv4"] === "0.0.0.0/0");
    assert.deepEqual(worldwide, []);
    const ssh = rules.filter(({ inputs }) => inputs["fromPort"] === 22 && inputs["cidrIpv4"] !== undefined);
    assert.deepEqual([...new Set(ssh.map(({ inputs }) => inputs["cidrIpv4"]))], ["10.10.0.0/24"]);
    for (const { inputs } of rules) assert.ok(String(inputs["description"]).length <= 255);
  });

  it("gives the masters a role that is bound to what they move, and the slaves none", () => {
    const policy = JSON.parse(String(named("iam/rolePolicy:RolePolicy", "aws-masters").inputs["policy"])) as {
      Statement: { Sid: string; Resource: string[] }[];
    };
    assert.deepEqual(
      policy.Statement.map(({ Sid, Resource }) => [Sid, Resource]),
      [
        ["MoveRoute", ["arn:of:aws-net-eu-central-1a", "arn:of:aws-net-eu-central-1b"]],
        ["Fence", ["arn:of:aws-m1", "arn:of:aws-m2"]],
        ["Look", ["*"]],
      ],
    );
    assert.ok(named("ec2/instance:Instance", "aws-m1").inputs["iamInstanceProfile"]);
    assert.equal(named("ec2/instance:Instance", "aws-s1").inputs["iamInstanceProfile"], undefined);
  });

  it("tells each master its own interface, the tables, and both instances", () => {
    const conf = (node: string) => {
      const script = all.find(({ name }) => name === `nfs-masters-agent-${node}`);
      return String(script?.inputs["stdin"]);
    };
    assert.match(conf("m1"), /^ENI=aws-m1-service-id$/m);
    assert.match(conf("m2"), /^ENI=aws-m2-service-id$/m);
    assert.match(conf("m2"), /^TABLES='aws-net-eu-central-1a-id aws-net-eu-central-1b-id'$/m);
    assert.match(conf("m2"), /^INSTANCES='m1=aws-m1-id m2=aws-m2-id'$/m);
    const fencing = all.find(({ name }) => name === "nfs-fencing-m1");
    assert.match(String(fencing?.inputs["stdin"]), /\/usr\/local\/lib\/ha-nfs\/fence-ec2/);
  });

  it("tags all that has tags, and names nothing longer than AWS takes", () => {
    const tagged = all.filter(({ type }) =>
      /^aws:(?!ec2\/(route|routeTableAssociation|volumeAttachment):|iam\/rolePolicy:)/.test(type),
    );
    for (const { type, name, inputs } of tagged) {
      const tags = inputs["tags"] as Record<string, string> | undefined;
      assert.equal(tags?.["ha-nfs:stack"], "ha-nfs/test", `${type} ${name}`);
      assert.ok((tags["Name"] ?? "").length <= 256);
    }
    // Pulumi's own names are these and a dash and seven digits: 64 for a role, 255 for a group
    for (const { name } of all.filter(({ type }) => type.startsWith("aws:iam/")))
      assert.ok(name.length <= 56, name);
  });

  it("changes nothing but its own when a slave comes, and shows all in a preview", async () => {
    const more = await of({ ...aws, slaves: [{ name: "s1" }, { name: "s2", zone: "eu-central-1b" }] });
    const text = (from: Registered[]) =>
      new Map(
        from
          .filter(({ type }) => type.startsWith("aws:"))
          .map(({ type, name, inputs }) => [`${type} ${name}`, JSON.stringify(inputs)]),
      );
    const [before, after] = [text(all), text(more)];
    for (const [key, inputs] of before)
      if (!key.includes("userData")) assert.equal(after.get(key), inputs, key);
    assert.ok([...after.keys()].filter((key) => !before.has(key)).every((key) => key.includes("aws-s2")));
    assert.equal((await of(aws, true)).length, all.length);
  });

  it("takes volumes, subnets and tables that are there, and makes none", async () => {
    const volume = "vol-0123456789abcdef0";
    const given = await of(awsWith({ ...awsGiven, dataVolumeIds: { m1: volume } }), true);
    const types = new Set(given.map(({ type }) => type));
    for (const type of ["vpc:Vpc", "subnet:Subnet", "routeTable:RouteTable", "natGateway:NatGateway"])
      assert.ok(!types.has(`aws:ec2/${type}`), type);
    const volumes = typed("ebs/volume:Volume", given).map(({ name }) => name);
    assert.deepEqual(volumes, ["aws-m2-data", "aws-s1-data"]);
    const attached = typed("ec2/volumeAttachment:VolumeAttachment", given).find(
      ({ name }) => name === "aws-m1-data",
    );
    assert.equal(attached?.inputs["volumeId"], volume);
  });
});
