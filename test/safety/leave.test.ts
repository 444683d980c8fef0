import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../until";
import { Machine } from "./machine";

const LEAVE = "/usr/local/lib/ha-nfs/leave data";
const COMPARE = "/usr/local/lib/ha-nfs/compare-disks data";
const VERIFIED = "/var/lib/ha-nfs/verified";

describe("safety: leave and compare-disks", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => {
    n1 = await new Machine().ready();
    n1.sh("mkdir -p /run/ha-nfs");
  });
  afterEach(() => n1.end());

  const disconnects = () => n1.count(/^drbdadm disconnect data$/);
  /** It, until it has ended. */
  const ends = async ({ child }: ReturnType<Machine["start"]>) => {
    await until("it ends", () => child.exitCode !== null);
    return child.exitCode;
  };

  describe("leave", () => {
    for (const disk of ["UpToDate", "Inconsistent", "Diskless"]) {
      it(`waits with a disk that is ${disk} until the peer, whose data are whole, has taken over`, async () => {
        const connection = disk === "Inconsistent" ? "SyncTarget" : "Connected";
        n1.drbd({ connection, disks: `${disk}/UpToDate` });
        const left = n1.start(LEAVE);
        await sleep(600);
        assert.deepEqual([left.child.exitCode, disconnects()], [null, 0]);
        n1.drbd({ connection, roles: "Secondary/Primary", disks: `${disk}/UpToDate` });
        const began = Date.now();
        assert.equal(await ends(left), 0);
        assert.equal(disconnects(), 1);
        // its door is open for so long, for the primary asks
        assert.equal(Date.now() - began > 2900, disk === "Diskless");
      });
    }

    for (const [what, state] of [
      ["a peer that serves", { roles: "Secondary/Primary" }],
      ["a peer that cannot take over", { connection: "SyncSource", disks: "UpToDate/Inconsistent" }],
      ["no peer", { connection: "WFConnection", roles: "Secondary/Unknown", disks: "UpToDate/DUnknown" }],
    ] as const) {
      it(`waits not for ${what}`, () => {
        n1.drbd(state);
        const began = Date.now();
        assert.equal(n1.sh(LEAVE).status, 0);
        assert.ok(Date.now() - began < 900);
        assert.equal(disconnects(), 1);
      });
    }

    it("waits in vain no longer than for so many looks", () => {
      n1.sh("sed -i 's/tries < 100/tries < 10/' /usr/local/lib/ha-nfs/leave");
      const began = Date.now();
      assert.equal(n1.sh(LEAVE).status, 0);
      assert.ok(Date.now() - began > 1000);
      assert.equal(disconnects(), 1);
    });

    it("stops a service whose manager has died", async () => {
      const { kill } = await n1.guard();
      n1.wish("up");
      await n1.is("serving");
      await kill("SIGKILL");
      const left = n1.start(LEAVE);
      await until("it has stopped", () => n1.text("/stub/drbd").includes("Secondary/Secondary"));
      n1.drbd({ roles: "Secondary/Primary" });
      assert.equal(await ends(left), 0);
      assert.ok(!n1.mounted);
    });

    it("does not outdate the peer where the service does not stop", async () => {
      const { kill } = await n1.guard();
      n1.wish("up");
      await n1.is("serving");
      await kill("SIGKILL");
      n1.put("/stub/umount-hangs", "");
      n1.sh("sed -i 's/timeout 20/timeout 1/' /usr/local/lib/ha-nfs/leave");
      const { status, output } = n1.sh(`${LEAVE} </dev/null`);
      assert.equal(status, 1);
      assert.match(output, /it still serves/);
      assert.equal(disconnects(), 0);
    });

    it("ends where DRBD is down or its lock is held", () => {
      n1.put("/stub/drbd", "version: 8.4.11\n");
      assert.equal(n1.sh(LEAVE).status, 0);
      n1.sh("sed -i 's/flock -w 10/flock -w 1/' /usr/local/lib/ha-nfs/leave");
      const { status } = n1.sh(`flock /run/ha-nfs/promote.lock ${LEAVE}`);
      assert.equal(status, 1);
    });
  });

  describe("compare-disks", () => {
    const SERVES = { roles: "Primary/Secondary" };

    it("notes when, and what differs", async () => {
      n1.drbd(SERVES);
      const compared = n1.start(COMPARE);
      await until("it compares", () => n1.text("/stub/drbd").includes("cs:VerifyS"));
      n1.drbd({ ...SERVES, counters: "dw:0 oos:12" });
      assert.equal(await ends(compared), 0);
      assert.match(n1.text(VERIFIED), /^\d{10} 12$/);
    });

    for (const [what, state] of [
      ["on the standby", {}],
      ["while a disk is not whole", { ...SERVES, disks: "UpToDate/Inconsistent" }],
      ["without the peer", { connection: "WFConnection", roles: "Primary/Unknown" }],
      ["while it compares already", { ...SERVES, connection: "VerifyS" }],
    ] as const) {
      it(`compares nothing ${what}`, () => {
        n1.drbd(state);
        const { status, output } = n1.sh(COMPARE);
        assert.equal(status, 0);
        assert.match(output, /^only a master that serves, with a whole peer, compares: /);
        assert.deepEqual([n1.count(/verify/), n1.has(VERIFIED)], [0, false]);
      });
    }

    it("keeps the last result where the connection is lost, DRBD refuses, or its disk is full", async () => {
      n1.put(VERIFIED, "1 2\n");
      n1.drbd(SERVES);
      const compared = n1.start(COMPARE);
      await until("it compares", () => n1.text("/stub/drbd").includes("cs:VerifyS"));
      n1.drbd({ ...SERVES, connection: "WFConnection", counters: "dw:0 oos:12" });
      assert.equal(await ends(compared), 1);
      n1.drbd(SERVES);
      n1.put("/stub/verify-fails", "no memory\n");
      assert.equal(n1.sh(COMPARE).status, 1);
      assert.equal(n1.text(VERIFIED), "1 2");
      n1.sh(
        `rm /stub/verify-fails; /usr/bin/mount -t tmpfs -o size=4k tmpfs /var/lib/ha-nfs; echo 3 4 >${VERIFIED}`,
      );
      const full = n1.start(COMPARE);
      await until("it compares", () => n1.text("/stub/drbd").includes("cs:VerifyS"));
      n1.drbd(SERVES);
      assert.equal(await ends(full), 1);
      assert.equal(n1.text(VERIFIED), "3 4");
    });
  });
});
