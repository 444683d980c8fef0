import assert from "node:assert/strict";
import { cib } from "../../components/render/pacemaker";
import { nodeFile } from "../../components/remote/hostScript";
import { Sandbox } from "./sandbox";

const SCRIPT = "managers/pacemaker/pacemaker.sh";
const KEY = "/etc/ha-nfs/secrets/corosync";
const CONF = "/etc/corosync/corosync.conf";
const pacemaker = {
  SECRETS_GENERATION: "1",
  COROSYNC_CONF: "# made by ha-nfs\ntotem {\n}\n",
  COROSYNC_DROP_IN: "[Service]\n",
  PACEMAKER_DROP_IN: "[Service]\n",
  SERVICE_AGENT: "#!/bin/sh\n",
  FENCE_AGENT: "#!/bin/sh\n",
  OTHERS: "heartbeat.service ha-nfs-keepalived.service",
};

describe("node scripts: pacemaker.sh", () => {
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox({
      systemctl: "[[ $* != *is-active*@(heartbeat|keepalived)* ]]",
      corosync: "",
      "corosync-cfgtool": "",
      cibadmin: "",
    });
    box.write(CONF, "totem {\n  cluster_name: debian\n}\n");
    box.write(KEY, "old");
  });
  afterEach(() => box.remove());

  it("ends the cluster of one node that Debian's package makes, keeps its CIB, and leaves anybody else's alone", () => {
    box.write("/var/lib/pacemaker/cib/cib.xml", "<cib/>\n");
    box.write("/etc/corosync/corosync.conf", "totem {\n  cluster_name: shop\n}\n");
    const { status, output, calls } = box.run(SCRIPT, "apply", pacemaker);
    assert.equal(status, 1);
    assert.match(output, /this node is in another cluster of corosync's/);
    assert.ok(!calls.some((call) => call.includes("stop")), calls.join("\n"));
    assert.equal(box.read("/var/lib/pacemaker/cib/cib.xml"), "<cib/>\n");
    assert.match(box.read("/etc/corosync/corosync.conf"), /shop/);
    box.write("/etc/corosync/corosync.conf", "totem {\n  cluster_name: debian\n}\n");
    const own = box.run(SCRIPT, "apply", pacemaker);
    assert.equal(own.status, 0, own.output);
    assert.equal(box.exec("cat /var/backups/ha-nfs/cib-*.xml").output, "<cib/>\n");
  });

  it("stops what Debian's package has started, and the second time changes nothing", () => {
    const first = box.run(SCRIPT, "apply", pacemaker);
    assert.equal(first.status, 0, first.output);
    assert.ok(first.calls.includes("systemctl stop pacemaker.service corosync.service"));
    const { status, output, calls } = box.run(SCRIPT, "apply", pacemaker);
    assert.deepEqual([status, output], [0, ""]);
    assert.ok(!calls.some((call) => /cfgtool|systemctl stop/.test(call)), calls.join());
  });

  it("has both nodes' corosync take a changed key, and starts a changed configuration anew", () => {
    box.run(SCRIPT, "apply", pacemaker);
    const rotated = { ...pacemaker, SECRETS_GENERATION: "2" };
    box.write(KEY, "new");
    const { calls } = box.run(SCRIPT, "apply", rotated);
    assert.ok(calls.includes("corosync-cfgtool -R"));
    assert.ok(!calls.some((call) => call.includes("systemctl stop")));
    const other = box.run(SCRIPT, "apply", { ...rotated, COROSYNC_CONF: "# made by ha-nfs\ntotem {}\n" });
    const stop = other.calls.indexOf("systemctl stop pacemaker.service corosync.service");
    const start = other.calls.findIndex((call) => /systemctl start .*corosync/.test(call));
    assert.ok(0 <= stop && stop < start, other.calls.join("\n"));
  });

  it("has a corosync that runs take other votes and times, and the quorum device with it", () => {
    const conf = (token: number, votes: string) =>
      `# made by ha-nfs\ntotem {\n  token: ${token}\n}\nquorum {\n  ${votes}\n}\n`;
    box.run(SCRIPT, "apply", { ...pacemaker, COROSYNC_CONF: conf(600, "two_node: 1") });
    const { calls } = box.run(SCRIPT, "apply", { ...pacemaker, COROSYNC_CONF: conf(900, "device {\n  }") });
    const taken = calls.filter((call) => /cfgtool|systemctl (stop|try-restart)/.test(call));
    assert.deepEqual(taken, ["corosync-cfgtool -R", "systemctl try-restart corosync-qdevice.service"]);
    const without = box.run(SCRIPT, "apply", { ...pacemaker, COROSYNC_CONF: conf(900, "two_node: 1") });
    assert.equal(without.status, 0, without.output);
    assert.ok(!without.calls.some((call) => call.includes("corosync-qdevice")), without.calls.join("\n"));
  });

  it("puts back a configuration that corosync refuses, and stops nothing", () => {
    box.run(SCRIPT, "apply", pacemaker);
    box.stub("corosync", "echo no such key; exit 8");
    const bad = { ...pacemaker, COROSYNC_CONF: "# made by ha-nfs\nnonsense\n" };
    const { status, output, calls } = box.run(SCRIPT, "apply", bad);
    assert.equal(status, 1);
    assert.match(output, /the old ones are back: no such key/);
    assert.equal(box.read(CONF), pacemaker.COROSYNC_CONF);
    assert.ok(!calls.some((call) => call.includes("systemctl stop")));
  });

  it("takes no Pacemaker for one that runs before it answers", () => {
    box.run(SCRIPT, "apply", pacemaker);
    box.stub("cibadmin", "exit 102");
    const { status, output } = box.run(SCRIPT, "verify", pacemaker);
    assert.deepEqual([status, output], [3, "drift: Pacemaker is down\n"]);
  });

  it("removes what it wrote", () => {
    box.run(SCRIPT, "apply", pacemaker);
    const { status, output } = box.run(SCRIPT, "remove", pacemaker);
    assert.equal(status, 0, output);
    for (const file of [CONF, "/usr/sbin/fence_ha_nfs", "/usr/lib/ocf/resource.d/ha-nfs/service"]) {
      assert.throws(() => box.read(file), file);
    }
  });
});

