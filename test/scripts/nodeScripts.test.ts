import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { vipConf, volumeConf } from "../../components/render/agent";
import { nodeFile } from "../../components/remote/hostScript";
import { Sandbox } from "./sandbox";

const heartbeat = {
  VOLUME: "data",
  SECRETS_GENERATION: "1",
  HA_CF: "keepalive 500ms\n",
  HARESOURCES: "m1 hanfs::data\n",
  LOGD_CF: "logfacility daemon\n",
  LOGD_UNIT: "[Service]\nExecStart=/bin/true\n",
  HEARTBEAT_DROP_IN: "[Service]\n",
  WAIT_PEER: "#!/bin/sh\n",
};
const secrets = { HEARTBEAT_SECRET: "heartbeat-secret-text", DRBD_SECRET: "drbd-secret-text" };
const nfs = {
  VOLUME: "data",
  MOUNT: "/srv/nfs",
  EXPORTS: "/srv/nfs/data 10.0.0.0/8(rw)\n",
  NFS_CONF: "[nfsd]\nthreads=8\n",
  VOLUME_CONF: volumeConf({ volume: "data", minor: 0, mount: "/srv/nfs", shares: ["data"] }),
  MOUNTD_UNIT: "[Service]\nExecStart=/bin/true\n",
  HANFS: "",
  CONNECTIONS: "#!/bin/sh\n",
};

