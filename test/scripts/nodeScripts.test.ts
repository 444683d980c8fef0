import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { vipConf, volumeConf } from "../../components/render/agent";
import { nodeFile } from "../../components/remote/hostScript";
import { Sandbox } from "./sandbox";

const nfs = {
  VOLUME: "data",
  MOUNT: "/srv/nfs",
  EXPORTS: "/srv/nfs/data 10.0.0.0/8(rw)\n",
  NFS_CONF: "[nfsd]\nthreads=8\n",
  VOLUME_CONF: volumeConf({ volume: "data", minor: 0, mount: "/srv/nfs", shares: ["data"] }),
  MOUNTD_UNIT: "[Service]\nExecStart=/bin/true\n",
  SERVICE: nodeFile("service"),
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
      sysctl: ":", // it would set this machine's
      // as exportfs does: it says what it does not understand, exports the rest, and ends with 0
      exportfs:
        "sed -n 's/(.*/(rw)/; s/ /\\t/p' /etc/exports.d/ha-nfs.exports >/var/lib/nfs/etab; test ! -e /exports-are-wrong || { : >/var/lib/nfs/etab; echo 'exportfs: syntax error' >&2; }",
    });
  });
  afterEach(() => box.remove());

  describe("nfs.sh", () => {
    const vars = nfs;
    const active = "mkdir -p /srv/nfs && mount -t tmpfs tmpfs /srv/nfs";
    beforeEach(() => {
      box.write("/var/lib/nfs/etab", "");
      box.write(
        "/etc/ha-nfs/vip.conf",
        vipConf({
          address: "10.0.0.1",
          aliases: [],
          prefixLength: 24,
          device: "lo",
          arpCount: 1,
          arpIntervalMs: 1,
        }),
      );
    });

    it("has nfsd give no delegations, and tells when it does", () => {
      const { calls } = box.run("nfs.sh", "apply", vars);
      assert.ok(calls.includes("sysctl --quiet --load /etc/sysctl.d/90-ha-nfs.conf"), calls.join("\n"));
      assert.match(box.read("/etc/sysctl.d/90-ha-nfs.conf"), /^fs\.leases-enable = 0$/m);
      const fake = "mount -t tmpfs tmpfs /proc/sys/fs; echo 1 >/proc/sys/fs/leases-enable";
      assert.match(box.run("nfs.sh", "verify", vars, fake).output, /drift: nfsd gives delegations/);
      assert.doesNotMatch(box.run("nfs.sh", "verify", vars, fake.replace("1", "0")).output, /delegations/);
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

    it("takes a complaint of exportfs for none while all of ours are exported", () => {
      box.run("nfs.sh", "apply", vars);
      box.stub(
        "exportfs",
        "echo '/etc/exports: duplicated' >&2; printf '/srv/nfs/data\\t10.0.0.0/8(ro)\\n' >/var/lib/nfs/etab",
      );
      const changed = { ...vars, EXPORTS: "/srv/nfs/data 10.0.0.0/8(ro)\n" };
      const { status, output } = box.run("nfs.sh", "apply", changed, active);
      assert.equal(status, 0, output);
      assert.equal(box.read("/etc/exports.d/ha-nfs.exports"), changed.EXPORTS);
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

  describe("vip.sh", () => {
    const conf = (address: string, ...aliases: string[]) => ({
      VOLUME: "data",
      MOUNT: "/srv/nfs",
      VIP_CONF: vipConf({ address, aliases, prefixLength: 24, device: "lo", arpCount: 1, arpIntervalMs: 1 }),
    });
    const service = "/usr/local/lib/ha-nfs/service";
    beforeEach(() => box.write(service, '#!/bin/sh\nprintf "<%s>" "$@" >/called\n', 0o755));
    const apply = (
      vars: Record<string, string>,
      setup = "mkdir -p /srv/nfs && mount -t tmpfs tmpfs /srv/nfs",
    ) => {
      box.exec("rm -f /called");
      const { status, output } = box.run("vip.sh", "apply", vars, setup);
      assert.equal(status, 0, output);
      return box.exists("/called") ? box.read("/called") : "";
    };

    it("has the master that serves leave the addresses that are gone, and only those", () => {
      assert.equal(apply(conf("10.9.9.1")), "", "at first there is none to leave");
      assert.equal(apply(conf("10.9.9.2", "10.9.9.1")), "<data><leave-addresses>");
      assert.equal(apply(conf("10.9.9.2")), "<data><leave-addresses><lo 10.9.9.1>");
      assert.equal(apply(conf("10.9.9.2")), "");
      assert.equal(apply(conf("10.9.9.3"), ":"), "", "the standby has no address");
    });

    it("gives its lock to nothing that it starts: a daemon would keep the next script waiting", () => {
      apply(conf("10.9.9.1"));
      box.write(service, "#!/bin/sh\n[ ! -e /proc/$$/fd/9 ] || echo lock >/called\n", 0o755);
      assert.equal(apply(conf("10.9.9.2")), "");
    });

    it("leaves no address for another prefix: its clients would lose their connections", () => {
      apply(conf("10.9.9.1"));
      const wide = conf("10.9.9.1");
      const changed = { ...wide, VIP_CONF: wide.VIP_CONF.replace("PREFIX=24", "PREFIX=16") };
      assert.equal(apply(changed), "<data><leave-addresses>");
    });
  });

  describe("base.sh", () => {
    const base = {
      NAME: os.hostname(),
      PACKAGES: "bash coreutils",
      NICS: "lo 127.0.0.1/8\n",
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

    it("refuses a host that has not the address which it is to have, before it changes anything", () => {
      const { status, output } = box.run("base.sh", "apply", {
        ...base,
        NICS: "lo 127.0.0.1/8\nlo 10.9.9.9/24\n",
      });
      assert.equal(status, 1);
      assert.match(
        output,
        /lo has not the address 10\.9\.9\.9\/24; there is: .*127\.0\.0\.1\/8.*Give it to it/,
      );
      assert.ok(!box.exists("/etc/systemd/system/nfs-server.service"));
    });

    it("refuses a host that calls itself otherwise, and says how to mend it", () => {
      const { status, output } = box.run("base.sh", "apply", { ...base, NAME: "m9" });
      assert.equal(status, 1);
      assert.match(output, /the configuration calls it m9.*hostnamectl set-hostname m9/);
    });
  });

  it("leave alone what another resource has applied since: a host that was renamed, or has another role", () => {
    const vars = { VOLUME: "data", MOUNT: "/srv/nfs", VIP_CONF: "VIP=10.10.1.100\n" };
    const vip = (action: string, owner: string) => box.run("vip.sh", action, vars, ":", owner);
    vip("apply", "nfs-vip-m1");
    vip("apply", "nfs-vip-nas1");
    const old = vip("remove", "nfs-vip-m1");
    assert.deepEqual([old.status, old.output], [0, "nothing is removed: it is nfs-vip-nas1's now\n"]);
    assert.ok(box.exists("/etc/ha-nfs/vip.conf"));
    assert.equal(vip("verify", "nfs-vip-nas1").status, 0);
    assert.equal(vip("remove", "nfs-vip-nas1").status, 0);
    assert.ok(!box.exists("/etc/ha-nfs/vip.conf"));
    assert.ok(!box.exists("/var/lib/ha-nfs/owner-vip.sh"));
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
    const shell = "'^#!/bin/(ba)?sh|shellcheck shell=bash'";
    execFileSync(
      "sh",
      ["-c", `shellcheck -x $(find components/scripts -type f -exec grep -lE ${shell} {} +)`],
      {
        stdio: "inherit",
      },
    );
  });
});
