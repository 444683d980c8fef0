import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { vmName } from "../../lab/guest";
import { namespace } from "../../lab/machines/uml/network";
import { stackDir } from "../../lab/paths";
import type { DrillReport } from "../../scripts/drillReport";
import { Health } from "../../scripts/judge";
import { Fleet } from "./fleet";
import { type Outputs, ROOT, TestStack } from "./stack";

const VIP = "ha-nfs:vip: 10.10.1.100";
/** The defaults are what the README's dev stack has; here is the rest: three networks, V8's metadata, ipfail, a slave. */
const OTHERS = [
  "ha-nfs:lab: { dataDiskMiB: 512, slaveDiskMiB: 512 }",
  "ha-nfs:replicationNetwork: 10.10.3.0/24",
  "ha-nfs:drbd: { metadata: external, port: 7789 }",
  "ha-nfs:heartbeat: { udpPort: 6940, pingNodes: [10.10.1.13] }",
  "ha-nfs:slaves: [{ name: s1 }]",
];
const AUDIT = [
  "ha-nfs:shares:",
  "  - { name: data }",
  "  - { name: audit, clients: [{ from: 10.10.1.13, access: ro, squash: all }] }",
];

describe("a stack in the lab, from nothing to nothing", () => {
  const stack = new TestStack("e2e");
  const fleet = new Fleet(stack);
  let outputs: Outputs;

  const say = (text: string) => console.log(`        ${text}`);
  const status = () => fleet.status();
  /** When each start, stop and repair of the service on a node began and ended. */
  const events = (node: string) => stack.on(node, "cat /run/ha-nfs/events 2>/dev/null || :");

  before(async () => {
    stack.configure(VIP, ...OTHERS);
    await stack.run("destroy"); // what an earlier run that was killed has left
  });

  after(async function () {
    this.timeout(300_000);
    await stack.run("destroy");
    stack.forget();
  });

  it("refuses a wrong configuration with every error at once, and registers nothing", async () => {
    stack.configure(
      "ha-nfs:vip: 10.9.0.1",
      'ha-nfs:heartbeat: { deadtime: "1s", keepalive: "2s" }',
      "ha-nfs:vpi: x",
    );
    const { status: code, log } = await stack.run("preview");
    assert.notEqual(code, 0);
    for (const key of ["ha-nfs:vip:", "ha-nfs:heartbeat.", "ha-nfs:vpi"]) {
      assert.ok(log.includes(key), `${key} is not in:\n${log}`);
    }
    assert.ok(!log.includes("NfsCluster"), log);
    stack.configure(VIP, ...OTHERS);
  });

  it("finishes an up that was killed half way", async () => {
    await stack.killWhen(/m1-vm.*creat/, "up");
    const { status: code, log, seconds } = await stack.run("up");
    assert.equal(code, 0, log);
    say(`up: ${seconds.toFixed(0)} s`);
    outputs = await stack.outputs();
  });

  it("is redundant, with the address in service", async () => {
    // the last steps of `up` may have started the replication's daemon, which says nothing for some seconds
    await fleet.until("the stack is redundant", 60, async () => {
      const { health, findings } = await status();
      if (health !== Health.Redundant) say(findings.join(" "));
      return health === Health.Redundant;
    });
  });

  it("has nothing to change the second time", async () => {
    const { status: code, log, seconds } = await stack.run("preview", "--expect-no-changes");
    assert.equal(code, 0, log);
    const again = await stack.run("up");
    assert.match(again.log, /\d+ unchanged/);
    assert.doesNotMatch(again.log, /[~+-]\s+\d+ (to )?(updated|created|deleted|replaced)/);
    say(`preview: ${seconds.toFixed(0)} s, up: ${again.seconds.toFixed(0)} s`);
  });

  it("mounts on the client by the output's own command, whose last word is the mount point", async () => {
    const { mountCommand } = outputs.shares["data"] ?? assert.fail("no share data");
    const directory = mountCommand.split(" ").at(-1) ?? "";
    await stack.on("client", `${mountCommand} && echo hello >${directory}/greeting && sync`);
    const active = await fleet.active();
    assert.equal(await stack.on(active, "cat /srv/nfs/data/greeting"), "hello\n");
  });

  it("squashes root, and lets no client reach the cluster's own state on the volume", async () => {
    assert.match(await stack.on("client", "stat -c %U /mnt/data/greeting"), /nobody/);
    await assert.rejects(stack.on("client", "ls /mnt/data/../.ha-nfs"));
    await assert.rejects(
      stack.on("client", "mkdir -p /run/x && mount -t nfs -o vers=4.2 10.10.1.100:/srv/nfs/.ha-nfs /run/x"),
    );
  });

  it("follows no symbolic link of a client's out of the volume, as the client does on its own side", async () => {
    assert.match(
      await stack.on("client", "ln -s /etc /mnt/data/out && cat /mnt/data/out/debian_version"),
      /^13/,
    );
    await assert.rejects(
      stack.on(await fleet.active(), "cat /srv/nfs/data/out/debian_version"),
      /Too many levels of symbolic links/,
    );
  });

  it("shows a reviewer the changed line, and changes exports in place without touching the service", async () => {
    const active = await fleet.active();
    const before = await events(active);
    stack.configure(VIP, ...OTHERS, ...AUDIT);
    const preview = await stack.run("preview", "--diff");
    assert.match(preview.log, /\+ .*\/srv\/nfs\/audit 10\.10\.1\.13\(ro,sync,no_subtree_check,all_squash/);
    assert.doesNotMatch(preview.log, /replace|heartbeat-m1|drbd-m1/);
    const { status: code, log } = await stack.run("up");
    assert.equal(code, 0, log);
    assert.match(await stack.on(active, "exportfs -s"), /\/srv\/nfs\/audit {2}10\.10\.1\.13\(.*ro/);
    assert.equal(await events(active), before, "the service was started, stopped or repaired");
    await stack.on(
      "client",
      "mkdir -p /run/audit && mount -t nfs -o vers=4.2 10.10.1.100:/srv/nfs/audit /run/audit",
    );
    await assert.rejects(stack.on("client", "touch /run/audit/x"), /Read-only/);
    await stack.on("client", "umount /run/audit");
    await stack.on(active, "echo audited >/srv/nfs/audit/x");
    // a client of this kernel that has looked for it too early goes on seeing nothing
    await stack.on(
      "s1",
      "for i in $(seq 60); do grep -q audited /srv/replica/audit/x && exit; sleep 0.5; done; exit 1",
    );
    const copy = await stack.on(
      "client",
      `for i in $(seq 30); do mount -t nfs -o ro,vers=4.2 10.10.1.21:/srv/replica/audit /run/audit && break; sleep 1; done
       for i in $(seq 30); do grep audited /run/audit/x && break; sleep 1; done; umount /run/audit`,
      120_000,
    );
    assert.equal(copy, "audited\n");
  });

  it("survives the loss of its active node with nothing acknowledged lost", async () => {
    const { status: code, stdout, log } = await stack.run("drill", "kill-active", "--json");
    assert.equal(code, 0, log);
    const report = JSON.parse(stdout) as DrillReport;
    say(
      `stall ${report.stallSeconds.toFixed(1)} s, ${report.acknowledged} acknowledged, ${report.missing.length} missing`,
    );
    say(`redundant again after ${report.redundantAfterSeconds?.toFixed(0)} s`);
    assert.deepEqual(report.missing, []);
    assert.ok(report.acknowledged > 100);
    assert.ok(report.stallSeconds < 30, `stall ${report.stallSeconds}`);
    assert.ok(report.stallSeconds > 1, "the active node was not lost");
    const grace = await stack.on(report.to, "journalctl -k -b -o cat | grep NFSD: | tail -n 1");
    assert.match(grace, /all clients done reclaiming, ending NFSv4 grace period/);
  });

  it("has the killed node back as a healthy standby, with the same data", async () => {
    const now = await status();
    assert.equal(now.health, Health.Redundant, JSON.stringify(now, null, 2));
    const standby = Object.entries(now.masters).find(([name]) => name !== now.active)?.[1];
    assert.ok(standby && !("unreachable" in standby));
    assert.equal(standby.drbd.disk, "UpToDate");
    assert.equal(standby.drbd.outOfSyncKiB, 0);
    assert.equal(await stack.on("client", "cat /mnt/data/greeting"), "hello\n");
  });

  it("has a slave that has it too, and goes on without a full comparison", async () => {
    await fleet.converge(["s1"]);
    assert.equal(await stack.on("client", "curl -sf http://10.10.1.21/data/greeting"), "hello\n");
    const { slaves } = await fleet.daemon();
    assert.equal(slaves["s1"]?.state, "following");
    assert.ok(slaves["s1"].files < 1000, `${slaves["s1"].files} files were sent`);
  });

  it("tells what somebody has changed on a node by hand, and mends it", async () => {
    const clean = await stack.run("verify");
    assert.equal(clean.status, 0, clean.log);
    await stack.on("m2", "sed -i s/deadtime/#deadtime/ /etc/ha.d/ha.cf");
    const { status: code, stdout } = await stack.run("verify");
    assert.equal(code, 1);
    assert.match(stdout, /DRIFT {2}nfs-heartbeat-m2\n\s+drift: \/etc\/ha\.d\/ha\.cf differs/);
    const mended = await stack.run("reapply", "m2");
    assert.equal(mended.status, 0, mended.log);
    assert.match(mended.stdout, /^nfs-heartbeat-m2\n\s+wrote \/etc\/ha\.d\/ha\.cf$/m);
    const again = await stack.run("verify");
    assert.equal(again.status, 0, again.log);
  });

  it("moves the service when its network is cut from the active node, and lives with the cut", async () => {
    const active = await fleet.active();
    const standby = active === "m1" ? "m2" : "m1";
    await stack.run("lab", "link-down", active, "service");
    const served = `for i in $(seq 120); do grep -q ' /srv/nfs ' /proc/mounts && exit; sleep 1; done; exit 1`;
    await stack.on(standby, served, 150_000);
    assert.equal(await stack.on("client", "cat /mnt/data/greeting", 150_000), "hello\n");
    assert.match((await status()).findings.join(" "), /heartbeat path over eth1 is dead/);
    await stack.run("lab", "link-up", active, "service");
    await stack.on(active, `for i in $(seq 60); do ping -c1 -W1 10.10.1.13 && exit; sleep 1; done; exit 1`);
  });

  it("never has two histories: a node with old data waits for the peer instead of serving", async () => {
    const active = await fleet.active();
    const standby = active === "m1" ? "m2" : "m1";
    await stack.run("lab", "kill", standby);
    await stack.on("client", "echo newer >/mnt/data/greeting && sync");
    await stack.on("client", "umount /mnt/data");
    await stack.run("lab", "kill", active);
    await stack.run("lab", "start", standby);
    await stack.on(
      standby,
      "for i in $(seq 60); do [ $(systemctl is-active heartbeat) = activating ] && exit; sleep 1; done; exit 1",
    );
    const alone = await status();
    assert.equal(alone.health, Health.Down);
    assert.match(alone.findings.join(" "), new RegExp(`${standby}: heartbeat waits for the peer's DRBD`));
    await stack.run("lab", "start", active);
    // either may serve then: both have the newest data
    for (let tries = 0; tries < 120 && (await status()).active === null; tries++) await sleep(1000);
    const { mountCommand } = outputs.shares["data"] ?? assert.fail("no share data");
    assert.equal(await stack.on("client", `${mountCommand} && cat /mnt/data/greeting`, 300_000), "newer\n");
    await fleet.converge(["s1"]);
  });

  it("has no secret in clear in the state, in what it printed, or on a command line", async () => {
    const secrets = [
      ...(
        await stack.on(
          "m1",
          "cd /etc/ha-nfs/secrets && sed -n 's/.* sha1 //p' authkeys && cat fence witness && cat drbd",
        )
      ).split("\n"),
      ...fs
        .readFileSync(path.join(stackDir(stack.name), "id_ed25519"), "utf8")
        .split("\n")
        .slice(1, 3),
      fs.readFileSync(path.join(ROOT, ".state/passphrase"), "utf8"),
    ].map((secret) => secret.trim());
    const exported = (await stack.run("pulumi", "stack", "export", "--stack", stack.name)).stdout;
    assert.ok(exported.includes("nfs-masters-drbd-secret"));
    for (const secret of secrets.filter((text) => text !== "")) {
      assert.ok(secret.length >= 16);
      for (const text of [exported, stack.log, stack.processes("").join("\n")]) {
        assert.ok(!text.includes(secret), "a secret is in clear");
      }
    }
  });

  it("leaves nothing behind when it is destroyed", async () => {
    const ports = Object.values(
      JSON.parse(fs.readFileSync(path.join(stackDir(stack.name), "ports.json"), "utf8")) as Record<
        string,
        number
      >,
    );
    const { status: code, log } = await stack.run("destroy");
    assert.equal(code, 0, log);
    for (const node of Object.keys(outputs.nodes)) {
      assert.deepEqual(stack.processes(vmName(stack.name, node)), []);
    }
    assert.deepEqual(stack.processes(stackDir(stack.name)), []);
    assert.ok(!fs.existsSync(`/run/netns/${namespace(stack.name)}`));
    const listening = fs.readFileSync("/proc/net/tcp", "utf8");
    for (const port of ports) {
      assert.ok(
        !listening.includes(`:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`),
        `${port}`,
      );
    }
    assert.ok(!fs.existsSync(stackDir(stack.name)));
    assert.ok(!fs.existsSync(path.join(ROOT, `.state/Pulumi.${stack.name}.yaml`)));
  });
});
