import assert from "node:assert/strict";
import { Sandbox } from "./sandbox";

const vars = { VOLUME: "data", DEVICE: "/dev/drbd0" };
/** Says in /calls whether somebody else could change DRBD's state now. */
const LOCKED = `for lock in looking promote; do flock -n /run/ha-nfs/$lock.lock true && echo "$lock is free" >>/calls; done`;
const DRBDADM = `${LOCKED}
case $* in
"cstate data") echo Connected ;;
"dstate data") cat /dstate ;;
"role data") cat /role ;;
"show-gi data") echo 0000000000000004 ;;
*new-current-uuid*) echo UpToDate/UpToDate >/dstate ;;
esac`;

describe("node scripts: volume.sh", () => {
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox({
      drbdadm: DRBDADM,
      blkid: "cat /filesystem 2>/dev/null || exit 2",
      cmp: ":", // the device is blank
      "mkfs.ext4": `${LOCKED}\ntrue`,
    });
    box.write("/dstate", "Inconsistent/Inconsistent\n");
    box.write("/role", "Secondary/Secondary\n");
  });
  afterEach(() => box.remove());

  const changes = (calls: readonly string[]) =>
    calls.filter((call) => !/^(drbdadm (cstate|dstate|role|show-gi)|blkid|cmp)| is free$/.test(call));
  /** The changes that were made while a guard or a handler could have made its own. */
  const unlocked = (calls: readonly string[]) =>
    calls.filter((call, i) => changes([call]).length > 0 && / is free$/.test(calls[i + 1] ?? ""));

  it("makes two blank disks one volume with a file system, and nobody changes DRBD's state meanwhile", () => {
    const { status, output, calls } = box.run("volume.sh", "apply", vars);
    assert.equal(status, 0, output);
    assert.deepEqual(changes(calls), [
      "drbdadm -- --clear-bitmap new-current-uuid data/0",
      "drbdadm primary data",
      "mkfs.ext4 -q /dev/drbd0",
      "drbdadm secondary data",
      "drbdadm down data",
      "drbdadm up data",
    ]);
    assert.deepEqual(unlocked(calls), []);
  });

  it("takes a volume as it is", () => {
    box.write("/dstate", "UpToDate/UpToDate\n");
    box.write("/filesystem", "ext4\n");
    const { status, calls } = box.run("volume.sh", "apply", vars);
    assert.equal(status, 0);
    assert.deepEqual(changes(calls), ["drbdadm primary data", "drbdadm secondary data"]);
    assert.deepEqual(unlocked(calls), []);
  });

  it("leaves one alone that is in service, also where it is so only once the lock is free", () => {
    box.write("/role", "Secondary/Primary\n");
    assert.deepEqual(changes(box.run("volume.sh", "apply", vars).calls), []);
    box.write("/role", "Secondary/Secondary\n");
    const guard = `mkdir -p /run/ha-nfs; flock /run/ha-nfs/promote.lock bash -c 'sleep 1; echo Primary/Secondary >/role' >/dev/null 2>&1 &
      sleep 0.3`;
    const { status, calls } = box.run("volume.sh", "apply", vars, guard);
    assert.equal(status, 0);
    assert.deepEqual(changes(calls), []);
  });

  it("says whose lock it has waited for, and changes nothing", () => {
    box.stub("flock", "[[ $* != '-w 60 8' ]]");
    const { status, output, calls } = box.run("volume.sh", "apply", vars);
    assert.equal(status, 1);
    assert.match(output, /another change of DRBD's state takes too long/);
    assert.ok(!calls.some((call) => /primary|uuid/.test(call)));
  });

  it("does not stay primary where no file system can be made", () => {
    box.stub("mkfs.ext4", "exit 1");
    const { status, output, calls } = box.run("volume.sh", "apply", vars);
    assert.equal(status, 1);
    assert.match(output, /mkfs\.ext4 \/dev\/drbd0 has failed/);
    assert.equal(changes(calls).at(-1), "drbdadm secondary data");
  });
});
