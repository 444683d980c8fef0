import assert from "node:assert/strict";
import { quote } from "../../components/render/shell";
import type { DrillReport } from "../../scripts/drillReport";
import { Health } from "../../scripts/judge";
import { Fleet } from "./fleet";
import { type Outputs, TestStack } from "./stack";

const CONFIG = [
  "ha-nfs:vip: 10.10.1.100",
  "ha-nfs:lab: { dataDiskMiB: 512, slaveDiskMiB: 512 }",
  "ha-nfs:readPool: { vip: 10.10.1.101 }",
  "ha-nfs:pushTargets: [{ name: client, directory: /srv/app }]",
];
const TWO = "ha-nfs:slaves: [{ name: s1 }, { name: s2 }]";
const THREE = "ha-nfs:slaves: [{ name: s3 }, { name: s1 }, { name: s2 }]";

describe("slaves, a push target and a read address in the lab", () => {
  const stack = new TestStack("fleet");
  const fleet = new Fleet(stack);
  let outputs: Outputs;
  let url: string;

  const say = (text: string) => console.log(`        ${text}`);
  const since = (begun: number) => `${((Date.now() - begun) / 1000).toFixed(1)} s`;
  const client = (command: string, timeoutMs?: number) =>
    stack.on("client", `bash -c ${quote(command)}`, timeoutMs);
  const pool = (slave: string) =>
    client(
      `curl -s -o /dev/null -w '%{http_code}' http://${outputs.reads.slaves[slave]?.server}:9479/pool || :`,
    );

  before(async () => {
    stack.configure(...CONFIG, TWO);
    await stack.run("destroy"); // what an earlier run that was killed has left
  });

  after(async function () {
    this.timeout(300_000);
    await stack.run("destroy");
    stack.forget();
  });

  it("come up with the pair, and the second up changes nothing", async () => {
    const { status, log, seconds } = await stack.run("up");
    assert.equal(status, 0, log);
    say(`up: ${seconds.toFixed(0)} s`);
    outputs = await stack.outputs();
    url = outputs.reads.http?.url ?? assert.fail("no read address");
    const again = await stack.run("preview", "--expect-no-changes");
    assert.equal(again.status, 0, again.log);
    // the last steps of `up` start sshd and the daemon anew, which then meet again
    await fleet.until("the stack is redundant", 60, async () => {
      const { health, findings } = await fleet.status();
      if (health !== Health.Redundant) say(findings.join(" "));
      return health === Health.Redundant;
    });
  });

  it("have what a client writes, by HTTP and NFS at the read address, and in the push target's directory", async () => {
    const { mountCommand } = outputs.shares["data"] ?? assert.fail("no share data");
    await client(mountCommand);
    const seconds = await client(
      `echo hello >/mnt/data/greeting; begun=$EPOCHREALTIME
       until [ "$(curl -sf ${url}data/greeting)" = hello ]; do sleep 0.05; done
       echo "$begun $EPOCHREALTIME" | awk '{ printf "%.1f", $2 - $1 }'`,
    );
    say(`readable after ${seconds} s`);
    await fleet.converge();
    const reads = outputs.reads.nfs?.mountCommand ?? assert.fail("no NFS at the read address");
    assert.equal(await client(`${reads} && cat /mnt/reads/data/greeting`), "hello\n");
    await assert.rejects(client("touch /mnt/reads/data/x"), /Read-only/);
    assert.equal(await client("umount /mnt/reads; cat /srv/app/data/greeting"), "hello\n");
  });

  it("have names and files of every kind", async () => {
    await client(String.raw`mkdir -p /mnt/data/kinds && cd /mnt/data/kinds && touch plain
      printf x >$'new\nline' && printf x >'quote"s and '"'"'s' && printf x >-rf && printf x >$'not\xff\xfeutf8' && printf x >' '
      printf one >first && ln first second && ln first third && printf more >>second
      ln -s /etc/passwd leaves && ln -s ../greeting stays && ln -s nowhere dangles
      truncate -s 8M sparse && printf end >>sparse && head -c 5000000 /dev/urandom >big && mkfifo fifo
      perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1) or die $!'
      touch attributes && setfattr -n user.note -v kept attributes && mkdir -p a/b/c && chmod 700 a/b && : >gone && rm gone`);
    await stack.on(await fleet.active(), "cd /srv/nfs/data/kinds && touch acl && setfacl -m u:1234:r acl");
    await fleet.converge();
    const slave = (command: string) => stack.on("s1", `cd /srv/replica/data/kinds && ${command}`);
    assert.equal(await slave("stat -c %i first second third | uniq | wc -l"), "1\n");
    assert.match(await slave("getfattr -n user.note --only-values attributes"), /kept/);
    assert.match(await slave("getfacl -n acl"), /^user:1234:r--$/m);
    assert.ok(Number(await slave("du -k sparse | cut -f 1")) < 1000, "the sparse file is not sparse");
    assert.equal(await client(`curl -s -o /dev/null -w '%{http_code}' ${url}data/kinds/leaves`), "403");
  });

  it("do not miss the last of many edits of the same size within a second", async () => {
    await client("for i in $(seq 100 599); do echo $i >/mnt/data/edited; done");
    await fleet.converge();
    assert.equal(await client(`curl -s ${url}data/edited`), "599\n");
  });

  it("get a renamed directory as such, without its files", async () => {
    await client(
      "mkdir /mnt/data/before && cd /mnt/data/before && for i in $(seq 300); do echo $i >$i; done",
      300_000,
    );
    await fleet.converge();
    const sent = (await fleet.daemon()).slaves["s1"]?.files ?? NaN;
    await client("mv /mnt/data/before /mnt/data/after");
    await fleet.converge();
    const more = ((await fleet.daemon()).slaves["s1"]?.files ?? NaN) - sent;
    assert.ok(more < 10, `${more} files were sent`);
    await client("rm -r /mnt/data/after", 300_000);
    await fleet.converge();
  });

  /** Runs a command that starts the daemon anew on the active master. */
  async function restart(command: string): Promise<void> {
    const { journal } = await fleet.daemon();
    await stack.on(await fleet.active(), command);
    await fleet.until("the next daemon follows", 60, async () => {
      const daemon = await fleet.daemon();
      return daemon.journal.term > journal.term && daemon.slaves["s1"]?.state === "following";
    });
  }

  it("follow at once after a restart of the daemon, with what happened meanwhile", async () => {
    await restart(
      `systemctl stop ha-nfs-replicator; cd /srv/nfs/data; echo meanwhile >meanwhile; mkdir gone; rmdir gone
       systemctl start ha-nfs-replicator`,
    );
    await fleet.converge();
    assert.ok((await fleet.daemon()).feed.resumed);
  });

  it("miss nothing when the kernel's queue overflows", async () => {
    const active = await fleet.active();
    const queue = (events: number) =>
      restart(
        `sysctl -q fs.fanotify.max_queued_events=${events}; systemctl stop ha-nfs-replicator
         systemctl clean --what=fdstore ha-nfs-replicator && systemctl start ha-nfs-replicator`,
      );
    const events = await stack.on(active, "sysctl -n fs.fanotify.max_queued_events");
    await queue(1000);
    const watch = "$(pgrep -x watch)";
    await stack.on(
      active,
      `kill -STOP ${watch} || exit; mkdir /srv/nfs/data/many; cd /srv/nfs/data/many
       for i in $(seq 2000); do : >f$i; done; rm f1*; kill -CONT ${watch}`,
    );
    await fleet.converge(["s1", "s2"]);
    const { feed } = await fleet.daemon();
    assert.ok(feed.overflows > 0, "the queue has not overflowed");
    await queue(Number(events));
    await stack.on(active, "rm -r /srv/nfs/data/many");
    await fleet.converge();
  });

  it("lose no request over HTTP when a slave dies, and catch up when it is back", async () => {
    const load = client(
      `failed=0; for i in $(seq 150); do curl -sf --max-time 20 -o /dev/null ${url}data/greeting || failed=$((failed + 1)); done; echo $failed`,
      300_000,
    );
    await stack.run("lab", "kill", "s1");
    await client("echo while s1 is away >/mnt/data/away");
    assert.equal(await load, "0\n");
    await stack.run("lab", "start", "s1");
    await fleet.converge();
  });

  it("are read from at the same address when the proxy that has it dies", async () => {
    const dead = await fleet.proxy();
    await stack.run("lab", "kill", dead);
    const begun = Date.now();
    await client(`until curl -sf --max-time 1 -o /dev/null ${url}data/greeting; do sleep 0.1; done`);
    say(`the read address answers again after ${since(begun)}`);
    const heir = await fleet.proxy();
    assert.notEqual(heir, dead);
    await stack.run("lab", "start", dead);
    await fleet.until(
      "both proxies are up",
      180,
      async () => (await fleet.status()).health === Health.Redundant,
    );
    assert.equal(await fleet.proxy(), heir, "the address has moved back");
  });

  it("are not read from while they lag, and come back", async () => {
    const drained = async () =>
      /state="(DRAIN|NOLB)"[^\n]* 1/.test(
        await stack.on(
          "p1",
          `curl -s http://10.10.1.31:8404/metrics | grep 'server_status{proxy="slaves_http",server="s1"'`,
        ),
      );
    await stack.run("lab", "link-down", "s1", "link");
    await fleet.until(
      "s1 leaves the pool",
      60,
      async () => (await pool("s1")) === "404" && (await drained()),
    );
    assert.equal(await client(`curl -sf ${url}data/greeting`), "hello\n");
    await stack.run("lab", "link-up", "s1", "link");
    await fleet.until("s1 is back in the pool", 60, async () => (await pool("s1")) === "200");
    await fleet.until("s1 is read from", 60, async () => !(await drained()));
  });

  it("go on when one's disk is full, which says so and catches up when there is room", async () => {
    await stack.on(
      "s2",
      "head -c 1G /dev/zero >/srv/replica/.ha-nfs/filler || :", // root may fill ext4's reserve too
    );
    await client("head -c 3000000 /dev/urandom >/mnt/data/three");
    await fleet.converge(["s1", "client"]);
    await fleet.until("s2 is stuck", 60, async () => (await fleet.daemon()).slaves["s2"]?.state === "stuck");
    assert.match((await stack.run("status")).stdout, /s2 takes no changes: .*ENOSPC/);
    await stack.on("s2", "rm /srv/replica/.ha-nfs/filler");
    await fleet.converge();
  });

  it("are compared in full when somebody has wiped one, and only that one", async () => {
    const sent = (await fleet.daemon()).slaves["s1"]?.files ?? NaN;
    await stack.on("s2", "rm -rf /srv/replica/*");
    await client("echo after the wipe >/mnt/data/wiped");
    await fleet.converge();
    const more = ((await fleet.daemon()).slaves["s1"]?.files ?? NaN) - sent;
    assert.ok(more < 5, `${more} files were sent to s1`);
  });

  it("converge when the active master dies in the middle of a burst, and only what changed is sent", async () => {
    const burst = client(
      "mkdir /mnt/data/burst && cd /mnt/data/burst && for i in $(seq 600); do head -c 4096 /dev/urandom >$i; done",
      600_000,
    );
    const { status, stdout, log } = await stack.run("drill", "kill-active", "--json");
    assert.equal(status, 0, log);
    const { missing, stallSeconds } = JSON.parse(stdout) as DrillReport;
    assert.deepEqual(missing, []);
    await burst;
    const begun = Date.now();
    await fleet.converge();
    say(`stall ${stallSeconds.toFixed(1)} s; equal ${since(begun)} after the burst`);
    for (const [name, slave] of Object.entries((await fleet.daemon()).slaves)) {
      assert.equal(slave.comparing, undefined, `${name} is compared in full`);
      assert.ok(slave.files < 1200, `${slave.files} files were sent to ${name}`);
    }
  });

  it("come and go by the configuration, and touch nothing else", async () => {
    const active = await fleet.active();
    const events = await stack.on(active, "cat /run/ha-nfs/events");
    const journal = (await fleet.daemon()).journal.term;
    stack.configure(...CONFIG, THREE);
    const preview = await stack.run("preview");
    assert.match(preview.log, /\+ .*-s3 create/);
    assert.doesNotMatch(
      preview.log,
      /[-~+]+ .*(m1|m2|s1|s2|client|heartbeat|drbd)-?\S* (update|replace|delete)/,
    );
    const up = await stack.run("up");
    assert.equal(up.status, 0, up.log);
    say(`one more slave: ${up.seconds.toFixed(0)} s`);
    await fleet.converge(["s3"]);
    stack.configure(...CONFIG, TWO);
    const down = await stack.run("up");
    assert.equal(down.status, 0, down.log);
    assert.equal(
      Object.keys((await fleet.daemon()).slaves)
        .sort()
        .join(),
      "client,s1,s2",
    );
    assert.equal((await fleet.daemon()).journal.term, journal, "the daemon was restarted");
    assert.equal(
      await stack.on(active, "cat /run/ha-nfs/events"),
      events,
      "the service was started or stopped",
    );
  });

  it("have no key in clear in the state, in what was printed, or on a command line", async () => {
    const key = (await stack.on("m1", "cat /etc/ha-nfs/secrets/replication")).split("\n").slice(1, 4);
    const exported = (await stack.run("pulumi", "stack", "export", "--stack", stack.name)).stdout;
    assert.ok(exported.includes("nfs-replication-key-secret"));
    for (const line of key) {
      assert.ok(line.length >= 64);
      for (const text of [exported, stack.log, stack.processes("").join("\n")]) {
        assert.ok(!text.includes(line), "the masters' key is in clear");
      }
    }
  });
});