describe("node scripts", function () {
  let box: Sandbox;

  before(function () {
    if (process.getuid?.() !== 0) {
      throw new Error("these tests run node scripts in a mount namespace: run them as root");
    }
  });
  beforeEach(() => {
    box = new Sandbox({
      systemctl: ":",
      cl_status: "test -e /heartbeat-is-up",
      "/usr/libexec/heartbeat/heartbeat":
        "case $1 in -s) test -e /heartbeat-is-up ;; -r) test ! -e /reload-fails ;; esac",
      exportfs: "test ! -e /exports-are-wrong || echo 'exportfs: syntax error' >&2",
    });
  });
  afterEach(() => box.remove());

  /** systemctl start heartbeat.service starts it. */
  const startable = () =>
    box.stub("systemctl", '[[ "$*" != "start heartbeat.service" ]] || touch /heartbeat-is-up');

  describe("secrets.sh", () => {
    it("writes each secret into a file that root alone reads, and prints none", () => {
      const result = box.run("secrets.sh", "apply", secrets);
      assert.equal(result.status, 0, result.output);
      assert.doesNotMatch(result.output, /secret-text/);
      assert.equal(box.read("/etc/ha-nfs/secrets/drbd"), "drbd-secret-text");
      assert.equal(box.mode("/etc/ha-nfs/secrets/drbd"), "600");
      assert.equal(box.mode("/etc/ha-nfs/secrets"), "700");
    });

    it("changes nothing the second time, and takes the secrets away in the end", () => {
      box.run("secrets.sh", "apply", secrets);
      assert.equal(box.run("secrets.sh", "apply", secrets).output, "");
      assert.equal(box.run("secrets.sh", "verify", secrets).status, 0);
      box.run("secrets.sh", "remove", secrets);
      assert.ok(!box.exists("/etc/ha-nfs/secrets/drbd"));
    });
  });

  describe("heartbeat.sh", () => {
    beforeEach(() => {
      startable();
      box.run("secrets.sh", "apply", secrets);
    });

    it("starts heartbeat once; the second time nothing is written, started or reloaded", () => {
      const first = box.run("heartbeat.sh", "apply", heartbeat);
      assert.equal(first.status, 0, first.output);
      assert.ok(first.calls.includes("systemctl start heartbeat.service"));
      assert.equal(box.mode("/etc/ha.d/authkeys"), "600");
      assert.equal(box.read("/etc/ha.d/authkeys"), "auth 1\n1 sha1 heartbeat-secret-text\n");
      const second = box.run("heartbeat.sh", "apply", heartbeat);
      assert.equal(second.output, "");
      assert.ok(
        !second.calls.some((call) => /start heartbeat|heartbeat -r/.test(call)),
        second.calls.join("\n"),
      );
    });

    it("reloads a running heartbeat when ha.cf changes, and never stops it", () => {
      box.run("heartbeat.sh", "apply", heartbeat);
      const { calls, output } = box.run("heartbeat.sh", "apply", { ...heartbeat, HA_CF: "keepalive 1\n" });
      assert.match(output, /wrote \/etc\/ha\.d\/ha\.cf/);
      assert.ok(calls.includes("heartbeat -r"));
      assert.ok(!calls.some((call) => /stop|restart/.test(call)));
    });

    it("puts the old files back when the reload fails", () => {
      box.run("heartbeat.sh", "apply", heartbeat);
      const result = box.run(
        "heartbeat.sh",
        "apply",
        { ...heartbeat, HA_CF: "nonsense\n" },
        "touch /reload-fails",
      );
      assert.equal(result.status, 1);
      assert.match(result.output, /the old files are back/);
      assert.equal(box.read("/etc/ha.d/ha.cf"), heartbeat.HA_CF);
    });

    it("says in verify what differs, and changes nothing", () => {
      box.run("heartbeat.sh", "apply", heartbeat);
      box.write("/etc/ha.d/ha.cf", "edited by hand\n");
      const result = box.run("heartbeat.sh", "verify", heartbeat);
      assert.equal(result.status, 3);
      assert.equal(result.output, "drift: /etc/ha.d/ha.cf differs\n");
      assert.equal(box.read("/etc/ha.d/ha.cf"), "edited by hand\n");
    });

    it("removes what it wrote", () => {
      box.run("heartbeat.sh", "apply", heartbeat);
      const result = box.run("heartbeat.sh", "remove", heartbeat);
      assert.equal(result.status, 0, result.output);
      for (const file of ["/etc/ha.d/ha.cf", "/etc/ha.d/authkeys", "/usr/local/lib/ha-nfs/wait-peer"]) {
        assert.throws(() => box.read(file), file);
      }
    });
  });

  describe("nfs.sh", () => {
    const vars = { ...nfs, HANFS: nodeFile("hanfs") };
    const active = "mkdir -p /srv/nfs && mount -t tmpfs tmpfs /srv/nfs";
    beforeEach(() => {
      box.write(
        "/etc/ha-nfs/vip.conf",
        vipConf({ address: "10.0.0.1", prefixLength: 24, device: "lo", arpCount: 1, arpIntervalMs: 1 }),
      );
    });

    it("exports nothing on the standby", () => {
      const { status, calls, output } = box.run("nfs.sh", "apply", vars);
      assert.equal(status, 0, output);
      assert.ok(!calls.some((call) => call.startsWith("exportfs")));
    });

    it("re-exports on the active master when the exports change, and does nothing else", () => {
      box.run("nfs.sh", "apply", vars);
      const changed = { ...vars, EXPORTS: "/srv/nfs/data 10.0.0.0/8(ro)\n" };
      const { status, calls, output } = box.run("nfs.sh", "apply", changed, active);
      assert.equal(status, 0, output);
      assert.ok(calls.includes("exportfs -ra"));
      assert.ok(!calls.some((call) => /restart|stop/.test(call)), calls.join("\n"));
      assert.deepEqual(box.run("nfs.sh", "apply", changed, active).output, "");
    });

    it("takes exports back that exportfs does not understand", () => {
      box.run("nfs.sh", "apply", vars);
      const wrong = { ...vars, EXPORTS: "/srv/nfs/data nonsense(\n" };
      const result = box.run("nfs.sh", "apply", wrong, `${active}; touch /exports-are-wrong`);
      assert.equal(result.status, 1);
      assert.match(result.output, /syntax error/);
      assert.equal(box.read("/etc/exports.d/ha-nfs.exports"), vars.EXPORTS);
    });
  });

  describe("base.sh", () => {
    const base = {
      NAME: os.hostname(),
      PACKAGES: "bash coreutils",
      MASKED: "nfs-server.service rpcbind.socket",
      REPORT: "#!/bin/sh\n",
    };

    it("masks what ha-nfs starts itself, and changes nothing the second time", () => {
      assert.equal(box.run("base.sh", "apply", base).status, 0);
      assert.equal(box.linkTarget("/etc/systemd/system/nfs-server.service"), "/dev/null");
      const second = box.run("base.sh", "apply", base);
      assert.equal(second.output, "");
      assert.deepEqual(second.calls, []);
      box.run("base.sh", "remove", base);
      assert.equal(box.linkTarget("/etc/systemd/system/nfs-server.service"), undefined);
    });

    it("refuses a host that calls itself otherwise, and says how to mend it", () => {
      const { status, output } = box.run("base.sh", "apply", { ...base, NAME: "m9" });
      assert.equal(status, 1);
      assert.match(output, /the configuration calls it m9.*hostnamectl set-hostname m9/);
    });
  });

  describe("drbd.sh", () => {
    const image = path.join(os.tmpdir(), `ha-nfs-disk-${process.pid}`);
    let disk: string;
    beforeEach(() => {
      fs.writeFileSync(image, "");
      fs.truncateSync(image, 64 << 20);
      disk = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
      for (const command of ["modprobe", "udevadm"]) {
        box.stub(command, ":");
      }
      box.stub("sgdisk", "exit 1");
    });
    afterEach(() => {
      execFileSync("losetup", ["--detach", disk]);
      fs.rmSync(image);
    });

    const apply = (device = disk) =>
      box.run("drbd.sh", "apply", {
        VOLUME: "data",
        DISK: device,
        EXTERNAL_METADATA: "no",
        SECRETS_GENERATION: "1",
        DRBD_GLOBAL: "x\n",
        DRBD_RESOURCE: "x\n",
      });
    /** A master boot record with one Linux partition. */
    const mbr = Buffer.alloc(512);
    mbr.set([0, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 0, 1, 0], 446);
    mbr.set([0x55, 0xaa], 510);
    const digest = () => createHash("sha256").update(fs.readFileSync(image)).digest("hex");

    for (const [what, fill] of [
      ["a file system", () => execFileSync("mkfs.ext4", ["-q", disk])],
      ["a partition table", () => fs.writeFileSync(disk, mbr)],
      ["a swap area", () => execFileSync("mkswap", [disk], { stdio: "ignore" })],
      [
        "data that no tool knows",
        () => execFileSync("sh", ["-c", `printf x | dd of=${disk} bs=1 seek=9000000 2>&1`]),
      ],
    ] as const) {
      it(`refuses a disk with ${what}, and leaves it untouched`, () => {
        fill();
        const before = digest();
        const { status, output, calls } = apply();
        assert.equal(status, 1);
        assert.match(output, /is not blank.*Nothing was written.*wipefs/s);
        assert.ok(!calls.some((call) => call.startsWith("sgdisk")));
        assert.equal(digest(), before);
      });
    }

    it("partitions a blank disk", () => {
      const { calls, output } = apply();
      assert.deepEqual(calls, [`sgdisk --new=1:0:0 --change-name=1:ha-nfs-data ${disk}`], output);
    });

    it("names the disks there are when the disk is not there", () => {
      const { status, output } = apply("/dev/no-such-disk");
      assert.equal(status, 1);
      assert.match(output, /there is no block device \/dev\/no-such-disk; there are: \//);
    });
  });

  it("are clean for shellcheck, and their text as well", () => {
    execFileSync("sh", ["-c", "shellcheck -x $(find scripts/node -type f ! -name '*.pl' ! -name '*.py')"], {
      stdio: "inherit",
    });
  });
});
