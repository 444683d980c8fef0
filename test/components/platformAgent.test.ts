import assert from "node:assert/strict";
import { buildCluster } from "./cluster";
import { dependencies, graph, type Registered } from "./graph";

describe("the agent of a platform that leads addresses by its own books", () => {
  let resources: Map<string, Registered>;
  before(async () => {
    const vars = { AWS_CONF: "conf\n" };
    const agent = {
      script: "aws/agent.sh",
      vars: { m1: vars, m2: vars },
      mover: "/usr/local/lib/ha-nfs/claim-address",
    };
    resources = await graph((opts) => buildCluster(opts, { agent }));
  });

  it("is on both masters before what asks it", async () => {
    const before = async (name: string, other: string) =>
      assert.ok(
        (await dependencies(resources.get(name))).includes(other),
        `${name} does not wait for ${other}`,
      );
    for (const host of ["m1", "m2"]) {
      await before(`nfs-masters-agent-${host}`, `nfs-masters-secrets-${host}`);
      await before(`nfs-fencing-${host}`, `nfs-masters-agent-${host}`);
    }
  });

  it("moves the address, which is in no network of the masters", () => {
    const text = String(resources.get("nfs-vip-m1")?.inputs["stdin"]);
    assert.match(text, /PREFIX=32\n[^]*MOVER=\/usr\/local\/lib\/ha-nfs\/claim-address\n/);
  });
});
