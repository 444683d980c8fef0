import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vmName } from "../../lab/guest";
import { qemuArguments } from "../../lab/machines/qemu/arguments";
import { umlArguments } from "../../lab/machines/uml/arguments";
import { managementTap, networkLines, tap } from "../../lab/machines/uml/network";
import { leastUsed, processorList } from "../../lab/machines/uml/processors";
import { seedFiles, tar } from "../../lab/seed";
import { specHash } from "../../lab/spec";
import { knownHosts, sshConfig } from "../../lab/sshConfig";
import { labHash } from "../../lab/paths";
import { masterSpec, useEmptyLab } from "./sandbox";

const sshNodes = [
  { name: "m1", port: 20123, hostKey: "ssh-ed25519 AAAA1" },
  { name: "m2", port: 20124, hostKey: "ssh-ed25519 AAAA2" },
];

describe("lab: ssh_config", () => {
  const text = sshConfig("/home/x y/100%/.lab/dev", "/tmp/ha-nfs-0123456789ab", sshNodes);

  it("pins each node's key and leaves nothing to the user's own configuration", () => {
    assert.equal(
      text,
      `# Written by the lab. ssh -F <this file> NODE

Host m1
  Port 20123
  HostKeyAlias m1

Host m2
  Port 20124
  HostKeyAlias m2

Host m1 m2
  HostName 127.0.0.1
  User root
  IdentityFile "/home/x y/100%%/.lab/dev/id_ed25519"
  IdentitiesOnly yes
  IdentityAgent none
  BatchMode yes
  UserKnownHostsFile "/home/x y/100%%/.lab/dev/known_hosts"
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  UpdateHostKeys no
  ConnectTimeout 15
  ServerAliveInterval 10
  ServerAliveCountMax 6
  ControlMaster auto
  ControlPath /tmp/ha-nfs-0123456789ab/%C
  ControlPersist 60
`,
    );
    assert.equal(knownHosts(sshNodes), "m1 ssh-ed25519 AAAA1\nm2 ssh-ed25519 AAAA2\n");
  });

  it("is what ssh understands, with room for the control socket's name", () => {
    const directory = mkdtempSync(join(tmpdir(), "lab-unit-"));
    const file = join(directory, "ssh_config");
    writeFileSync(file, text);
    const seen = execFileSync("ssh", ["-F", file, "-G", "m2"], { encoding: "utf8" });
    rmSync(directory, { recursive: true });
    for (const line of [
      "port 20124",
      "hostkeyalias m2",
      "stricthostkeychecking true",
      "identitiesonly yes",
    ]) {
      assert.ok(seen.includes(`${line}\n`), line);
    }
    const [, controlPath = ""] = /^controlpath (.*)$/m.exec(seen) ?? [];
    assert.ok(controlPath.length + ".0123456789abcdef".length < 108, controlPath);
  });
});

describe("lab: seed", () => {
  const keys = { hostPrivateKey: "HOST KEY\n", publicKey: "ssh-ed25519 AAAA dev" };
  const files = seedFiles(masterSpec(), keys);
  const content = (path: string) => files.find((file) => file.path === path)?.content ?? "";

  it("has the node's name, hosts, addresses and keys", () => {
    assert.equal(content("etc/hostname"), "m1\n");
    assert.equal(content("etc/hosts"), "127.0.0.1 localhost\n10.10.1.11 m1\n10.10.1.12 m2\n");
    assert.match(content("etc/lab/network.sh"), /^for device in eth0 eth1 eth2; do$/m);
    assert.ok(
      content("etc/lab/network.sh").endsWith(`
link set lo up
address replace 10.0.2.15/24 dev eth0
link set eth0 up
address replace 10.10.1.11/24 dev eth1
link set eth1 up
address replace 10.10.2.11/24 dev eth2
link set eth2 up
END
`),
    );
    assert.equal(content("etc/ssh/ssh_host_ed25519_key"), "HOST KEY\n");
    assert.equal(content("root/.ssh/authorized_keys"), "ssh-ed25519 AAAA dev\n");
  });

  it("is a tar archive that tar unpacks with the modes sshd insists on", () => {
    const directory = mkdtempSync(join(tmpdir(), "lab-unit-"));
    const archive = tar(files);
    assert.equal(archive.length % 10240, 0);
    execFileSync("tar", ["-C", directory, "-x"], { input: archive });
    for (const { path, mode, content } of files) {
      assert.equal((statSync(join(directory, path)).mode & 0o777).toString(8), mode.toString(8), path);
      if (!path.endsWith("/")) assert.equal(readFileSync(join(directory, path), "utf8"), content);
    }
    execFileSync("sh", ["-n", join(directory, "etc/lab/network.sh")]);
    rmSync(directory, { recursive: true });
  });
});

