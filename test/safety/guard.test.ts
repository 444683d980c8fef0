import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { volumeConf } from "../../components/render/agent";
import { scriptText } from "../../components/render/shell";
import { library, nodeFile } from "../../components/remote/hostScript";
import { until } from "../until";
import { Machine } from "./machine";

const RUN = "/run/ha-nfs";

describe("safety: the guard, as a process", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => (n1 = await new Machine().ready()));
  afterEach(() => n1.end());

  const standbys = () => n1.count(/^hb_standby/);
  const events = () =>
    n1
      .text(`${RUN}/events`)
      .split("\n")
      .map((line) => line.split(" ").slice(1).join(" "));
  const reboots = () => n1.text("/stub/sysrq") === "b";

  it("starts, serves, and stops when it is told to", async () => {
    await n1.guard();
    await n1.is("stopped");
    assert.deepEqual(n1.wish("up"), { status: 0, output: "" });
    await n1.is("serving");
    assert.ok(n1.mounted);
    assert.match(n1.addresses, /10\.9\.9\.9\/24/);
    assert.equal(n1.text("/proc/fs/nfsd/threads"), "8");
    await until("it tells Prometheus", () =>
      n1.text(`${RUN}/metrics.prom`).includes('ha_nfs_serving{volume="data"} 1'),
    );
    assert.deepEqual(n1.wish("down"), { status: 0, output: "" });
    assert.ok(!n1.mounted);
    assert.doesNotMatch(n1.addresses, /10\.9\.9\.9/);
    assert.match(n1.text("/stub/drbd"), /ro:Secondary/);
    await n1.finds(/^$/);
    assert.ok(!reboots());
  });

  it("leaves what serves as it is when it ends, and takes it as it is when it is back", async () => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const { kill } = await n1.serving();
      const before = events();
      await kill(signal);
      assert.ok(n1.mounted, signal);
      await n1.guard();
      await n1.is("serving");
      await sleep(1200);
      assert.deepEqual(events(), before, signal);
      await kill("SIGKILL");
    }
  });

  it("ends what a guard has begun that was killed in the middle of a start", async () => {
    n1.put("/stub/get-gi-takes", "1");
    const { kill } = await n1.guard();
    n1.wish("up");
    await n1.is("starting");
    await kill("SIGKILL");
    await n1.guard();
    await n1.is("serving");
    assert.equal(n1.count(/^drbdsetup primary/), 2);
    assert.equal(n1.count(/^mount -t ext4/), 1, "the second finds it mounted");
  });

  it("ends what a guard has begun that was killed in the middle of a stop", async () => {
    n1.put("/stub/secondary-takes", "1");
    const { kill } = await n1.serving();
    n1.start(`/usr/local/lib/ha-nfs/wish down`);
    await n1.is("stopping");
    await kill("SIGKILL");
    await n1.guard();
    await n1.is("stopped");
    assert.match(n1.text("/stub/drbd"), /ro:Secondary/);
    assert.ok(!reboots());
  });

  describe("repairs in place", () => {
    for (const [part, breaks] of [
      ["nfsd", "echo 0 >/proc/fs/nfsd/threads"],
      ["nfsdcld", `kill $(<${RUN}/nfsdcld.pid)`],
      ["mountd", ": >/sys/fs/cgroup/system.slice/ha-nfs-mountd.service/cgroup.procs"],
      ["exports", ": >/var/lib/nfs/etab"],
      ["address", "ip address del 10.9.9.9/24 dev lo"],
    ] as const) {
      it(part, async () => {
        const { said } = await n1.serving();
        n1.sh(breaks);
        await until(`it is repaired: ${said()}`, () => said().includes(`repaired ${part}\n`));
        await sleep(1500);
        assert.equal(said().split("repaired").length, 2, said());
        assert.equal(n1.text(`${RUN}/state`), "serving");
        assert.equal(standbys(), 0);
        assert.match(n1.text(`${RUN}/metrics.prom`), /ha_nfs_repairs_total\{volume="data"\} 1$/m);
      });
    }

    it("not in maintenance, and says so", async () => {
      await n1.serving();
      n1.put(`${RUN}/maintenance`, "");
      n1.sh("echo 0 >/proc/fs/nfsd/threads");
      await n1.finds(/^maintenance: what fails is neither repaired nor moved/);
      assert.equal(n1.text("/proc/fs/nfsd/threads"), "0");
      n1.sh(`rm ${RUN}/maintenance`);
      await until("it is repaired", () => n1.text("/proc/fs/nfsd/threads") === "8");
      await n1.finds(/^$/);
    });
  });

  describe("leaves what a node script is changing to that script", () => {
    /** Another share, which the script exports after mountd has been restarted, and that takes long. */
    const changes = async () => {
      const vars = {
        VOLUME: "data",
        MOUNT: "/srv/nfs",
        EXPORTS: "/srv/nfs/data 10.0.0.0/8(rw)\n/srv/nfs/audit 10.0.0.0/8(rw)\n",
        NFS_CONF: "[nfsd]\nthreads=8\n",
        VOLUME_CONF: volumeConf({ volume: "data", minor: 0, mount: "/srv/nfs", shares: ["data"] }),
        MOUNTD_UNIT: "[Service]\nExecStart=/bin/true\n",
        SERVICE: nodeFile("service"),
        CONNECTIONS: n1.text("/usr/local/lib/ha-nfs/connections"),
      };
      const { said } = await n1.serving();
      n1.put("/stub/restart-takes", "3");
      n1.put("/stub/nfs.sh", scriptText("nfs.sh", "x", vars, library("nfs.sh"), nodeFile("nfs.sh")));
      const script = n1.start("echo $$ >/stub/script; exec bash -s -- apply </stub/nfs.sh");
      await until(`mountd is restarted: ${script.said()}`, () => n1.count(/^systemctl restart/) === 1);
      await sleep(1500);
      assert.doesNotMatch(n1.text("/var/lib/nfs/etab"), /audit/);
      assert.doesNotMatch(said(), /repair/);
      return { said, script };
    };

    it("to its end", async () => {
      const { said, script } = await changes();
      await until("the script ends", () => script.child.exitCode !== null);
      assert.equal(script.child.exitCode, 0, script.said());
      assert.match(n1.text("/var/lib/nfs/etab"), /audit/);
      await sleep(1200);
      assert.doesNotMatch(said(), /repair/);
      assert.equal(n1.text(`${RUN}/state`), "serving");
    });

    it("and no longer where it is killed", async () => {
      const { said } = await changes();
      n1.sh("rm /stub/restart-takes; kill -KILL $(</stub/script)");
      await until(`it is repaired: ${said()}`, () => said().includes("repaired exports\n"));
      assert.match(n1.text("/var/lib/nfs/etab"), /audit/);
    });
  });

  it("tries again what DRBD refuses, keeps it, and is not fit meanwhile", async () => {
    n1.put(
      "/stub/refuses",
      "0: State change failed: (-7) Refusing to be Primary while peer is not outdated\n",
    );
    n1.drbd({ connection: "WFConnection", roles: "Secondary/Unknown", disks: "UpToDate/DUnknown" });
    await n1.peer("fit");
    await n1.guard();
    n1.wish("up");
    await n1.is(/^refused: 0: State change failed: \(-7\)/);
    await until("it tries again", () => n1.count(/^drbdsetup primary/) > 1);
    assert.equal(standbys(), 0);
    n1.sh("rm /stub/refuses");
    await n1.is("serving");
  });

  it("does not start with data that the peer lacks and lacks what the peer has", async () => {
    n1.put("/var/lib/ha-nfs/split-brain", "");
    n1.drbd({ connection: "StandAlone", roles: "Secondary/Unknown", disks: "UpToDate/DUnknown" });
    await n1.guard();
    n1.wish("up");
    await n1.is(/^refused: split brain/);
    await n1.finds(/^split brain: both masters have writes that the other lacks$/);
    await sleep(2500);
    assert.equal(n1.count(/^drbdadm connect/), 0);
    n1.sh("rm /var/lib/ha-nfs/split-brain");
    await until("it connects", () => n1.count(/^drbdadm connect data$/) > 0);
    await n1.finds(/^$/);
  });

  it("frozen, it loses the connection again and again, so that DRBD asks its handler, and not while that is at it", async () => {
    await n1.serving();
    n1.drbd({
      connection: "WFConnection",
      roles: "Primary/Unknown",
      disks: "UpToDate/DUnknown",
      flags: "s-----",
    });
    n1.start(`flock ${RUN}/fence.lock bash -c 'until [[ -e /stub/proof-is-not-found ]]; do sleep 0.1; done'`);
    await n1.is("frozen");
    await n1.finds(/^no write is acknowledged: the handler does not end$/);
    await sleep(2500);
    assert.equal(n1.count(/^drbdadm (dis)?connect/), 0);
    n1.put(`${RUN}/no-proof`, "n2: silence\n");
    n1.put("/stub/proof-is-not-found", "");
    await until("it does so", () => n1.count(/^drbdadm connect/) > 1);
    assert.ok(n1.count(/^drbdadm disconnect/) > 1);
    await n1.finds(/^no write is acknowledged: n2: silence$/);
    n1.drbd({ connection: "WFConnection", roles: "Primary/Unknown", disks: "UpToDate/Outdated" });
    await n1.is("serving");
  });

  describe("a service that does not stop", () => {
    it("is stopped by a reboot, in its time", async () => {
      await n1.serving();
      n1.put("/stub/umount-hangs", "");
      n1.start("/usr/local/lib/ha-nfs/wish down");
      const began = Date.now();
      await until("it reboots", reboots);
      assert.ok(Date.now() - began < 6000);
    });

    it("has more time while DRBD writes", async () => {
      await n1.serving();
      n1.put("/stub/umount-hangs", "");
      n1.start("/usr/local/lib/ha-nfs/wish down");
      for (let written = 1; written < 5; written++) {
        n1.drbd({ roles: "Primary/Secondary", counters: `dw:${written} oos:0` });
        await sleep(800);
        assert.ok(!reboots());
      }
      await until("it reboots", reboots);
    });

    it("is not rebooted in maintenance", async () => {
      await n1.serving();
      n1.put(`${RUN}/maintenance`, "");
      n1.put("/stub/umount-hangs", "");
      n1.start("/usr/local/lib/ha-nfs/wish down");
      await n1.is("stopping: no end within 2 s");
      assert.ok(!reboots());
    });
  });

  describe("goes on", () => {
    it("with a full /run: it repairs, and stops", async () => {
      const { said } = await n1.serving();
      n1.sh(`cat /dev/zero >/run/full; cat /dev/zero >/run/fuller`);
      n1.sh("echo 0 >/proc/fs/nfsd/threads");
      await until(`it is repaired: ${said()}`, () => n1.text("/proc/fs/nfsd/threads") === "8");
      await sleep(2000);
      assert.equal(n1.text(`${RUN}/state`), "serving");
      assert.equal(n1.text(`${RUN}/fit`), "it is Primary, Connected");
      assert.deepEqual(n1.wish("down"), { status: 0, output: "" });
      assert.ok(!n1.mounted);
      assert.deepEqual(n1.wish("up"), { status: 0, output: "" });
      await n1.is(/^(starting|refused)/);
      n1.sh("rm /run/full /run/fuller");
      await n1.is("serving");
    });

    it("with garbage in its files: it serves, and stops", async () => {
      await n1.guard();
      for (const file of ["/var/lib/ha-nfs/verified", `${RUN}/alone`, `${RUN}/wish`, `${RUN}/state`]) {
        n1.sh(`printf '\\xff\\xfe\\nA' >${file}`);
      }
      await n1.is("stopped");
      n1.wish("up");
      await n1.is("serving");
      await n1.finds(/^$/);
      assert.match(n1.text(`${RUN}/metrics.prom`), /ha_nfs_serving\{volume="data"\} 1/);
      for (const text of ["", "one two"]) {
        n1.put("/var/lib/ha-nfs/verified", text);
        await sleep(1100);
        assert.equal(n1.text(`${RUN}/findings`), "", text);
      }
      assert.equal(n1.wish("down").status, 0);
    });

    it("where the poke's pid is that of another process by now: that one is not ended", async () => {
      const { kill } = await n1.guard();
      await kill("SIGKILL");
      const { output } = n1.sh(
        `sleep 1000 >/dev/null 2>&1 & echo $! >${RUN}/guard.pid; /usr/local/lib/ha-nfs/wish up; sleep 0.2; jobs`,
      );
      assert.match(output, /Running/);
    });

    it("where another one is started by hand: that one ends, and says why", async () => {
      const { said } = await n1.serving();
      const before = n1.text(`${RUN}/guard.pid`);
      const { status, output } = n1.sh("timeout 5 /usr/local/lib/ha-nfs/guard data");
      assert.deepEqual([status, output], [1, "another guard runs\n"]);
      assert.equal(n1.text(`${RUN}/guard.pid`), before);
      assert.equal(said().includes("repaired"), false);
    });
  });
});
