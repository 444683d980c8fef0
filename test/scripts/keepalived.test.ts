import assert from "node:assert/strict";
import { nodeFile } from "../../components/remote/hostScript";
import { Sandbox } from "./sandbox";

const LIB = "/usr/local/lib/ha-nfs";
const SCRIPT = "managers/keepalived/keepalived.sh";
const WANTS = "/etc/systemd/system/multi-user.target.wants";
const UNIT = "ha-nfs-keepalived.service";
const vars = {
  VRRP_CONF: "vrrp_instance data {\n}\n",
  VRRP_UNIT: "[Service]\nExecStart=/bin/true\n",
  OTHERS: "heartbeat.service",
};

describe("node scripts: keepalived", () => {
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox({
      systemctl:
        "case $* in *is-active*keepalived*) test -e /is-up ;; *is-active*) false ;; 'start --no-block'*) touch /is-up ;; reload*) test ! -e /reload-fails ;; esac",
      keepalived: "test ! -e /refuses",
    });
  });
  afterEach(() => box.remove());

  it("starts it once; the second time nothing is written, started anew or reloaded", () => {
    const first = box.run(SCRIPT, "apply", vars);
    assert.equal(first.status, 0, first.output);
    assert.ok(box.exists("/is-up"));
    assert.equal(box.linkTarget(`${WANTS}/${UNIT}`), `/etc/systemd/system/${UNIT}`);
    const second = box.run(SCRIPT, "apply", vars);
    assert.deepEqual([second.status, second.output], [0, ""]);
    assert.deepEqual(
      second.calls.filter((call) => /reload |restart|stop/.test(call)),
      [],
    );
  });

  it("reloads one that runs when its configuration changes, and never stops it", () => {
    box.run(SCRIPT, "apply", vars);
    const { calls } = box.run(SCRIPT, "apply", { ...vars, VRRP_CONF: "vrrp_instance data {\n# other\n}\n" });
    assert.ok(calls.includes(`systemctl reload ${UNIT}`), calls.join("\n"));
    assert.ok(!calls.some((call) => /restart|stop/.test(call)), calls.join("\n"));
  });

  it("has the old configuration back where keepalived refuses the new one, or does not take it", () => {
    box.run(SCRIPT, "apply", vars);
    for (const fault of ["/refuses", "/reload-fails"]) {
      box.write(fault, "");
      const { status, output } = box.run(SCRIPT, "apply", { ...vars, VRRP_CONF: "nonsense\n" });
      assert.equal(status, 1);
      assert.match(output, /the old (ones|files) are back/);
      assert.equal(box.read("/etc/ha-nfs/keepalived.conf"), vars.VRRP_CONF);
      box.exec(`rm ${fault}`);
    }
  });

  it("ends another manager first, and what that says of the service meanwhile does not count", () => {
    box.write(`${LIB}/wish`, nodeFile("safety/wish"), 0o755);
    box.exec(
      `mkdir -p ${WANTS} && ln -s /usr/lib/systemd/system/heartbeat.service ${WANTS}/heartbeat.service`,
    );
    box.exec("echo up >/var/lib/wish-before");
    box.stub(
      "systemctl",
      `case $* in
      *is-active*keepalived*) test -e /is-up ;;
      'start --no-block'*) touch /is-up ;;
      'stop heartbeat.service')
        ${LIB}/wish up; ${LIB}/wish down at-once; cp /run/ha-nfs/wish /wished ;;
      esac`,
    );
    const { status, output, calls } = box.run(SCRIPT, "apply", vars);
    assert.equal(status, 0, output);
    assert.equal(box.read("/wished"), "up\n");
    assert.ok(!box.exists(`${WANTS}/heartbeat.service`));
    const order = calls.filter((call) => /stop heartbeat|start --no-block/.test(call));
    assert.deepEqual(order, ["systemctl stop heartbeat.service", `systemctl start --no-block ${UNIT}`]);
    assert.equal(
      box.exec(`mkdir -p /run/ha-nfs; ${LIB}/wish down at-once; cat /run/ha-nfs/wish`).output,
      "down\n",
      "once the script has ended, it counts again",
    );
  });

  it("says in verify what differs, and takes its own away in the end", () => {
    box.run(SCRIPT, "apply", vars);
    const { status, output } = box.run(SCRIPT, "verify", { ...vars, VRRP_UNIT: "[Service]\n" });
    assert.equal(status, 3);
    assert.match(output, new RegExp(`^drift: /etc/systemd/system/${UNIT} differs$`, "m"));
    box.run(SCRIPT, "remove", vars);
    assert.ok(!box.exists("/etc/ha-nfs/keepalived.conf"));
    assert.ok(!box.exists(`${WANTS}/${UNIT}`));
  });
});
