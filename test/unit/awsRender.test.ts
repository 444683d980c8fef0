import assert from "node:assert/strict";
import { nodeFile } from "../../components/remote/hostScript";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { architecture, isInside, volumePath } from "../../components/render/awsNames";
import { clusterPorts } from "../../components/render/awsPorts";
import { ec2Trust, masterPolicy } from "../../components/render/iamPolicy";
import { publicKeyOf, sshKey } from "../../components/render/sshKey";
import { userData } from "../../components/render/userData";
import { cacheDir } from "../../toolchain/cache";
import { motoProgram } from "../../toolchain/moto";

const ports = clusterPorts({
  manager: { protocol: "udp", port: 694 },
  drbd: 7788,
  metrics: 9478,
  health: 9479,
});

describe("what AWS is given", () => {
  it("is an image for the processor of the instance type", () => {
    const arm = [
      "m7g.large",
      "c8gn.xlarge",
      "t4g.micro",
      "a1.large",
      "is4gen.large",
      "x2gd.metal",
      "m8gd.24xlarge",
    ];
    const intel = [
      "m7i.large",
      "m7i-flex.large",
      "g5.xlarge",
      "c7a.large",
      "t3.micro",
      "u-6tb1.metal",
      "p4d.24xlarge",
    ];
    for (const type of arm) assert.equal(architecture(type), "arm64", type);
    for (const type of intel) assert.equal(architecture(type), "amd64", type);
  });

  it("is a volume's lasting path", () => {
    const there = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0";
    assert.equal(volumePath("vol-0123456789abcdef0"), there);
  });

  it("is a virtual address outside the VPC", () => {
    assert.ok(isInside("10.10.0.0/16", "10.10.255.1"));
    assert.ok(!isInside("10.10.0.0/16", "10.11.0.1"));
    assert.ok(isInside("200.0.0.0/8", "200.1.2.3"));
  });

  it("is a policy that names each resource, where EC2 has rights by resource", () => {
    const statements = (text: string) =>
      (JSON.parse(text) as { Statement: { Sid: string; Action: string[]; Resource: string[] }[] }).Statement;
    const rights = { routeTables: ["arn:t"], interfaces: ["arn:n"], instances: ["arn:1", "arn:2"] };
    const all = statements(masterPolicy(rights));
    assert.deepEqual(
      all.filter(({ Resource }) => Resource.includes("*")).flatMap(({ Action }) => Action),
      ["ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables"],
    );
    assert.ok(all.every(({ Action }) => Action.every((name) => /^ec2:[A-Za-z]+$/.test(name))));
    const few = statements(masterPolicy({ ...rights, interfaces: [] }));
    assert.deepEqual(
      few.map(({ Sid }) => Sid),
      ["MoveRoute", "Fence", "Look"],
    );
    assert.match(ec2Trust, /"Service":"ec2\.amazonaws\.com"/);
    const granted = all.flatMap(({ Action }) => Action);
    const programs = ["aws/claim-address", "aws/fence-ec2"].map(nodeFile).join("");
    const called = [...programs.matchAll(/\.call\(settings, "(\w+)"/g)].map(([, name]) => `ec2:${name}`);
    assert.ok(called.length >= 7);
    for (const action of called) assert.ok(granted.includes(action), `${action} is called, and no right`);
  });

  it("opens no port to more than need it", () => {
    const open = ports.map(({ on, from, name, port }) => `${on}<${from} ${name} ${port}`);
    assert.deepEqual(new Set(open).size, open.length);
    assert.ok(
      !ports.some(
        ({ from, name }) => from === "clients" && ["drbd", "manager", "door", "ssh"].includes(name),
      ),
    );
    assert.ok(!ports.some(({ on, from }) => on === "masters" && from === "slaves"));
  });

  it("is the public half of a private key", () => {
    const { privateKey, publicKey } = sshKey("secret", "it");
    assert.equal(`${publicKeyOf(privateKey)} it`, publicKey);
    for (const other of [
      "",
      "-----BEGIN RSA PRIVATE KEY-----\nAAAA",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n",
    ])
      assert.throws(() => publicKeyOf(other), RangeError);
  });
});

describe("the user data of an instance", function () {
  this.timeout(300_000);
  const text = userData({
    name: "m1.example",
    user: "admin",
    authorizedKey: sshKey("operator", "op").publicKey,
    hostKey: sshKey("host", "m1"),
  });
  const [header = "", ...json] = text.split("\n");

  it("is what cloud-init's own schema takes", () => {
    assert.equal(header, "#cloud-config");
    const found = validate(json.join("\n"));
    assert.equal(found, "");
    assert.match(validate('{"users": 1, "runcmd": []}'), /is not valid|non-empty|should/);
  });

  it("is less than EC2 takes, 16 KiB", () => {
    assert.ok(Buffer.byteLength(text) < 16384);
  });
});

/** What cloud-init's schema has against a configuration; empty if nothing. */
function validate(config: string): string {
  const folder = path.join(cacheDir(), "cloud-init");
  const schema = path.join(
    folder,
    "usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json",
  );
  if (!existsSync(schema)) {
    mkdirSync(folder, { recursive: true });
    run("apt-get", ["download", "cloud-init"], folder);
    const [deb = ""] = readdirSync(folder).filter((file) => file.endsWith(".deb"));
    run("dpkg-deb", ["-x", deb, "."], folder);
  }
  const program =
    "import json,sys,jsonschema\n" +
    "checker = jsonschema.Draft4Validator(json.load(open(sys.argv[1])))\n" +
    "print(*[e.message for e in checker.iter_errors(json.load(sys.stdin))], sep='\\n')";
  return run(motoProgram("python"), ["-c", program, schema], folder, config).trim();
}

function run(command: string, args: string[], cwd: string, input = ""): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, input, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}
