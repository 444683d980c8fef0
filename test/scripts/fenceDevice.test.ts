import assert from "node:assert/strict";
import type * as net from "node:net";
import { fencing, standInDoor } from "./fencingVars";
import { Sandbox } from "./sandbox";

describe("node scripts: fencing.sh and the fence device", () => {
  let box: Sandbox;
  let door: net.Server;
  before(async () => (door = await standInDoor()));
  after(() => door.close());
  beforeEach(() => {
    box = new Sandbox({ systemctl: "" });
  });
  afterEach(() => box.remove());

  const conf = 'ME=m1\nPEER=m2\nDEVICE="/power -v"\nDEVICE_SECONDS=1\n';
  const vars = { ...fencing, FENCE_CONF: conf };

  it("tells of the peer's power before anything relies on it", () => {
    for (const state of ["on", "off"]) {
      box.stub("/power", `echo "a warning" >&2; echo ${state}`);
      const { status, output, calls } = box.run("fencing.sh", "apply", vars);
      assert.equal(status, 0, output);
      assert.ok(calls.includes("power -v status m2"), calls.join());
      assert.equal(box.run("fencing.sh", "verify", vars).status, 0);
    }
  });

  for (const [what, body, says] of [
    ["fails", "echo no route >&2; exit 1", "(exit 1) no route"],
    ["hangs", "sleep 20", "(exit 124)"],
    ["says neither on nor off", "echo maybe", "maybe"],
    ["says nothing", ":", ""],
  ] as const) {
    it(`is an error where it ${what}, and a drift later`, () => {
      box.stub("/power", body);
      const failed = box.run("fencing.sh", "apply", vars);
      assert.equal(failed.status, 1);
      const complaint = `the fence device does not tell whether m2 is on: ${says}`;
      assert.ok(failed.output.replace(/ +/g, " ").includes(complaint), failed.output);
      const { status, output } = box.run("fencing.sh", "verify", vars);
      assert.equal(status, 3);
      assert.ok(output.replace(/ +/g, " ").includes(`drift: ${complaint}`), output);
    });
  }

  it("that is an agent comes from the package of its name, of its first part, or of all agents", () => {
    box.stub("/power", "echo on");
    for (const [agent, there, installed] of [
      ["fence_ipmilan", "fence-agents-ipmilan", "fence-agents-ipmilan"],
      ["fence_vmware_soap", "fence-agents-vmware", "fence-agents-vmware"],
      ["fence_ilo4", "", "fence-agents"],
    ] as const) {
      box.stub("apt-cache", `[[ $2 == "${there}" ]]`);
      box.stub("apt-get", `[[ $* != *install* ]] || install -m 755 /power /usr/sbin/${agent}`);
      const { status, output, calls } = box.run("fencing.sh", "apply", { ...vars, FENCE_AGENT: agent });
      assert.equal(status, 0, output);
      assert.ok(
        calls.includes(`apt-get -q -y install --no-install-recommends ${installed}`),
        calls.join("\n"),
      );
      const again = box.run("fencing.sh", "apply", { ...vars, FENCE_AGENT: agent });
      assert.ok(!again.calls.some((call) => call.startsWith("apt")));
    }
    box.stub("apt-get", ":");
    const { status, output } = box.run("fencing.sh", "apply", { ...vars, FENCE_AGENT: "fence_imagined" });
    assert.equal(status, 1);
    assert.match(output, /fence-agents of Debian has no fence_imagined/);
  });
});