describe("lab: QEMU's arguments", () => {
  useEmptyLab();

  it("are the whole machine", () => {
    const machineId = labHash("machine", "dev", "m1").slice(0, 32);
    assert.deepEqual(
      qemuArguments(masterSpec(), "tcg").join(" ").split(" -"),
      `-name ${vmName("dev", "m1")}${specHash(masterSpec())}
-machine q35,sata=off,smbus=off
-accel tcg,thread=multi,tb-size=256
-cpu max,avx=off,avx2=off,la57=off
-smp 1
-m 640
-no-user-config
-nodefaults
-display none
-rtc base=utc,clock=host
-kernel kernel
-initrd initrd
-append root=/dev/vda rw net.ifnames=0 console=ttyS0 quiet mitigations=off audit=0 panic=5 systemd.default_device_timeout_sec=240 systemd.hostname=m1 systemd.machine_id=${machineId} clearcpuid=cx16
-drive if=none,id=root,format=raw,file=root.img,cache=unsafe
-device virtio-blk-pci,drive=root,serial=root
-drive if=none,id=data,format=raw,file=data.img,cache=writeback
-device virtio-blk-pci,drive=data,serial=data
-drive if=none,id=seed,format=raw,file=seed.tar,read-only=on
-device virtio-blk-pci,drive=seed,serial=seed
-netdev user,id=management-lan,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:20123-:22
-device virtio-net-pci,id=management,netdev=management-lan,mac=52:54:00:12:34:56,romfile=
-netdev socket,id=service-lan,mcast=239.1.1.1:20001,localaddr=127.0.0.1
-device virtio-net-pci,id=service,netdev=service-lan,mac=02:00:00:00:01:0b,romfile=
-netdev socket,id=link-lan,mcast=239.1.1.2:20002,localaddr=127.0.0.1
-device virtio-net-pci,id=link,netdev=link-lan,mac=02:00:00:00:02:0b,romfile=
-device virtio-rng-pci
-chardev socket,id=console,path=console.sock,server=on,wait=off,logfile=console.log
-serial chardev:console
-qmp unix:qmp.sock,server=on,wait=off
-pidfile qemu.pid
-daemonize`.split("\n-"),
    );
  });

  it("have no data disk when none is asked for, and KVM where it works", () => {
    const args = qemuArguments(masterSpec({ dataDiskMiB: 0 }), "kvm");
    assert.ok(!args.join(" ").includes("data"));
    assert.equal(args[args.indexOf("-accel") + 1], "kvm");
  });

  it("lead a guest that may fence others to its fence device, whatever the path", () => {
    const words = qemuArguments(masterSpec({ fences: ["m2"] }), "tcg").join(" ");
    assert.match(words, /,guestfwd=tcp:10\.0\.2\.100:7623-cmd:'[^' ]+\/dev\/m1\/fence'/);
    const before = process.env.HA_NFS_LAB_DIR;
    process.env.HA_NFS_LAB_DIR = "/a,b/it's";
    const odd = qemuArguments(masterSpec({ fences: ["m2"] }), "tcg").join(" ");
    process.env.HA_NFS_LAB_DIR = before;
    assert.ok(odd.includes(String.raw`-cmd:'/a,,b/it'\''s/dev/m1/fence'`), odd);
  });
});

describe("lab: user-mode Linux", () => {
  useEmptyLab();
  let cables: string[];
  beforeEach(() => (cables = ["management", "service", "link"].map((role) => tap("dev", "m1", role))));

  it("has the whole machine in its kernel's arguments", () => {
    const machineId = labHash("machine", "dev", "m1").slice(0, 32);
    assert.deepEqual(
      umlArguments(masterSpec()),
      `umid=${vmName("dev", "m1")} uml_dir=uml/ mem=640M seccomp=auto
ubd0=root.img,,root ubd1=data.img,,data ubd2r=seed.tar,,seed
vec0:transport=tap,ifname=${cables[0]},depth=128,gro=1,mac=52:54:00:12:34:56
vec1:transport=tap,ifname=${cables[1]},depth=128,gro=1,mac=02:00:00:00:01:0b
vec2:transport=tap,ifname=${cables[2]},depth=128,gro=1,mac=02:00:00:00:02:0b
con=null ssl=null ssl0=fd:0,fd:1
root=/dev/ubda rw net.ifnames=0 console=ttyS0 quiet mitigations=off audit=0 panic=5
systemd.default_device_timeout_sec=240 systemd.hostname=m1 systemd.machine_id=${machineId} lsm=capability pty.legacy_count=0 hostfs=/nonexistent sysctl.kernel.io_uring_disabled=2`.split(
        /\s/,
      ),
    );
    assert.ok(
      !umlArguments(masterSpec({ dataDiskMiB: 0 }))
        .join(" ")
        .includes("data"),
    );
  });

  it("makes only what its network lacks, and plugs every cable in", () => {
    const own = managementTap("dev", "m1");
    const fresh = networkLines(masterSpec(), new Set(["lo"]));
    assert.deepEqual(
      fresh.filter((line) => line.includes("add ")),
      [
        `tuntap add ${own} mode tap`,
        "link add br-service type bridge mcast_snooping 0",
        `tuntap add ${cables[1]} mode tap`,
        "link add br-link type bridge mcast_snooping 0",
        `tuntap add ${cables[2]} mode tap`,
      ],
    );
    const again = networkLines(masterSpec(), new Set(["lo", ...cables, "br-service", "br-link"]));
    assert.deepEqual(
      again,
      fresh.filter((line) => !/add |alias/.test(line)),
    );
    assert.ok(again.includes(`link set ${cables[1]} master br-service up`));
    for (const name of cables) assert.ok(name.length <= 15, name);
  });

  it("takes the processor with the fewest guests", () => {
    assert.deepEqual(processorList("0-2,5"), [0, 1, 2, 5]);
    assert.equal(
      leastUsed(
        new Map([
          [0, 2],
          [1, 1],
          [3, 1],
        ]),
      ),
      1,
    );
  });
});
