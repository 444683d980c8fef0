import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../until";
import { Machine } from "./machine";

const RUN = "/run/ha-nfs";

describe("safety: the guard hands over", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => (n1 = await new Machine().ready()));
  afterEach(() => n1.end());

  const standbys = () => n1.count(/^hb_standby/);
  /** nfsd, which no repair brings back. */
  const ill = () => {
    n1.put("/stub/nfsd-fails", "");
    n1.sh("echo 0 >/proc/fs/nfsd/threads");
  };

  it("after three repairs, to nobody who is not there, not fit, or says what it does not know", async () => {
    await n1.serving();
    ill();
    await n1.finds(
      /^nfsd and others have needed more than 3 repairs within 60 s; and n2 cannot take it: shut$/,
    );
    for (const answer of ["its disk is Inconsistent", "fitter", ""]) {
      await n1.peer(answer);
      await n1.finds(new RegExp(`and n2 cannot take it: ${answer || "it is silent"}$`));
    }
    assert.equal(standbys(), 0);
  });

  it("to a peer that is fit, and no more than twice", async () => {
    await n1.peer("fit");
    await n1.serving();
    ill();
    await until("it hands over", () => standbys() === 1);
    await n1.finds(/it has moved 2 times within 10 minutes, and stays here now$/);
    await sleep(1500);
    assert.equal(standbys(), 2);
  });

  it("not, and repairs nothing, where the cluster manager heals: it says what is ill", async () => {
    n1.sh("sed -i 's/^HEALS = True/HEALS = False/' /usr/local/lib/ha-nfs/manager.py");
    const { said } = await n1.serving();
    n1.sh("echo 0 >/proc/fs/nfsd/threads");
    await n1.is("ill: nfsd");
    await sleep(1500);
    assert.equal(n1.text("/proc/fs/nfsd/threads"), "0");
    n1.sh("echo 8 >/proc/fs/nfsd/threads");
    await n1.is("serving");
    assert.doesNotMatch(said(), /repair/);
  });

  it("nor counts as ill, where the manager heals, an address that the guard itself has withdrawn", async () => {
    n1.sh("sed -i 's/^HEALS = True/HEALS = False/' /usr/local/lib/ha-nfs/manager.py");
    const { said } = await n1.serving();
    n1.sh(`kill -STOP $(<${RUN}/guard.pid)`);
    n1.drbd({ connection: "WFConnection", roles: "Primary/Unknown", flags: "s-----" });
    await sleep(3000); // paused for longer than ABSENT_S
    n1.sh(`kill -CONT $(<${RUN}/guard.pid)`);
    await until("the address is withdrawn", () => !n1.addresses.includes("10.9.9.9"));
    n1.drbd({ roles: "Primary/Secondary" });
    await until("the address is back", () => n1.addresses.includes("10.9.9.9"));
    await n1.is("serving");
    assert.match(said(), /repaired address/);
    assert.doesNotMatch(said(), /ill/);
    n1.sh("ip address del 10.9.9.9/24 dev lo");
    await n1.is("ill: address");
  });

  it("what is no move for heartbeat, which is down, counts as none, and it says why", async () => {
    n1.sh("mkfifo /stub/fifo");
    n1.put("/stub/heartbeat-hangs", "");
    await n1.peer("fit");
    await n1.serving();
    ill();
    await n1.finds(/; and heartbeat does not move it/, 30);
    await until("it tries again", () => standbys() > 2, 40);
    assert.doesNotMatch(n1.text(`${RUN}/findings`), /it has moved/);
  });

  for (const [what, breaks, why] of [
    [
      "whose disk is lost",
      () => n1.drbd({ roles: "Primary/Secondary", disks: "Diskless/UpToDate" }),
      /this node's disk is lost/,
    ],
    [
      "that has become read-only",
      () => n1.sh("/usr/bin/mount -o remount,bind,ro /srv/nfs"),
      /the volume is read-only/,
    ],
    [
      "that takes no write",
      () => n1.sh("cd /srv/nfs/.ha-nfs; rm -f probe; mkfifo probe; sleep 1000 <>probe >/dev/null 2>&1 &"),
      /the volume has taken no write for 3 s/,
    ],
  ] as const) {
    it(`a volume ${what}`, async () => {
      await n1.peer("fit, without the witness");
      const { said } = await n1.serving();
      breaks();
      await until(`it hands over: ${said()}`, () => standbys() > 0);
      assert.match(said(), why);
    });
  }

  it("no volume that is only full", async () => {
    n1.sh("/usr/bin/mount -t tmpfs -o size=64k tmpfs /volume; mkdir -p /volume/.ha-nfs");
    await n1.peer("fit");
    const { said } = await n1.serving();
    n1.sh("rm -f /volume/.ha-nfs/probe; cat /dev/zero >/volume/full");
    await until("the probe meets it", () => said().includes("No space left"));
    await sleep(4000);
    assert.equal(standbys(), 0);
    assert.equal(n1.text(`${RUN}/state`), "serving");
  });

  it("only to a peer that reaches the witness, where its own cable to it is cut", async () => {
    n1.fencing({ witness: "127.0.0.3" });
    n1.sh(
      "sed -i 's/CUT_OFF_S, IN_REACH_S = 10, 4/CUT_OFF_S, IN_REACH_S = 2, 1/' /usr/local/lib/ha-nfs/guard",
    );
    await n1.peer("fit, without the witness");
    await n1.serving();
    await n1.finds(/the witness is out of reach from here; and n2 cannot take it: fit, without the witness/);
    assert.equal(standbys(), 0);
    await n1.peer("fit");
    await until("it hands over", () => standbys() > 0);
  });

  it("nothing for a witness that answers again, whom it has only not asked since", async () => {
    n1.fencing({ witness: "127.0.0.3" });
    n1.sh(
      "cd /usr/local/lib/ha-nfs; sed -i 's/CUT_OFF_S, IN_REACH_S = 10, 4/CUT_OFF_S, IN_REACH_S = 2, 1/' guard",
    );
    n1.sh("cd /usr/local/lib/ha-nfs; sed -i 's/^    seconds = 2$/    seconds = 1000/' upkeep.py");
    await n1.peer("fit");
    const { said } = await n1.serving();
    await n1.witness("both");
    await sleep(4500);
    assert.equal(standbys(), 0, said());
    assert.equal(n1.text(`${RUN}/state`), "serving");
  });

  it("what it cannot start itself, and has stopped what it had begun", async () => {
    n1.put("/stub/mount-fails", "");
    await n1.peer("fit");
    const { said } = await n1.guard();
    n1.wish("up");
    await until("it hands over", () => standbys() > 0);
    assert.match(said(), /^refused: cannot mount \/dev\/drbd0 on \/srv\/nfs$/m);
    assert.match(n1.text("/stub/drbd"), /ro:Secondary/);
  });

  it("what it cannot even begin to start: its program is an empty file after a power cut", async () => {
    n1.put("/usr/local/lib/ha-nfs/service", "");
    await n1.peer("fit");
    const { said } = await n1.guard();
    n1.wish("up");
    await until("it hands over", () => standbys() > 0);
    assert.match(said(), /^refused: .*Exec format error/m);
  });

  it("what its disk is too old for, without asking DRBD", async () => {
    n1.drbd({ disks: "Inconsistent/UpToDate" });
    await n1.peer("fit");
    await n1.guard();
    n1.wish("up");
    await until("it hands over", () => standbys() > 0);
    assert.equal(n1.count(/^drbdsetup/), 0);
    assert.equal(n1.text(`${RUN}/state`), "refused: this node's disk is Inconsistent");
    await until("a finding", () => /disk is Inconsistent/.test(n1.text(`${RUN}/findings`)));
    n1.wish("down");
    await until("it finds nothing more", () => n1.text(`${RUN}/findings`) === "");
  });
});