describe("node scripts: cib.sh", () => {
  const vars = { PEER: "m2", CIB: cib({ volume: "data", nodes: ["m1", "m2"], fences: false }) };
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox({
      crm_node: "echo m1 m2",
      crmadmin: "",
      // of the CIB there is nothing, and what is ours is in it already or not
      cibadmin: "[[ $* != *xpath* ]] || test -e /is-loaded",
      crm_diff: "test -e /is-loaded",
    });
  });
  afterEach(() => box.remove());

  const run = (action: string, setup = ":") => box.run("managers/pacemaker/cib.sh", action, vars, setup);
  const load = /cibadmin --replace --scope configuration/;

  it("loads what is ours in one step", () => {
    const { status, output, calls } = run("apply");
    assert.deepEqual([status, output], [0, "loaded the CIB\n"]);
    assert.equal(calls.filter((call) => /cibadmin --create --scope/.test(call)).length, 4);
    assert.equal(calls.filter((call) => load.test(call)).length, 1);
  });

  it("loads nothing where crm_diff sees no difference, and says in verify where it does", () => {
    const { status, output, calls } = run("apply", "touch /is-loaded");
    assert.deepEqual([status, output], [0, ""]);
    assert.ok(!calls.some((call) => load.test(call)));
    assert.equal(run("verify").status, 0);
    const drifted = run("verify", "rm /is-loaded");
    assert.deepEqual([drifted.status, drifted.output], [3, "drift: the CIB differs\n"]);
  });

  it("takes another order for no difference, and a crm_diff that fails for no word", () => {
    const diff = (...operations: string[]) =>
      box.stub(
        "crm_diff",
        `${operations.map((each) => `echo '<change operation="${each}"/>';`).join("")} exit 1`,
      );
    box.stub("cibadmin", "");
    diff("move", "move");
    assert.equal(run("verify").status, 0);
    diff("move", "modify");
    assert.equal(run("verify").status, 3);
    box.stub("crm_diff", "exit 102");
    assert.equal(run("verify").status, 3);
  });

  it("has the cluster forget who is in no nodelist, and neither the pair nor a remote node", () => {
    const nodelist = "nodelist {\n  node {\n    name: m1\n  }\n  node {\n    name: m2\n  }\n}\n";
    box.write(CONF, `# made by ha-nfs\n${nodelist}`);
    const listed = ["m1", "m10", "m2"].map((name, id) => `<node id="${id}" uname="${name}"/>`).join("\n");
    box.stub("cibadmin", `[[ $* != *configuration/nodes* ]] || echo '${listed}'`);
    const { status, output, calls } = run("apply", "touch /is-loaded");
    assert.deepEqual([status, output], [0, "m10 is in the cluster no more\n"]);
    const gone = calls.filter((call) => call.includes("--remove"));
    assert.deepEqual(gone, ["crm_node --force --remove m10"]);
    assert.ok(calls.some((call) => call.includes("not(@type) or @type='member'")));
    assert.equal(run("verify", "touch /is-loaded").output, "drift: the cluster still has m10\n");
    box.write(CONF, nodelist);
    assert.equal(run("verify", "touch /is-loaded").output, "");
  });

  it("deletes what is ours no more, a constraint before its resource", () => {
    box.stub(
      "cibadmin",
      `[[ $* != *no-children* ]] || printf '<primitive id="%s" class="x"/>\n' ha-nfs-fence-m1 ha-nfs-data ha-nfs-fence-m1-elsewhere`,
    );
    const { calls } = run("apply");
    const gone = calls.flatMap((call) => /--delete .*@id='(.*)'/.exec(call)?.[1] ?? []);
    assert.deepEqual(gone, ["ha-nfs-fence-m1-elsewhere", "ha-nfs-fence-m1"]);
  });
});

