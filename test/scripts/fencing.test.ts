import assert from "node:assert/strict";
import type * as net from "node:net";
import { nodeFile } from "../../components/remote/hostScript";
import { compareTimer, compareUnit, guardUnit, leaveUnit, witnessUnit } from "../../components/render/units";
import { code, fencing, standInDoor } from "./fencingVars";
import { Sandbox } from "./sandbox";

const LIB = "/usr/local/lib/ha-nfs";
const WANTS = "/etc/systemd/system/multi-user.target.wants";

const witness = { ...code, WITNESS_UNIT: witnessUnit(7791, ["10.10.1.11"]) };
const guard = {
  VOLUME: "data",
  GUARD: nodeFile("safety/guard"),
  UPKEEP_PY: nodeFile("safety/upkeep.py"),
  PARTS_PY: nodeFile("safety/parts.py"),
  MANAGER_PY: nodeFile("managers/heartbeat/manager.py"),
  METRICS_PY: nodeFile("safety/metrics.py"),
  ALONE: nodeFile("safety/alone"),
  LEAVE: nodeFile("safety/leave"),
  GIVE: nodeFile("safety/give"),
  SPLIT: nodeFile("safety/split"),
  COMPARE: nodeFile("safety/compare-disks"),
  COMPARE_UNIT: compareUnit,
  COMPARE_TIMER: compareTimer("weekly"),
  LEAVE_UNIT: leaveUnit("heartbeat.service"),
  WISH: nodeFile("safety/wish"),
  WAIT_PEER: nodeFile("safety/wait-peer"),
  GUARD_UNIT: guardUnit("heartbeat.service"),
};

