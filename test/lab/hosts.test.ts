import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { applyVm, removeVm } from "../../lab/apply";
import { applyIdentity, removeIdentity } from "../../lab/identity";
import { lanAddress, macAddress, reservePorts } from "../../lab/ports";
import { sshConfigFile } from "../../lab/sshConfig";
import { tryRun } from "../../lab/support";
import { Health } from "../../scripts/judge";
import { Fleet } from "./fleet";
import { ROOT, TestStack } from "./stack";

const GUESTS = "guests";
const ADDRESSES = { m1: 11, m2: 12, h1: 21, h2: 22 } as const;
type Guest = keyof typeof ADDRESSES;
const NAMES = Object.keys(ADDRESSES) as Guest[];
const ROLES = ["service", "link"] as const;
const LAN = { service: "10.10.1", link: "10.10.2" } as const;
const DISK = "/dev/disk/by-id/virtio-data";

/** The lab's guests as what they are to a stack on `hosts`: machines with Debian, addresses and an SSH server. */
describe("a stack on machines that exist", () => {
  const stack = new TestStack("hosts");
  const fleet = new Fleet(stack);
  let ports: Readonly<Record<string, number>> = {};
  const hostKeys: Partial<Record<Guest, string>> = {};
  let privateKey = "";

  async function on(guest: Guest, command: string): Promise<string> {
    const { code, stdout, stderr } = await tryRun("ssh", ["-F", sshConfigFile(GUESTS), guest, command]);
    assert.equal(code, 0, `${guest}: ${command}: ${stdout}${stderr}`);
    return stdout;
  }
  const service = (guest: Guest) => `${LAN.service}.${ADDRESSES[guest]}`;
  const ssh = (guest: Guest) => `sshHost: 127.0.0.1, sshPort: ${ports[guest]}, hostKey: ${hostKeys[guest]}`;
  const base = (guest: Guest, name: string) =>
    `name: ${name}, serviceAddress: ${service(guest)}, serviceDevice: eth1, ${ssh(guest)}`;
  /** A machine with a data disk, in both networks. */
  const storage = (guest: Guest, name: string = guest) =>
    `{ ${base(guest, name)}, linkAddress: ${LAN.link}.${ADDRESSES[guest]}, linkDevice: eth2, dataDisk: ${DISK} }`;
  const target = (guest: Guest, name: string) => `{ ${base(guest, name)}, directory: /srv/app }`;

  /** What differs between the steps: who has which part, and the shares. */
  function configure(slaves: string[], targets: string[], witness: string, ...shares: string[]): void {
    stack.configure(
      "ha-nfs:platform: hosts",
      "ha-nfs:vip: 10.10.1.100",
      `ha-nfs:masters: [${storage("m1")}, ${storage("m2")}]`,
      `ha-nfs:slaves: [${slaves.join(", ")}]`,
      `ha-nfs:pushTargets: [${targets.join(", ")}]`,
      `ha-nfs:fencing: { witness: ${witness} }`,
      `ha-nfs:shares: [${shares.map((name) => `{ name: ${name} }`).join(", ")}]`,
    );
    // a person has it in the stack's file from then on
    const set = ["pulumi", "config", "set", "--secret", "ha-nfs:sshPrivateKey", "--stack", stack.name];
    const { status, stderr } = spawnSync("toolchain/run.sh", [...set, "--config-file", stack.config], {
      cwd: ROOT,
      input: privateKey,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
  }

  async function up(): Promise<string> {
    const { status, log, seconds } = await stack.run("up", "--yes");
    assert.equal(status, 0, log);
    console.log(`        up: ${seconds.toFixed(0)} s`);
    return log;
  }

  async function isWhole(): Promise<void> {
    await fleet.until("the stack is redundant", 60, async () => {
      const { health, findings } = await fleet.status();
      if (health !== Health.Redundant) console.log(`        ${health}: ${findings.join(" ")}`);
      return health === Health.Redundant;
    });
    const verified = await stack.run("verify");
    assert.equal(verified.status, 0, verified.log);
  }

  const write = (text: string) =>
    on(
      "h2",
      `mkdir -p /mnt/d && mount -t nfs -o vers=4.2 10.10.1.100:/srv/nfs/data /mnt/d &&
      echo ${text} >/mnt/d/file && sync -f /mnt/d/file && umount /mnt/d`,
    );
  const arrives = (guest: Guest, file: string, text: string) =>
    on(
      guest,
      `for i in $(seq 60); do grep -qx ${text} ${file} && exit; sleep 0.5; done; ls -lR ${file}; exit 1`,
    );

  /** The machines are gone with the guests. */
  const drop = () => stack.run("pulumi", "stack", "rm", "--yes", "--force", "--stack", stack.name);

  before(async () => {
    await drop(); // what an earlier run that was killed has left
    ports = reservePorts(GUESTS, NAMES, { persist: true });
    // the operator's own keys
    const agent = spawnSync("ssh-agent", ["-s"], { encoding: "utf8" }).stdout;
    for (const [, name = "", value] of agent.matchAll(/^(SSH_\w+)=([^;]+);/gm)) process.env[name] = value;
    await Promise.all(
      NAMES.map(async (name) => {
        const identity = await applyIdentity({ stack: GUESTS, node: name });
        privateKey = identity.privateKey;
        hostKeys[name] = identity.hostKey;
        await applyVm({
          stack: GUESTS,
          name,
          memoryMiB: 512,
          cpus: 1,
          sshPort: ports[name] ?? 0,
          nics: ROLES.map((role, i) => ({
            role,
            device: `eth${i + 1}`,
            mac: macAddress(GUESTS, name, role),
            group: lanAddress(GUESTS, role),
            address: `${LAN[role]}.${ADDRESSES[name]}/24`,
          })),
          dataDiskMiB: 512,
          hosts: NAMES.map((other) => ({ name: other, address: service(other) })),
        });
        // the masters reach a host's sshd at the port by which we do
        await on(
          name,
          `printf 'Port 22\\nPort ${ports[name]}\\n' >/etc/ssh/sshd_config.d/port.conf && systemctl restart ssh`,
        );
      }),
    );
  });

  after(async () => {
    spawnSync("ssh-agent", ["-k"]);
    await drop();
    for (const node of NAMES) {
      await removeVm({ stack: GUESTS, node });
      await removeIdentity({ stack: GUESTS, node });
    }
    stack.forget();
  });

  before(() => {
    const { status, stderr } = spawnSync("ssh-add", ["-q", "-"], { input: privateKey, encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });

  it("asks before it touches them, and without a terminal does nothing", async () => {
    configure([storage("h1")], [], "h1", "data");
    const { status, log } = await stack.run("up");
    assert.notEqual(status, 0);
    assert.match(log, /machines that exist.*--yes.*nothing was changed/);
    assert.equal(await on("m1", "ls /etc/ha-nfs 2>/dev/null || echo none"), "none\n");
  });

  it("tells at once what is wrong on all of them, before it changes anything", async () => {
    await on("m2", `ip link set eth2 mtu 1400 && mkswap ${DISK}`);
    await on(
      "h1",
      "systemd-run --quiet --unit=squatter socat TCP-LISTEN:80,fork PIPE && date --set '+1 hour'",
    );
    await on(
      "h2",
      "useradd --create-home joe && install -d -o joe /home/joe/.ssh && install -o joe -m 600 /root/.ssh/authorized_keys /home/joe/.ssh",
    );
    configure(
      [storage("h1").replace(DISK, "/dev/vdz"), storage("h2").replace("sshHost", "sshUser: joe, sshHost")],
      [
        `{ name: h3, serviceAddress: 10.10.1.23, serviceDevice: eth1, sshHost: 127.0.0.1, sshPort: 1, hostKey: ${hostKeys.h1}, directory: /srv/app }`,
        `{ name: h4, serviceAddress: 10.10.1.24, serviceDevice: eth1, sshHost: localhost, sshPort: ${ports["m1"]}, hostKey: ${hostKeys.h1}, directory: /srv/app }`,
      ],
      "h1",
      "data",
    );
    const wrongMasters = readFileSync(stack.config, "utf8")
      .replace("linkAddress: 10.10.2.11", "linkAddress: 10.10.2.99")
      .replace("serviceDevice: eth1", "serviceDevice: eth7")
      .replace("name: m2", "name: m9");
    writeFileSync(stack.config, wrongMasters);
    const preflight = await stack.run("preflight");
    assert.equal(preflight.status, 1, preflight.log);
    for (const wrong of [
      "m1: found: there is no interface eth7; allowed: one of eth0 eth1 eth2;",
      "m1: found: eth2 has 10.10.2.11/24; allowed: 10.10.2.99/24;",
      "m9: found: the host's name is m2; allowed: m9,",
      `m9: ${DISK} is not blank: ${DISK} holds swap`,
      "h1: 10.10.2.99 does not answer a ping through eth2: ",
      "h1: there is no block device /dev/vdz; there are: ",
      "m9: found: eth2 has an MTU of 1400; allowed: 1500,",
      'h1: found: port 80 (tcp) is taken by users:(("socat"',
      "h1: found: a clock that is 3",
      `h2: found: joe@127.0.0.1:${ports["h2"]}: sh: 1: exec: sudo: not found; allowed: root by SSH, or a user with sudo`,
      "h3: found: root@127.0.0.1:1: ssh: connect to host 127.0.0.1 port 1: Connection refused;",
      `h4: found: root@localhost:${ports["m1"]}: Host key verification failed.`,
    ])
      assert.ok(preflight.log.includes(wrong), `${wrong}\n${preflight.log}`);
    const up = await stack.run("up", "--yes");
    assert.equal(up.status, 1, up.log);
    assert.match(up.log, /m9: found: the host's name is m2[^]*error: nothing was changed/);
    for (const guest of NAMES) assert.equal(await on(guest, "ls -d /etc/ha-nfs || echo none"), "none\n");
    await on(
      "m2",
      `ip link set eth2 mtu 1500 && wipefs --all --quiet ${DISK} && dd if=/dev/zero of=${DISK} bs=1M count=1 conv=fsync status=none`,
    );
    await on("h1", "systemctl stop squatter && date --set '-1 hour'");
  });

  it("makes a cluster of them, that is whole, and has nothing to change the second time", async () => {
    configure([storage("h1")], [], "h1", "data");
    await up();
    await isWhole();
    const again = await stack.run("preview", "--expect-no-changes");
    assert.equal(again.status, 0, again.log);
    await write("first");
    await arrives("h1", "/srv/replica/data/file", "first");
  });

  it("takes a new share in place", async () => {
    configure([storage("h1")], [], "h1", "data", "more");
    assert.doesNotMatch(await up(), /replaced|deleted/);
    await isWhole();
  });

  it("follows a host that has another name now, and takes its copy as it is", async () => {
    await on("h1", "hostnamectl set-hostname copy1.example.org");
    configure([storage("h1", "copy1.example.org")], [], "copy1.example.org", "data", "more");
    await up();
    await isWhole();
    await write("second");
    await arrives("h1", "/srv/replica/data/file", "second");
  });

  it("moves roles: the slave becomes a push target, and a new host the slave", async () => {
    await on("h1", "hostnamectl set-hostname h1");
    configure([storage("h2")], [target("h1", "h1")], "h2", "data", "more");
    await up();
    await isWhole();
    await write("third");
    await arrives("h2", "/srv/replica/data/file", "third");
    await arrives("h1", "/srv/app/data/file", "third");
  });

  it("leaves the machines and their data when it is destroyed", async () => {
    const asked = await stack.run("destroy");
    assert.notEqual(asked.status, 0);
    const { status, log } = await stack.run("destroy", "--yes");
    assert.equal(status, 0, log);
    for (const guest of NAMES) {
      const left =
        "systemctl list-units --all --no-legend 'ha-nfs*' 'heartbeat*' | grep -v not-found; ls /etc/ha-nfs; :";
      assert.doesNotMatch(await on(guest, left), /running/);
    }
  });

  it("takes the volume as it is when it is made again", async () => {
    configure([storage("h2")], [], "h2", "data");
    await up();
    await isWhole();
    await arrives("h2", "/srv/replica/data/file", "third");
  });
});
