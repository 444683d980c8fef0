import assert from "node:assert/strict";
import * as api from "@aws-sdk/client-ec2";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { STATE } from "../../toolchain/state";
import { TestStack } from "../lab/stack";

/** The stack of Pulumi.aws-local.yaml, under another name: in order, each test goes on where the one before it stopped. */
describe("the stack on moto", function () {
  this.timeout(600_000);
  this.bail(true);
  const stack = new TestStack("aws-test");
  let ec2: api.EC2Client;
  let moto: { pid: number; port: number };

  /** The example's configuration, its section for AWS with these values. */
  function configure(more: Record<string, unknown> = {}): void {
    const { config } = parse(readFileSync("Pulumi.aws-local.yaml", "utf8")) as {
      config: Record<string, object>;
    };
    const all = Object.entries({ ...config, "ha-nfs:aws": { ...config["ha-nfs:aws"], ...more } });
    stack.configure(...all.map(([key, value]) => `${key}: ${JSON.stringify(value)}`));
  }
  async function run(verb: string, ...args: string[]) {
    const result = await stack.run(verb, ...args);
    assert.equal(result.status, 0, result.log);
    return result;
  }
  async function instances(): Promise<Map<string, api.Instance>> {
    const { Reservations = [] } = await ec2.send(
      new api.DescribeInstancesCommand({ Filters: [{ Name: "instance-state-name", Values: ["running"] }] }),
    );
    const all = Reservations.flatMap(({ Instances = [] }) => Instances);
    return new Map(
      all.map((it) => [
        it.Tags?.find(({ Key }) => Key === "Name")
          ?.Value?.split("-")
          .at(-1) ?? "",
        it,
      ]),
    );
  }
  const serviceNic = (it: api.Instance | undefined) =>
    it?.NetworkInterfaces?.find(({ Attachment }) => Attachment?.DeviceIndex === 0)?.NetworkInterfaceId;
  /** The tables that have a route to the VIP, and where it leads. */
  async function routes(): Promise<[string, string][]> {
    const { RouteTables = [] } = await ec2.send(new api.DescribeRouteTablesCommand({}));
    return RouteTables.flatMap(({ RouteTableId = "", Routes = [] }) =>
      Routes.filter(({ DestinationCidrBlock }) => DestinationCidrBlock === "192.168.99.100/32").map(
        ({ NetworkInterfaceId = "" }): [string, string] => [RouteTableId, NetworkInterfaceId],
      ),
    );
  }

  before(() => {
    process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
    configure();
  });
  after(async () => {
    await stack.run("destroy");
    stack.forget();
  });

  it("comes up, a master in each zone, and has no changes then", async () => {
    await run("up");
    moto = JSON.parse(readFileSync(path.join(STATE, "moto-aws-test.json"), "utf8")) as typeof moto;
    ec2 = new api.EC2Client({
      region: "eu-central-1",
      endpoint: `http://127.0.0.1:${moto.port}`,
      credentials: { accessKeyId: "it", secretAccessKey: "it" },
    });
    const found = await instances();
    assert.deepEqual([...found.keys()].sort(), ["m1", "m2", "s1"]);
    const zones = ["m1", "m2"].map((name) => found.get(name)?.Placement?.AvailabilityZone);
    assert.deepEqual(zones, ["eu-central-1a", "eu-central-1b"]);
    assert.equal(found.get("m1")?.NetworkInterfaces?.length, 2);
    assert.equal(found.get("m1")?.MetadataOptions?.HttpTokens, "required");
    const to = serviceNic(found.get("m1"));
    assert.deepEqual(
      (await routes()).map(([, nic]) => nic),
      [to, to],
    );
    await run("preview", "--expect-no-changes");
  });

  it("leaves the route where a failover has moved it, also after a refresh", async () => {
    const NetworkInterfaceId = serviceNic((await instances()).get("m2"));
    for (const [RouteTableId] of await routes()) {
      const DestinationCidrBlock = "192.168.99.100/32";
      await ec2.send(new api.ReplaceRouteCommand({ RouteTableId, DestinationCidrBlock, NetworkInterfaceId }));
    }
    await run("refresh");
    await run("preview", "--expect-no-changes");
  });

  it("changes the type of one master after the other, in place, and moves no route", async () => {
    const before = await instances();
    configure({ instanceType: "m7i.xlarge" });
    const { log } = await run("up");
    const at = (what: RegExp) => log.search(what);
    assert.ok(at(/Instance aws-m2 updated/) >= 0, log);
    assert.ok(at(/Instance aws-m2 updated/) < at(/Instance aws-m1 updating/), log);
    const after = await instances();
    for (const name of ["m1", "m2"]) {
      assert.equal(after.get(name)?.InstanceType, "m7i.xlarge");
      assert.equal(after.get(name)?.InstanceId, before.get(name)?.InstanceId);
    }
    const to = serviceNic(after.get("m2"));
    assert.deepEqual(
      (await routes()).map(([, nic]) => nic),
      [to, to],
    );
  });

  it("is destroyed, and its data volumes stay", async () => {
    const copy = path.join(STATE, "Pulumi.aws-test.yaml");
    const config = ["--stack", stack.name, "--config-file", copy];
    const destroyed = await stack.run("pulumi", "destroy", "--yes", "--exclude-protected", ...config);
    assert.equal(destroyed.status, 0, destroyed.log);
    assert.equal((await instances()).size, 0);
    const { Volumes = [] } = await ec2.send(new api.DescribeVolumesCommand({}));
    assert.deepEqual(
      Volumes.map(({ Size, Encrypted, VolumeType, State }) => [Size, Encrypted, VolumeType, State]),
      Array.from({ length: 3 }, () => [100, true, "gp3", "available"]),
    );
  });

  it("leaves nothing of the moto behind", async () => {
    await run("destroy");
    await assert.rejects(fetch(`http://127.0.0.1:${moto.port}/`));
    assert.ok(!existsSync(path.join(STATE, "moto-aws-test.json")));
  });
});
