import assert from "node:assert/strict";
import { nodeFile } from "../../components/remote/hostScript";
import { Sandbox } from "./sandbox";

const LIB = "/usr/local/lib/ha-nfs";

describe("node scripts: hanfs and wish", () => {
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox();
    box.write(`${LIB}/wish`, nodeFile("safety/wish"), 0o755);
    box.write("/hanfs", nodeFile("managers/heartbeat/hanfs"), 0o755);
  });
  afterEach(() => box.remove());

  const run = "/run/ha-nfs";
  const given = (wish: string, state: string) =>
    `mkdir -p ${run}; echo ${wish} >${run}/wish; echo ${state} >${run}/state`;

  it("start notes the wish and returns at once, whatever the service does", () => {
    const { status, output } = box.exec(`/hanfs data start && cat ${run}/wish`);
    assert.deepEqual([status, output], [0, "up\n"]);
  });

  it("start wakes the guard", () => {
    const sleeper = `mkdir -p ${run}; (trap 'echo woken >&2; exit' USR1; printf guard >/proc/$BASHPID/comm; echo $BASHPID >${run}/guard.pid; while :; do sleep 0.05; done) & while [[ ! -s ${run}/guard.pid ]]; do sleep 0.01; done`;
    const { status, output } = box.exec(`${sleeper}; /hanfs data start; wait`);
    assert.deepEqual([status, output], [0, "woken\n"]);
  });

  it("stop returns when the service has stopped, and not before", () => {
    const guard = `(while [[ $(<${run}/wish) == up ]]; do sleep 0.01; done; sleep 0.3; echo stopped >${run}/state) &`;
    const { status, output } = box.exec(
      `${given("up", "serving")}; ${guard} /hanfs data stop && cat ${run}/wish ${run}/state`,
    );
    assert.deepEqual([status, output], [0, "down\nstopped\n"]);
  });

  for (const [what, proc, unit, stays, met] of [
    [
      "heartbeat starts itself anew, and the peer cannot take it",
      "cs:WFConnection ro:Primary/Unknown",
      "active",
      true,
    ],
    ["systemd stops heartbeat", "cs:WFConnection ro:Primary/Unknown", "deactivating", false],
    ["the peer can take it", "cs:Connected ro:Primary/Secondary", "active", false],
    ["it does not serve", "cs:WFConnection ro:Secondary/Unknown", "active", false],
    ["the two have just met again", "cs:Connected ro:Primary/Secondary", "active", true, "now"],
    ["they have met again long ago", "cs:Connected ro:Primary/Secondary", "active", false, "15 seconds ago"],
  ] as const)
    it(`stop ${stays ? "leaves the service" : "stops"} where ${what}`, () => {
      box.stub("systemctl", `echo ${unit}`);
      box.write("/etc/ha-nfs/data.conf", "MINOR=0\n");
      box.write("/proc-drbd", `version: 8.4.11\n 0: ${proc} ds:UpToDate/DUnknown C r-----\n`);
      box.write("/hanfs", nodeFile("managers/heartbeat/hanfs").replace("/proc/drbd", "/proc-drbd"), 0o755);
      const { status } = box.exec(
        `${given("up", "stopped")}; ${met ? `touch -d '${met}' ${run}/met-again` : ":"}; /hanfs data stop; s=$?; cp ${run}/wish /wished; exit $s`,
      );
      assert.deepEqual([status, box.read("/wished")], [0, stays ? "up\n" : "down\n"]);
    });

  for (const [lock, wished] of [
    ["exclusively by who changes the manager", "up"],
    ["shared by who asks the same at this moment", "down"],
  ] as const)
    it(`down ${wished === "down" ? "counts" : "counts not"} while its lock is held ${lock}`, () => {
      const flag = wished === "down" ? "--shared" : "";
      const held = `exec 5>${run}/stay.lock; flock ${flag} 5; ${LIB}/wish down at-once 5>&-; cat ${run}/wish`;
      const { status, output } = box.exec(`${given("up", "serving")}; ${held}`);
      assert.deepEqual([status, output], [0, `${wished}\n`]);
    });

  it("stop of a service that has stopped returns at once", () => {
    const { status } = box.exec(`${given("down", "stopped")}; /hanfs data stop`);
    assert.equal(status, 0);
  });

  it("stop says why, when it does not come to its end", () => {
    box.stub("sleep", ":");
    const { status, output } = box.exec(`${given("up", "frozen")}; /hanfs data stop`);
    assert.deepEqual([status, output], [1, "the service has not stopped: frozen\n"]);
  });

  for (const [wish, state, word, code] of [
    ["up", "serving", "running", 0],
    ["up", "starting", "running", 0],
    ["up", "'refused: x'", "running", 0],
    ["up", "frozen", "running", 0],
    ["down", "serving", "running", 0],
    ["down", "stopped", "stopped", 3],
  ] as const) {
    it(`status with wish ${wish} and state ${state} is ${word}`, () => {
      const { status, output } = box.exec(`${given(wish, state)}; /hanfs data status`);
      assert.deepEqual([status, output], [code, `${word}\n`]);
    });
  }

  it("status before anybody has wished for anything is stopped", () => {
    const { status, output } = box.exec("/hanfs data status");
    assert.deepEqual([status, output], [3, "stopped\n"]);
  });

  it("refuses what it does not know", () => {
    assert.equal(box.exec("/hanfs data restart").status, 2);
  });
});
