import assert from "node:assert/strict";
import { vipConf, volumeConf } from "../../components/render/agent";
import { nodeFile } from "../../components/remote/hostScript";
import { Sandbox } from "./sandbox";

const SIZE = 32 << 20;

describe("node scripts: what is on the disks", () => {
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox({ systemctl: ":", sleep: ":" });
  });
  afterEach(() => box.remove());

  describe("volume.sh", () => {
    const volume = "/volume";
    const making = "/var/lib/ha-nfs/making-data";
    const calls = (more: RegExp) => box.calls.filter((call) => more.test(call));
    beforeEach(() => {
      // as a connected pair with the same data on both disks
      box.stub(
        "drbdadm",
        `case $1 in
role) if [[ -e /primary ]]; then echo Primary/Secondary; else echo Secondary/Secondary; fi ;;
cstate) echo Connected ;;
dstate) echo UpToDate/UpToDate ;;
primary) touch /primary ;;
secondary) rm -f /primary ;;
esac`,
      );
      box.stub(
        "mkfs.ext4",
        'test ! -e /mkfs-dies || { kill -9 $PPID; exit 1; }; exec /usr/sbin/mkfs.ext4 -F "$@"',
      );
    });
    const apply = (setup = ":") =>
      box.run(
        "volume.sh",
        "apply",
        { VOLUME: "data", DEVICE: volume },
        `truncate -s ${SIZE} ${volume}; ${setup}`,
      );

    it("makes a file system on a blank volume, once", () => {
      const first = apply();
      assert.equal(first.status, 0, first.output);
      assert.equal(calls(/^mkfs/).length, 1);
      assert.ok(!box.exists("/primary") && !box.exists(making));
      const second = apply();
      assert.deepEqual([second.status, second.output, calls(/^mkfs/).length], [0, "", 0]);
      assert.ok(!box.exists("/primary"));
    });

    for (const [what, setup] of [
      ["that blkid cannot read, though it ends as for a blank one", "rm $v; mkdir $v"],
      ["on which blkid fails", "printf '#!/bin/sh\\nexit 4\\n' >/stubs/blkid; chmod +x /stubs/blkid"],
      ["with data that no tool knows", "printf x | dd of=$v bs=1 seek=9000000 conv=notrunc 2>/dev/null"],
      [
        "with a partition table",
        "printf '\\x83' | dd of=$v bs=1 seek=450 conv=notrunc 2>/dev/null; printf '\\x55\\xaa' | dd of=$v bs=1 seek=510 conv=notrunc 2>/dev/null",
      ],
    ] as const) {
      it(`makes none on a volume ${what}, and says what to do`, () => {
        const { status, output } = apply(`v=${volume}; ${setup}`);
        assert.equal(status, 1);
        assert.match(output, /\/volume is neither blank nor a file system, .*nothing was written.*blkid -p/);
        assert.deepEqual(calls(/^mkfs/), []);
        assert.ok(!box.exists("/primary"), "it stays a secondary");
      });
    }

    it("finishes a file system whose making was interrupted, also where the node has stayed primary", () => {
      const dead = apply("touch /mkfs-dies");
      assert.notEqual(dead.status, 0);
      assert.ok(box.exists("/primary") && box.exists(making));
      const { status, output } = apply(
        `rm /mkfs-dies; printf half | dd of=${volume} bs=1 seek=70000 conv=notrunc 2>/dev/null`,
      );
      assert.equal(status, 0, output);
      assert.match(output, /made the file system/);
      assert.ok(!box.exists("/primary") && !box.exists(making));
    });

    it("leaves a volume in service alone", () => {
      const { status } = apply("touch /primary");
      assert.deepEqual([status, calls(/primary|secondary|mkfs/)], [0, []]);
    });
  });

  describe("drbd.sh", () => {
    const data = "/dev/disk/by-partlabel/ha-nfs-data";
    /** A /dev of its own with a disk and the volume's partitions. */
    const devices = (...partitions: string[]) =>
      [
        "mount -t tmpfs tmpfs /mnt && cp -a /dev/null /dev/zero /mnt && ln -s /proc/self/fd /mnt/fd",
        "mknod /mnt/sdz b 7 250 && mkdir -p /mnt/disk/by-partlabel && mount --move /mnt /dev",
        ...partitions.map((file) => `mknod ${file} b 7 251`),
      ].join(" && ");
    const run = (action: string, metadata: "yes" | "no", setup = ":") =>
      box.run(
        "drbd.sh",
        action,
        {
          VOLUME: "data",
          DISK: "/dev/sdz",
          EXTERNAL_METADATA: metadata,
          SECRETS_GENERATION: "1",
          DRBD_GLOBAL: "x\n",
          DRBD_RESOURCE: "x\n",
        },
        setup,
      );
    beforeEach(() => {
      for (const name of ["drbdadm", "modprobe", "sgdisk"]) box.stub(name, ":");
      box.stub("lsblk", "test ! -e /is-part || case $* in *TYPE*) echo part ;; *) echo /dev/sdy ;; esac");
    });

    for (const [there, wanted, metadata, partitions] of [
      ["internal", "external", "yes", [data]],
      ["external", "internal", "no", [data, `${data}-meta`]],
    ] as const) {
      it(`refuses ${there} metadata that are to become ${wanted}, before it changes anything`, () => {
        const { status, output, calls } = run("apply", metadata, devices(...partitions));
        assert.equal(status, 1);
        assert.match(
          output,
          new RegExp(
            `has ${there} metadata, and drbd.metadata is ${wanted} now.*Nothing was changed\\. Set drbd\\.metadata back to ${there}\\..*wipefs --all --force /dev/sdz && dd `,
          ),
        );
        assert.ok(!calls.some((call) => /drbdadm|sgdisk/.test(call)), calls.join("\n"));
        assert.ok(!box.exists("/etc/drbd.d/data.res"));
      });
    }

    it("refuses a partition, and names its disk", () => {
      const { status, output } = run("apply", "no", `${devices()}; touch /is-part`);
      assert.equal(status, 1);
      assert.match(output, /\/dev\/sdz is a partition, .* such as \/dev\/sdy /);
    });

    it("is removed without the secrets", () => {
      box.write("/etc/drbd.d/data.res", "shared-secret\n");
      box.write("/var/backups/ha-nfs/etc/drbd.d/data.res", "an older one\n", 0o600);
      const { status, output } = run("remove", "no");
      assert.equal(status, 0, output);
      assert.ok(!box.exists("/etc/drbd.d/data.res"));
      assert.ok(!box.exists("/var/backups/ha-nfs/etc/drbd.d/data.res"));
    });
  });

  describe("service", () => {
    it("kills nobody when the volume is unmounted meanwhile: fuser takes the root file system then", () => {
      for (const name of ["rpc.nfsd", "exportfs", "fuser", "drbdadm", "ip"]) box.stub(name, ":");
      // it is busy for umount, and a moment later somebody else has unmounted it
      box.stub("umount", '/usr/bin/umount --lazy "$@"; exit 32');
      box.write(
        "/etc/ha-nfs/data.conf",
        volumeConf({ volume: "data", minor: 0, mount: "/srv/nfs", shares: ["data"] }),
      );
      const vip = { address: "10.9.9.9", aliases: [], prefixLength: 24, device: "lo" };
      box.write("/etc/ha-nfs/vip.conf", vipConf({ ...vip, arpCount: 1, arpIntervalMs: 1 }));
      box.write("/service", nodeFile("service"), 0o755);
      const { status, output, calls } = box.exec(
        "[[ ! -e /dev/kmsg ]] || mount --bind /dev/null /dev/kmsg; mkdir -p /srv/nfs; mount -t tmpfs tmpfs /srv/nfs; /service data stop",
      );
      assert.equal(status, 0, output);
      const fuser = calls.filter((call) => call.startsWith("fuser"));
      assert.deepEqual(fuser, ["fuser -Mmv /srv/nfs", "fuser --kill --ismountpoint --mount /srv/nfs"]);
    });
  });
});
