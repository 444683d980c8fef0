import assert from "node:assert/strict";
import { VipMode } from "../../components/enums";
import { awsConf } from "../../components/render/awsAgent";

describe("what a master on EC2 reads", () => {
  const conf = {
    region: "eu-central-1",
    mode: VipMode.RouteTable,
    interfaceId: "eni-1",
    routeTableIds: ["rtb-1", "rtb-2"],
    instanceIds: { m1: "i-1", m2: "i-2" },
  };

  it("is the whole text", () => {
    assert.equal(
      awsConf(conf),
      `# made by ha-nfs
REGION=eu-central-1
EC2_URL=https://ec2.eu-central-1.amazonaws.com
IMDS_URL=http://169.254.169.254
MODE=route-table
ENI=eni-1
TABLES='rtb-1 rtb-2'
INSTANCES='m1=i-1 m2=i-2'
`,
    );
  });

  it("may name other endpoints, such as a VPC's own or a test's", () => {
    const text = awsConf({ ...conf, ec2Url: "http://10.0.0.9:5000", imdsUrl: "http://10.0.0.9:1338" });
    assert.match(text, /\nEC2_URL=http:\/\/10\.0\.0\.9:5000\nIMDS_URL=http:\/\/10\.0\.0\.9:1338\n/);
  });
});