describe("node scripts: fencing", () => {
  let box: Sandbox;
  let door: net.Server;
  before(async () => (door = await standInDoor()));
  after(() => door.close());
  beforeEach(() => {
    box = new Sandbox({ systemctl: "[[ $* != *is-active* ]] || test ! -e /unit-is-down" });
  });
  afterEach(() => box.remove());

  const restarts = (calls: string[]) => calls.filter((call) => /restart|stop/.test(call));

  describe("fencing.sh", () => {
    it("installs what DRBD runs, starts the door at boot and now, and changes nothing the second time", () => {
      const first = box.run("fencing.sh", "apply", fencing);
      assert.equal(first.status, 0, first.output);
      for (const file of ["fence-peer", "split-brain", "door"]) {
        assert.equal(box.mode(`${LIB}/${file}`), "755", file);
      }
      assert.equal(box.read(`${LIB}/rules.py`), fencing.RULES_PY);
      assert.equal(box.linkTarget(`${WANTS}/ha-nfs-door.service`), "/etc/systemd/system/ha-nfs-door.service");
      assert.ok(first.calls.includes("systemctl start ha-nfs-door.service"));
      const second = box.run("fencing.sh", "apply", fencing);
      assert.equal(second.output, "");
      assert.deepEqual(restarts(second.calls), []);
    });

    it("starts the door and the guards anew when their code changes, and not for the pair's settings, which it reads each time", () => {
      box.run("fencing.sh", "apply", fencing);
      const settings = box.run("fencing.sh", "apply", { ...fencing, FENCE_CONF: "ME=m2\n" });
      assert.match(settings.output, /wrote \/etc\/ha-nfs\/fence\.conf/);
      assert.deepEqual(restarts(settings.calls), []);
      for (const changed of ["RULES_PY", "WIRE_PY", "NODE_PY", "DOOR", "DOOR_UNIT"] as const) {
        const vars = { ...fencing, [changed]: `${fencing[changed]}\n# changed\n` };
        assert.deepEqual(
          restarts(box.run("fencing.sh", "apply", vars).calls),
          ["systemctl restart ha-nfs-door.service", "systemctl try-restart ha-nfs@*.service"],
          changed,
        );
        box.run("fencing.sh", "apply", fencing);
      }
    });

    it("gives up a peer for another one only where this node serves and the old peer is off", () => {
      const conf = (peer: string) => ({ ...fencing, FENCE_CONF: `ME=m1\nPEER=${peer}\nVOLUME=data\n` });
      const apply = (role: string, disks: string) => {
        box.stub("drbdadm", `case $1 in role) echo ${role} ;; dstate) echo ${disks} ;; esac`);
        return box.run("fencing.sh", "apply", conf("m3"));
      };
      assert.equal(box.run("fencing.sh", "apply", conf("m2")).status, 0);
      for (const [role, disks] of [
        ["Secondary/Primary", "UpToDate/UpToDate"],
        ["Primary/Secondary", "UpToDate/UpToDate"],
        ["Secondary/Unknown", "UpToDate/DUnknown"],
        ["Primary/Unknown", "Inconsistent/DUnknown"],
      ] as const) {
        const { status, output } = apply(role, disks);
        assert.equal(status, 1, role);
        assert.match(output, /m3 is to replace m2, and DRBD here is .*switchover -- --to .*switch m2 off/);
        assert.match(box.read("/etc/ha-nfs/fence.conf"), /^PEER=m2$/m);
      }
      assert.equal(apply("Primary/Unknown", "UpToDate/Outdated").status, 0);
      assert.match(box.read("/etc/ha-nfs/fence.conf"), /^PEER=m3$/m);
    });

    it("puts the old files back when the new door does not start", () => {
      box.run("fencing.sh", "apply", fencing);
      box.stub("systemctl", '[[ $* != "restart ha-nfs-door.service" ]]');
      const { status, output } = box.run("fencing.sh", "apply", { ...fencing, DOOR: "#!/bin/nonsense\n" });
      assert.equal(status, 1);
      assert.match(output, /the old files are back/);
      assert.equal(box.read(`${LIB}/door`), fencing.DOOR);
    });

    it("installs a device where there is one", () => {
      box.run("fencing.sh", "apply", fencing);
      assert.ok(!box.exists(`${LIB}/fence-device`));
      box.run("fencing.sh", "apply", { ...fencing, FENCE_DEVICE: nodeFile("safety/fence-lab") });
      assert.equal(box.mode(`${LIB}/fence-device`), "755");
    });

    it("says in verify what differs, and that the door is down", () => {
      box.run("fencing.sh", "apply", fencing);
      assert.equal(box.run("fencing.sh", "verify", fencing).status, 0);
      box.write(`${LIB}/rules.py`, "NO_PROOF = 7\n");
      const { status, output } = box.run("fencing.sh", "verify", fencing, "touch /unit-is-down");
      assert.equal(status, 3);
      assert.equal(output, `drift: ${LIB}/rules.py differs\ndrift: ha-nfs-door.service is down\n`);
    });

    it("removes what it wrote", () => {
      box.run("fencing.sh", "apply", fencing);
      box.exec(`/usr/bin/python3 -Ic 'import sys; sys.path.insert(0, "${LIB}"); import wire'`);
      assert.ok(box.exists(`${LIB}/__pycache__`));
      const { calls } = box.run("fencing.sh", "remove", fencing);
      assert.ok(!box.exists(`${LIB}/__pycache__`));
      assert.ok(calls.includes("systemctl stop ha-nfs-door.service"));
      for (const file of [`${LIB}/fence-peer`, `${LIB}/wire.py`, "/etc/ha-nfs/fence.conf"]) {
        assert.throws(() => box.read(file), file);
      }
      assert.equal(box.linkTarget(`${WANTS}/ha-nfs-door.service`), undefined);
    });
  });

  describe("witness.sh and witness-key.sh", () => {
    const key = { WITNESS_KEYS: "witness-secret-text-1\nwitness-secret-text-2\n" };

    it("install the witness, and change nothing the second time", () => {
      const first = box.run("witness.sh", "apply", witness);
      assert.equal(first.status, 0, first.output);
      assert.ok(first.calls.includes("systemctl start ha-nfs-witness.service"));
      assert.ok(!box.exists(`${LIB}/fence-peer`), "it has nobody to shoot");
      const second = box.run("witness.sh", "apply", witness);
      assert.equal(second.output, "");
      assert.deepEqual(restarts(second.calls), []);
      assert.equal(box.run("witness.sh", "verify", witness).status, 0);
      const down = box.run("witness.sh", "verify", witness, "touch /unit-is-down");
      assert.deepEqual([down.status, down.output], [3, "drift: ha-nfs-witness.service is down\n"]);
    });

    it("keep who went on alone when they go: a witness that forgets it would let the other go on too", () => {
      box.run("witness.sh", "apply", witness);
      box.write("/var/lib/ha-nfs/register", "m1 A:0:0:0\n");
      box.exec(`/usr/bin/python3 -Ic 'import sys; sys.path.insert(0, "${LIB}"); import wire'`);
      box.run("witness.sh", "remove", witness);
      assert.ok(!box.exists(`${LIB}/__pycache__`));
      assert.equal(box.read("/var/lib/ha-nfs/register"), "m1 A:0:0:0\n");
      assert.throws(() => box.read(`${LIB}/door`));
    });

    it("write the keys for root alone, print none, and take them away with what is left of old ones", () => {
      const { status, output } = box.run("witness-key.sh", "apply", key);
      assert.equal(status, 0, output);
      assert.doesNotMatch(output, /secret-text/);
      assert.equal(box.read("/etc/ha-nfs/secrets/witness"), key.WITNESS_KEYS);
      assert.equal(box.mode("/etc/ha-nfs/secrets/witness"), "600");
      assert.equal(box.mode("/etc/ha-nfs/secrets"), "700");
      assert.equal(box.mode("/etc/ha-nfs"), "755", "sshd reads authorized_keys there as the login");
      assert.equal(box.run("witness-key.sh", "verify", key).status, 0);
      box.run("witness-key.sh", "apply", { WITNESS_KEYS: "witness-secret-text-2\n" });
      assert.ok(!box.exists("/var/backups/ha-nfs/etc/ha-nfs/secrets/witness"), "an old key is not kept");
      box.write("/var/backups/ha-nfs/etc/ha-nfs/secrets/witness", "of an older ha-nfs\n", 0o600);
      box.run("witness-key.sh", "remove", key);
      assert.throws(() => box.read("/etc/ha-nfs/secrets/witness"));
      assert.throws(() => box.read("/var/backups/ha-nfs/etc/ha-nfs/secrets/witness"));
    });
  });

  describe("guard.sh", () => {
    it("installs the volume's guard, and changes nothing the second time", () => {
      const first = box.run("guard.sh", "apply", guard);
      assert.equal(first.status, 0, first.output);
      assert.ok(first.calls.includes("systemctl start ha-nfs@data.service"));
      assert.equal(box.linkTarget(`${WANTS}/ha-nfs@data.service`), "/etc/systemd/system/ha-nfs@.service");
      const second = box.run("guard.sh", "apply", guard);
      assert.equal(second.output, "");
      assert.deepEqual(restarts(second.calls), []);
    });

    it("installs what is asked and told the cluster manager as a program beside what it imports", () => {
      box.run("fencing.sh", "apply", fencing);
      box.run("guard.sh", "apply", guard);
      const { status, output } = box.exec(`${LIB}/manager.py nonsense`);
      assert.deepEqual(
        [status, output],
        [1, "nonsense: report, sees, is-settled, hand-over, rekey, events\n"],
      );
    });

    it("starts a changed guard anew, and never the service", () => {
      box.run("guard.sh", "apply", guard);
      const { calls } = box.run("guard.sh", "apply", { ...guard, UPKEEP_PY: "# changed\n" });
      assert.deepEqual(restarts(calls), ["systemctl restart ha-nfs@data.service"]);
    });

    it("starts no guard anew for what it does not import", () => {
      box.run("guard.sh", "apply", guard);
      for (const changed of ["WISH", "WAIT_PEER", "ALONE", "LEAVE", "SPLIT", "COMPARE"] as const) {
        const { output, calls } = box.run("guard.sh", "apply", { ...guard, [changed]: "#!/bin/sh\n" });
        assert.match(output, /^wrote /, changed);
        assert.deepEqual(restarts(calls), [], changed);
      }
    });

    it("has the polite end and the weekly comparison start with the node", () => {
      const { calls } = box.run("guard.sh", "apply", guard);
      assert.ok(calls.includes("systemctl start ha-nfs-leave@data.service"));
      for (const [unit, file] of [
        ["ha-nfs-leave@data.service", "ha-nfs-leave@.service"],
        ["ha-nfs-compare@data.timer", "ha-nfs-compare@.timer"],
      ]) {
        assert.equal(box.linkTarget(`${WANTS}/${unit}`), `/etc/systemd/system/${file}`);
      }
    });

    it("compares at another time, or not at all, where it is told to", () => {
      const timer = "/etc/systemd/system/ha-nfs-compare@.timer";
      box.run("guard.sh", "apply", guard);
      const later = { ...guard, COMPARE_TIMER: compareTimer("Sun 03:00") };
      const { calls } = box.run("guard.sh", "apply", later);
      assert.deepEqual(restarts(calls), ["systemctl restart ha-nfs-compare@data.timer"]);
      assert.match(box.read(timer), /^OnCalendar=Sun 03:00\nPersistent=no$/m);
      const never = { ...guard, COMPARE_TIMER: "" };
      assert.equal(box.run("guard.sh", "verify", never).output, `drift: ${timer} is there\n`);
      assert.ok(
        box.run("guard.sh", "apply", never).calls.includes("systemctl stop ha-nfs-compare@data.timer"),
      );
      assert.deepEqual(
        [box.exists(timer), box.linkTarget(`${WANTS}/ha-nfs-compare@data.timer`)],
        [false, undefined],
      );
      assert.equal(box.run("guard.sh", "verify", never).status, 0);
    });

    it("says in verify that it is down, and goes with all it wrote", () => {
      box.run("guard.sh", "apply", guard);
      const { status, output } = box.run("guard.sh", "verify", guard, "touch /unit-is-down");
      assert.deepEqual([status, output], [3, "drift: ha-nfs@data.service is down\n"]);
      box.run("guard.sh", "remove", guard);
      for (const file of [
        "guard",
        "upkeep.py",
        "parts.py",
        "manager.py",
        "metrics.py",
        "wish",
        "wait-peer",
        "leave",
      ]) {
        assert.throws(() => box.read(`${LIB}/${file}`), file);
      }
      assert.throws(() => box.read("/usr/local/sbin/ha-nfs-alone"));
      for (const unit of ["ha-nfs@data.service", "ha-nfs-leave@data.service", "ha-nfs-compare@data.timer"]) {
        assert.equal(box.linkTarget(`${WANTS}/${unit}`), undefined);
      }
    });
  });
});