describe("safety: the guard takes over", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => {
    n1 = await new Machine().ready();
    n1.drbd({ roles: "Secondary/Primary" });
  });
  afterEach(() => n1.end());

  it("from a peer that is stopping: it waits, asks DRBD nothing, and starts as soon as the peer has stopped", async () => {
    await n1.peer("it is Primary, Connected");
    await n1.guard();
    n1.wish("up");
    await n1.is("refused: n2 has not stopped");
    const before = n1.peerAsked;
    await sleep(1500);
    assert.ok(n1.peerAsked - before >= 5, `asked ${n1.peerAsked - before} times in 1.5 s`);
    assert.equal(n1.count(/^drbdsetup/), 0);
    n1.drbd({});
    await until("it starts", () => n1.count(/^drbdsetup primary/) > 0);
    await n1.is("serving");
  });

  it("from nobody where its cluster manager is down, and says so", async () => {
    n1.drbd({});
    await n1.guard();
    await until("it is fit", () => n1.text(`${RUN}/fit`) === "fit");
    n1.sh("kill $(</run/heartbeat.pid)");
    await until("it is not", () => n1.text(`${RUN}/fit`) === "its heartbeat is down");
  });

  it("from one that is silent: DRBD finds out, and the handler need not listen as long again", async () => {
    n1.sh("sed -i s/127.0.0.2/192.0.2.1/ /etc/ha-nfs/fence.conf");
    await n1.guard();
    n1.wish("up");
    await until("it asks DRBD", () => n1.count(/^drbdsetup primary/) > 0);
    await until("the silence is noted", () => n1.has(`${RUN}/silent`));
  });

  it("once more, and only once, where DRBD refuses for want of a proof: the proof may have come last", async () => {
    n1.put(
      "/stub/refuses",
      "0: State change failed: (-7) Refusing to be Primary while peer is not outdated\n",
    );
    n1.drbd({ connection: "WFConnection", roles: "Secondary/Unknown", disks: "UpToDate/DUnknown" });
    await n1.guard();
    n1.wish("up");
    await n1.is(/^refused: 0: State change failed: \(-7\)/);
    assert.equal(n1.count(/^drbdsetup primary/), 2);
  });
});
