import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { endMoto, moto } from "../../toolchain/moto";
import type { Properties } from "../../toolchain/plugins/values";
import { STATE } from "../../toolchain/state";
import { failureOf, Plugin } from "./plugin";

const NAME = "plugin-test";

describe("the stand-in for the aws plugin, against moto", function () {
  this.timeout(300_000);
  let plugin: Plugin;
  let ami: string;
  const made: Record<string, Properties> = {};

  /** Makes a resource of that type. */
  async function make(type: string, inputs: Properties): Promise<Properties> {
    plugin.type = type;
    const checked = await plugin.check(inputs);
    assert.deepEqual(checked.failures, []);
    return plugin.create(checked.inputs);
  }
  const refused = (type: string, inputs: Properties) => failureOf(make(type, inputs));
  const idOf = (name: string) => made[name]?.["id"] as string;
  const subnet = (cidrBlock: string, availabilityZone: string) =>
    make("aws:ec2/subnet:Subnet", { vpcId: idOf("vpc"), cidrBlock, availabilityZone });
  const nic = (subnetId: string, more: Properties = {}) =>
    make("aws:ec2/networkInterface:NetworkInterface", { subnetId, ...more });
  const instance = (of: Properties) => ({
    ami,
    instanceType: "m7i.large",
    networkInterfaces: [{ deviceIndex: 0, networkInterfaceId: idOf("nic") }],
    ...of,
  });

  before(async () => {
    mkdirSync(STATE, { recursive: true, mode: 0o700 });
    plugin = await Plugin.start("aws", "", (await moto(NAME)).env);
    assert.deepEqual(await plugin.configure({ region: "eu-central-1" }), []);
    const filters = [{ name: "name", values: ["debian-13-amd64-*"] }];
    const found = await plugin.invoke("aws:ec2/getAmi:getAmi", {
      owners: ["136693071363"],
      filters,
      mostRecent: true,
    });
    ami = found["id"] as string;
    made["vpc"] = await make("aws:ec2/vpc:Vpc", { cidrBlock: "10.10.0.0/16", tags: { a: "1", b: "2" } });
    made["a"] = await subnet("10.10.1.0/25", "eu-central-1a");
    made["b"] = await subnet("10.10.1.128/25", "eu-central-1b");
    made["nic"] = await nic(idOf("a"));
    made["m1"] = await make("aws:ec2/instance:Instance", instance({}));
  });
  after(async () => {
    await plugin.stop();
    await endMoto(NAME);
  });

  it("takes the newest image of those that fit", async () => {
    assert.equal(ami, "ami-0debdebdeb13a0002");
    const none = plugin.invoke("aws:ec2/getAmi:getAmi", {
      owners: ["136693071363"],
      filters: [{ name: "name", values: ["no-*"] }],
    });
    assert.match(await failureOf(none), /^Your query returned no results\./);
  });

  it("says what it has not: a setting, a function, a resource", async () => {
    assert.deepEqual(await plugin.configure({ region: "eu-central-1", profile: "x" }), ["profile"]);
    assert.match(
      await failureOf(plugin.invoke("aws:ec2/getKeyPair:getKeyPair", {})),
      /use the official plugin$/,
    );
    assert.match(await refused("aws:s3/bucket:Bucket", {}), /use the official plugin$/);
  });

  it("refuses what EC2 refuses, in its words", async () => {
    const INSTANCE = "aws:ec2/instance:Instance";
    assert.match(await refused(INSTANCE, instance({})), /^InvalidNetworkInterface\.InUse: /);
    assert.match(await refused(INSTANCE, instance({ ami: "ami-00000000" })), /^InvalidAMIID\.NotFound: /);
    assert.match(await refused(INSTANCE, instance({ instanceType: "zz.large" })), /^InvalidInstanceType/);
    assert.match(
      await refused(INSTANCE, instance({ instanceType: "m7g.large" })),
      /'arm64'.* does not match .*'x86_64'/,
    );
    const [a, b] = [await nic(idOf("a")), await nic(idOf("b"))];
    const both = [a, b].map(({ id }, deviceIndex) => ({ deviceIndex, networkInterfaceId: id as string }));
    assert.match(
      await refused(INSTANCE, instance({ networkInterfaces: both })),
      /must be in the same availability zone/,
    );
    const NIC = "aws:ec2/networkInterface:NetworkInterface";
    for (const address of ["10.10.1.200", "10.10.1.3", "10.10.1.127"])
      assert.match(
        await refused(NIC, { subnetId: idOf("a"), privateIps: [address] }),
        /does not fall within/,
        address,
      );
    const taken = { subnetId: idOf("a"), privateIps: ["10.10.1.9"] };
    await nic(taken.subnetId, taken);
    assert.match(await refused(NIC, taken), /^InvalidIPAddress\.InUse: /);
    assert.match(
      await failureOf(subnet("10.10.2.0/24", "eu-central-1q")),
      /^InvalidParameterValue: .*eu-central-1a/,
    );
    assert.match(await failureOf(subnet("10.10.1.0/24", "eu-central-1a")), /^InvalidSubnet\.Conflict: /);
  });

  it("attaches a volume where it is, and to one instance", async () => {
    const volume = (availabilityZone: string) =>
      make("aws:ebs/volume:Volume", { availabilityZone, size: 1, type: "gp3", encrypted: true });
    const ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment";
    const to = { instanceId: idOf("m1"), deviceName: "/dev/sdf" };
    const [here, elsewhere] = [await volume("eu-central-1a"), await volume("eu-central-1b")];
    const volumeId = here["id"] as string;
    assert.match(
      await refused(ATTACHMENT, { ...to, volumeId: elsewhere["id"] as string }),
      /^InvalidVolume\.ZoneMismatch: /,
    );
    const attached = await make(ATTACHMENT, { ...to, volumeId });
    assert.match(await refused(ATTACHMENT, { ...to, deviceName: "/dev/sdg", volumeId }), /^VolumeInUse: /);
    await plugin.delete(attached);
    assert.ok(await plugin.read(attached, {}).then((found) => found === undefined));
  });

  it("does not remove a group that another one names", async () => {
    const group = () => make("aws:ec2/securityGroup:SecurityGroup", { vpcId: idOf("vpc") });
    const [first, second] = [await group(), await group()];
    const from = {
      ipProtocol: "tcp",
      fromPort: 22,
      toPort: 22,
      referencedSecurityGroupId: first["id"] as string,
    };
    const RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const rule = await make(RULE, { securityGroupId: second["id"] as string, ...from });
    plugin.type = "aws:ec2/securityGroup:SecurityGroup";
    assert.match(await failureOf(plugin.delete(first)), /^DependencyViolation: /);
    plugin.type = RULE;
    await plugin.delete(rule);
    plugin.type = "aws:ec2/securityGroup:SecurityGroup";
    await plugin.delete(first);
    assert.equal(await plugin.read(first, {}), undefined);
    await plugin.delete(first); // what is gone is no error
  });

  it("sets tags in place, and takes old ones off", async () => {
    plugin.type = "aws:ec2/vpc:Vpc";
    const vpc = made["vpc"] as Properties;
    const inputs = { cidrBlock: "10.10.0.0/16", tags: { b: "3" } };
    assert.deepEqual(
      (await plugin.diff({ cidrBlock: "10.10.0.0/16", tags: { a: "1" } }, inputs)).replaces,
      [],
    );
    const updated = await plugin.update(vpc, inputs);
    assert.deepEqual(updated["tagsAll"], { b: "3" });
    assert.deepEqual((await plugin.read(updated, inputs))?.inputs, inputs);
  });

  it("stops an instance for another type, and replaces it for another interface", async () => {
    plugin.type = "aws:ec2/instance:Instance";
    const { replaces } = await plugin.diff(instance({}), instance({ instanceType: "m7i.xlarge" }));
    assert.deepEqual(replaces, []);
    const other = [{ deviceIndex: 0, networkInterfaceId: "eni-1" }];
    assert.deepEqual((await plugin.diff(instance({}), instance({ networkInterfaces: other }))).replaces, [
      "networkInterfaces",
    ]);
    const grown = await plugin.update(made["m1"] as Properties, instance({ instanceType: "m7i.xlarge" }));
    assert.equal(grown["instanceState"], "running");
    const seen = await plugin.read(grown, instance({}));
    assert.equal(seen?.inputs["instanceType"], "m7i.xlarge");
  });

  it("sees a route that was moved", async () => {
    const table = await make("aws:ec2/routeTable:RouteTable", { vpcId: idOf("vpc") });
    const inputs = {
      routeTableId: table["id"] as string,
      destinationCidrBlock: "192.168.99.100/32",
      networkInterfaceId: idOf("nic"),
    };
    const route = await make("aws:ec2/route:Route", inputs);
    const [to] = [await nic(idOf("b"))];
    plugin.type = "aws:ec2/route:Route";
    const moved = await plugin.update(route, { ...inputs, networkInterfaceId: to["id"] as string });
    assert.equal((await plugin.read(moved, inputs))?.inputs["networkInterfaceId"], to["id"]);
  });
});
