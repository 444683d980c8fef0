import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { applyVm, removeVm } from "../../lab/apply";
import { vmName } from "../../lab/guest";
import { applyIdentity, removeIdentity } from "../../lab/identity";
import { running } from "../../lab/machines/choice";
import { MachineType } from "../../lab/machines/type";
import { namespace } from "../../lab/machines/uml/network";
import { labDir, nodeDir } from "../../lab/paths";
import { lanAddress, macAddress, reservePorts } from "../../lab/ports";
import type { VmSpec } from "../../lab/spec";
import { sshConfigFile } from "../../lab/sshConfig";
import { tryRun } from "../../lab/support";
import { killNode, linkDown, linkUp, netem, pauseNode, resumeNode, startNode, stopNode } from "../../lab/vm";

const STACK = "machines";
const ADDRESS = { m1: "10.10.1.11", m2: "10.10.1.12" } as const;
type Node = keyof typeof ADDRESS;
const NODES = Object.keys(ADDRESS) as Node[];

/** QEMU boots in a minute or more without KVM, so what wants another boot is shown with user-mode Linux alone. */
const boots = (machine: MachineType) => machine === MachineType.Uml;

for (const machine of Object.values(MachineType)) {
  describe(`the lab's machines, type ${machine}`, () => {
    const outer = process.env.HA_NFS_LAB_DIR;

    const spec = (name: Node): VmSpec => ({
      stack: STACK,
      name,
      memoryMiB: 384,
      cpus: 1,
      sshPort: reservePorts(STACK, NODES, { persist: true })[name] ?? 0,
      nics: [
        {
          role: "service",
          device: "eth1",
          mac: macAddress(STACK, name, "service"),
          group: lanAddress(STACK, "service"),
          address: `${ADDRESS[name]}/24`,
        },
      ],
      dataDiskMiB: 256,
      hosts: [],
      fences: NODES.filter((node) => node !== name),
      machine,
    });

    async function on(node: Node, command: string): Promise<string> {
      const direct = ["-o", "ControlMaster=no", "-o", "ControlPath=none"];
      const { code, stdout, stderr } = await tryRun("ssh", [
        "-F",
        sshConfigFile(STACK),
        ...direct,
        node,
        command,
      ]);
      assert.equal(code, 0, `${node}: ${command}: ${stderr}`);
      return stdout.trim();
    }

    const bootId = (node: Node) => on(node, "cat /proc/sys/kernel/random/boot_id");
    const reaches = (from: Node, to: Node) =>
      on(from, `ping -c3 -i0.3 -W1 ${ADDRESS[to]} >/dev/null && echo yes || echo no`);
    const asks = (node: Node, question: string) =>
      on(node, `exec 3<>/dev/tcp/10.0.2.100/7623; echo ${question} >&3; cat <&3`);

    /** Waits until the guest has booted anew. */
    async function bootedAnew(node: Node, before: string): Promise<void> {
      const deadline = Date.now() + 200_000;
      while ((await bootId(node).catch(() => before)) === before) {
        assert.ok(Date.now() < deadline, `${node} has not booted anew`);
        await sleep(200);
      }
    }

    before(async () => {
      process.env.HA_NFS_LAB_DIR = mkdtempSync(join(tmpdir(), "ha-nfs-machines-"));
      for (const node of NODES) await applyIdentity({ stack: STACK, node });
    });

    after(async () => {
      for (const node of NODES) {
        await removeVm({ stack: STACK, node });
        await removeIdentity({ stack: STACK, node });
      }
      rmSync(labDir(), { recursive: true, force: true });
      if (outer === undefined) delete process.env.HA_NFS_LAB_DIR;
      else process.env.HA_NFS_LAB_DIR = outer;
    });

    it("boot, with the same names of disks and NICs, and the kernel's modules", async () => {
      await Promise.all(NODES.map((node) => applyVm(spec(node))));
      assert.equal(running(STACK, "m1")?.machine.type, machine);
      assert.equal(await on("m1", "ls /dev/disk/by-id"), "virtio-data\nvirtio-root\nvirtio-seed");
      assert.equal(await on("m1", "cd /sys/class/net && echo *"), "eth0 eth1 lo");
      for (const module of [
        "drbd",
        "nfsd",
        "dm_flakey",
        "dm_delay",
        "sch_netem",
        "nf_tables",
        "veth",
        "softdog",
      ])
        await on("m1", `modprobe ${module}`);
      assert.match(await on("m1", "cat /proc/drbd"), /^version: 8\.4\./);
      assert.equal(await reaches("m1", "m2"), "yes");
    });

    it("lose and get back their cable, and what they send can be made late", async () => {
      await linkDown(STACK, "m1", "service");
      assert.equal(await reaches("m1", "m2"), "no");
      await linkUp(STACK, "m1", "service");
      assert.equal(await reaches("m1", "m2"), "yes");
      await netem(STACK, "m1", "service", "delay 300ms");
      assert.match(await on("m1", `ping -c1 ${ADDRESS.m2}`), /time=[3-9]\d\d/);
      await netem(STACK, "m1", "service", "off");
      await netem(STACK, "m1", "service", "off");
      assert.doesNotMatch(await on("m1", `ping -c2 ${ADDRESS.m2}`), /icmp_seq=2.*time=[3-9]\d\d /);
    });

    it("freeze and go on as the same boot", async () => {
      const before = await bootId("m1");
      pauseNode(STACK, "m1");
      assert.equal(await reaches("m2", "m1"), "no");
      assert.equal(running(STACK, "m1")?.paused, true);
      await assert.rejects(startNode(STACK, "m1"), /m1 is paused/);
      resumeNode(STACK, "m1");
      assert.equal(await bootId("m1"), before);
    });

    const itBoots = boots(machine) ? it : () => undefined;

    itBoots("start anew after a reboot and after a panic, with their disks", async () => {
      const first = await bootId("m1");
      await on("m1", "echo kept >/root/word; sync; systemctl reboot");
      await bootedAnew("m1", first);
      const second = await bootId("m1");
      await on(
        "m1",
        "echo 1 >/proc/sys/kernel/sysrq; (sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &",
      );
      await bootedAnew("m1", second);
      assert.equal(await on("m1", "cat /root/word"), "kept");
      assert.equal(await reaches("m2", "m1"), "yes");
    });

    it("have a fence device with power over their peer, and nobody else", async () => {
      assert.equal(await asks("m1", "status m2"), "on");
      assert.match(await asks("m1", "off m1"), /^error: no power over 'm1'; there is: m2$/);
      assert.equal(await asks("m1", "off m2"), "off");
      assert.equal(running(STACK, "m2"), undefined);
      assert.equal(await asks("m1", "status m2"), "off");
    });

    itBoots("switch their peer on again by it", async () => {
      assert.equal(await asks("m1", "on m2"), "on");
      assert.equal(await on("m2", "uname -n"), "m2");
    });

    itBoots("are stopped by their own power button, and killed without", async () => {
      await stopNode(STACK, "m2");
      assert.equal(running(STACK, "m2"), undefined);
      await startNode(STACK, "m2");
      assert.match(
        await on("m2", "journalctl -b -1 -o cat -n 50"),
        /Power Off|Powering off|Reached target.*Power-Off/i,
      );
      await killNode(STACK, "m2");
      assert.equal(running(STACK, "m2"), undefined);
    });

    it("are all of one type while one runs", async () => {
      const other = Object.values(MachineType).find((type) => type !== machine);
      await assert.rejects(applyVm({ ...spec("m2"), machine: other }), /run as \w+, and \w+ is asked for/);
      assert.equal(running(STACK, "m2"), undefined);
    });

    it("leave nothing behind", async () => {
      const own = NODES.map((node) => vmName(STACK, node));
      const directory = nodeDir(STACK, "m1");
      for (const node of NODES) await removeVm({ stack: STACK, node });
      for (const node of NODES) await removeIdentity({ stack: STACK, node });
      const { stdout: processes } = spawnSync("ps", ["-e", "-o", "args"], { encoding: "utf8" });
      for (const name of own) assert.ok(!processes.includes(name), name);
      assert.ok(!processes.includes(namespace(STACK)));
      assert.ok(!existsSync(`/run/netns/${namespace(STACK)}`));
      assert.ok(!existsSync(directory));
      assert.deepEqual(existsSync(labDir()) ? readdirSync(labDir()) : [], []);
    });
  });
}