describe("node scripts: the resource agent of Pacemaker", () => {
  const run = "/run/ha-nfs";
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox();
    box.write("/agent", nodeFile("managers/pacemaker/service"), 0o755);
    box.write("/etc/ha-nfs/data.conf", "MINOR=0\n");
    drbd("Secondary/Secondary");
  });
  afterEach(() => box.remove());

  const drbd = (roles: string, disks = "UpToDate/UpToDate") =>
    box.write("/proc-drbd", `version: 8.4.11\n 0: cs:Connected ro:${roles} ds:${disks} C r-----\n`);
  /** The agent's action, with a guard that says `then` once its wish is another; `before` is what it says first. */
  const agent = (action: string, before: string, then = before, seconds = 6) => {
    box.stub("/usr/local/lib/ha-nfs/wish", `echo ${then} >${run}/state`);
    return box.exec(
      `mkdir -p ${run}; echo "${before}" >${run}/state; HA_NFS_PROC_DRBD=/proc-drbd OCF_RESKEY_CRM_meta_timeout=${seconds}000 /agent ${action}`,
    );
  };

  for (const [state, code, reason] of [
    ["serving", 0, ""],
    ["frozen", 0, ""],
    ["ill: nfsd", 1, "nfsd"],
    ["stopped", 7, ""],
    ["refused: no proof", 7, ""],
  ] as const)
    it(`monitor ends with ${code} where the guard is at: ${state}`, () => {
      const { status, output } = agent("monitor", state);
      assert.deepEqual([status, output], [code, reason && `ocf-exit-reason:${reason}\n`]);
    });

  it("start ends once the guard serves", () => {
    const { status, calls } = agent("start", "stopped", "serving");
    assert.deepEqual([status, calls], [0, ["wish up"]]);
  });

  it("start fails, and wishes nothing, while the peer serves", () => {
    drbd("Secondary/Primary");
    const { status, output, calls } = agent("start", "stopped", "serving");
    assert.deepEqual([status, output, calls], [1, "ocf-exit-reason:the peer serves\n", []]);
  });

  it("start fails at once where the peer could have it, and else when its time is over", () => {
    const began = Date.now();
    assert.equal(agent("start", "stopped", '"refused: it hangs"', 60).status, 1);
    assert.ok(Date.now() - began < 5000);
    drbd("Secondary/Unknown", "UpToDate/DUnknown");
    const { status, output } = agent("start", "stopped", '"refused: no proof"', 7);
    assert.deepEqual([status, output], [1, "ocf-exit-reason:refused: no proof\n"]);
  });

  it("stop says why the service does not stop", () => {
    box.stub("/usr/local/lib/ha-nfs/wish", "echo it hangs; exit 1");
    const { status, output } = box.exec("OCF_RESKEY_CRM_meta_timeout=6000 /agent stop");
    assert.deepEqual([status, output], [1, "ocf-exit-reason:it hangs\n"]);
  });

  it("is not installed where there is no such volume, and says what it can", () => {
    assert.equal(box.exec("OCF_RESKEY_volume=other /agent monitor").status, 5);
    assert.equal(box.exec("/agent promote").status, 3);
    assert.match(
      box.exec("/agent meta-data").output,
      /<action name="monitor" timeout="20s" interval="2s"\/>/,
    );
  });
});
