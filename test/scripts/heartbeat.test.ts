import assert from "node:assert/strict";
import { authkeys } from "../../components/render/heartbeat";
import { Sandbox } from "./sandbox";

const heartbeat = {
  VOLUME: "data",
  SECRETS_GENERATION: "1",
  HA_CF: "keepalive 500ms\n",
  HARESOURCES: "m1 hanfs::data\n",
  LOGD_CF: "logfacility daemon\n",
  LOGD_UNIT: "[Service]\nExecStart=/bin/true\n",
  HEARTBEAT_DROP_IN: "[Service]\n",
  HANFS: "#!/bin/sh\n",
  OTHERS: "ha-nfs-keepalived.service pacemaker.service corosync.service",
};
/** The secrets of a generation, as components/masterPair.ts has them. */
const secretsOf = (generation: number) => {
  const keys = [generation, generation + 1, generation - 1].filter((g) => g > 0);
  const lines = (what: string) => keys.map((g) => `${what}-secret-text-${g}\n`).join("");
  return {
    HEARTBEAT_KEYS: authkeys(
      generation,
      keys.map((g) => `heartbeat-secret-text-${g}`),
    ),
    COROSYNC_KEY: `corosync-secret-text-${generation}`,
    DRBD_SECRET: `drbd-secret-text-${generation}`,
    FENCE_KEYS: lines("fence"),
    WITNESS_KEYS: lines("witness"),
    FENCE_OPTIONS: "",
  };
};
const secrets = secretsOf(1);

const SCRIPT = "managers/heartbeat/heartbeat.sh";

describe("node scripts: secrets and heartbeat", () => {
  let box: Sandbox;
  beforeEach(() => {
    box = new Sandbox({
      systemctl: "[[ $* != *is-active*@(keepalived|pacemaker|corosync)* ]]",
      cl_status: "test -e /heartbeat-is-up",
      "/usr/local/lib/ha-nfs/manager.py": "test ! -e /reload-fails",
      "/usr/libexec/heartbeat/heartbeat":
        "case $1 in -s) test -e /heartbeat-is-up ;; -r) test ! -e /reload-fails ;; esac",
    });
  });
  afterEach(() => box.remove());

  /** systemctl start heartbeat.service starts it. */
  const startable = () =>
    box.stub(
      "systemctl",
      '[[ "$*" != "start heartbeat.service" ]] || touch /heartbeat-is-up; [[ $* != *is-active*@(keepalived|pacemaker|corosync)* ]]',
    );

  describe("secrets.sh", () => {
    it("writes each secret into a file that root alone reads, and prints none", () => {
      const result = box.run("secrets.sh", "apply", secrets);
      assert.equal(result.status, 0, result.output);
      assert.doesNotMatch(result.output, /secret-text/);
      assert.equal(box.read("/etc/ha-nfs/secrets/drbd"), "drbd-secret-text-1");
      assert.equal(box.read("/etc/ha-nfs/secrets/fence"), "fence-secret-text-1\nfence-secret-text-2\n");
      for (const file of ["drbd", "authkeys", "fence", "witness"]) {
        assert.equal(box.mode(`/etc/ha-nfs/secrets/${file}`), "600", file);
      }
      assert.equal(box.mode("/etc/ha-nfs/secrets"), "700");
    });

    it("changes nothing the second time, and takes the secrets away in the end", () => {
      box.run("secrets.sh", "apply", secrets);
      assert.equal(box.run("secrets.sh", "apply", secrets).output, "");
      assert.equal(box.run("secrets.sh", "verify", secrets).status, 0);
      box.run("secrets.sh", "remove", secrets);
      for (const file of ["drbd", "authkeys", "fence", "witness"]) {
        assert.ok(!box.exists(`/etc/ha-nfs/secrets/${file}`), file);
      }
    });

    it("writes what a fence agent needs for root alone, and takes it away where there is none any more", () => {
      const file = "/etc/ha-nfs/secrets/fence-device";
      for (const text of ["password=first-secret-text\n", "password=second-secret-text\n"]) {
        const { status, output } = box.run("secrets.sh", "apply", { ...secrets, FENCE_OPTIONS: text });
        assert.equal(status, 0, output);
        assert.doesNotMatch(output, /secret-text/);
        assert.deepEqual([box.read(file), box.mode(file)], [text, "600"]);
        assert.equal(box.run("secrets.sh", "verify", { ...secrets, FENCE_OPTIONS: text }).status, 0);
      }
      box.run("secrets.sh", "apply", secrets);
      assert.deepEqual([box.exists(file), box.exists(`/var/backups/ha-nfs${file}`)], [false, false]);
    });

    for (const [from, to] of [
      [1, 2],
      [2, 3],
      [3, 2],
      [15, 16],
    ] as const) {
      it(`goes from generation ${from} to ${to}`, () => {
        box.run("secrets.sh", "apply", secretsOf(from));
        const { status, output } = box.run("secrets.sh", "apply", secretsOf(to));
        assert.equal(status, 0, output);
        assert.equal(box.read("/etc/ha-nfs/secrets/fence"), secretsOf(to).FENCE_KEYS);
      });
    }

    for (const [from, to] of [
      [1, 3],
      [3, 1],
      [1, 4],
    ] as const) {
      it(`refuses a jump from ${from} to ${to}: the masters would not understand each other meanwhile`, () => {
        box.run("secrets.sh", "apply", secretsOf(from));
        const { status, output } = box.run("secrets.sh", "apply", secretsOf(to));
        assert.equal(status, 1);
        assert.match(output, /raise secretsGeneration by one at a time/);
        assert.doesNotMatch(output, /secret-text/);
        assert.equal(box.read("/etc/ha-nfs/secrets/fence"), secretsOf(from).FENCE_KEYS);
        assert.equal(box.read("/etc/ha-nfs/secrets/authkeys"), secretsOf(from).HEARTBEAT_KEYS);
      });
    }
  });

  describe("heartbeat.sh", () => {
    beforeEach(() => {
      startable();
      box.run("secrets.sh", "apply", secrets);
    });

    it("starts heartbeat once; the second time nothing is written, started or reloaded", () => {
      const first = box.run(SCRIPT, "apply", heartbeat);
      assert.equal(first.status, 0, first.output);
      assert.ok(first.calls.includes("systemctl start heartbeat.service"));
      assert.equal(box.mode("/etc/ha.d/authkeys"), "600");
      assert.equal(box.read("/etc/ha.d/authkeys"), secrets.HEARTBEAT_KEYS);
      assert.equal(box.mode("/etc/ha.d/resource.d/hanfs"), "755");
      const second = box.run(SCRIPT, "apply", heartbeat);
      assert.equal(second.output, "");
      assert.ok(
        !second.calls.some((call) => /start heartbeat|heartbeat -r/.test(call)),
        second.calls.join("\n"),
      );
    });

    it("reloads a running heartbeat when ha.cf changes, and never stops it", () => {
      box.run(SCRIPT, "apply", heartbeat);
      const { calls, output } = box.run(SCRIPT, "apply", {
        ...heartbeat,
        HA_CF: "keepalive 1\n",
      });
      assert.match(output, /wrote \/etc\/ha\.d\/ha\.cf/);
      assert.ok(calls.includes("heartbeat -r"));
      assert.ok(!calls.some((call) => /stop|restart/.test(call)));
    });

    it("reloads it when the keys change, and not when only the agent does", () => {
      box.run(SCRIPT, "apply", heartbeat);
      const agent = box.run(SCRIPT, "apply", {
        ...heartbeat,
        HANFS: "#!/bin/sh\n:\n",
      });
      assert.match(agent.output, /wrote \/etc\/ha\.d\/resource\.d\/hanfs/);
      assert.ok(!agent.calls.includes("heartbeat -r"));
      box.run("secrets.sh", "apply", secretsOf(2));
      const keys = box.run(SCRIPT, "apply", {
        ...heartbeat,
        HANFS: "#!/bin/sh\n:\n",
      });
      assert.ok(keys.calls.includes("manager.py rekey"), keys.output);
      assert.match(box.read("/etc/ha.d/authkeys"), /^auth 2\n2 sha1 heartbeat-secret-text-2\n/);
      assert.doesNotMatch(keys.output, /secret-text/);
    });

    it("puts the old files back when the reload fails", () => {
      box.run(SCRIPT, "apply", heartbeat);
      const result = box.run(SCRIPT, "apply", { ...heartbeat, HA_CF: "nonsense\n" }, "touch /reload-fails");
      assert.equal(result.status, 1);
      assert.match(result.output, /the old files are back/);
      assert.equal(box.read("/etc/ha.d/ha.cf"), heartbeat.HA_CF);
    });

    it("says in verify what differs, and changes nothing", () => {
      box.run(SCRIPT, "apply", heartbeat);
      box.write("/etc/ha.d/ha.cf", "edited by hand\n");
      const result = box.run(SCRIPT, "verify", heartbeat);
      assert.equal(result.status, 3);
      assert.equal(result.output, "drift: /etc/ha.d/ha.cf differs\n");
      assert.equal(box.read("/etc/ha.d/ha.cf"), "edited by hand\n");
    });

    it("keeps no old key once the new one is in use, nor one that an older ha-nfs has kept", () => {
      const old = "/var/backups/ha-nfs/etc/ha.d/authkeys";
      box.write(old, "heartbeat-secret-text-0\n", 0o600);
      box.run(SCRIPT, "apply", heartbeat);
      assert.ok(!box.exists(old));
      box.run("secrets.sh", "apply", secretsOf(2));
      const failed = box.run(SCRIPT, "apply", heartbeat, "touch /reload-fails");
      assert.match(failed.output, /the old files are back/);
      assert.equal(box.read("/etc/ha.d/authkeys"), secrets.HEARTBEAT_KEYS);
      const { status, output } = box.run(SCRIPT, "apply", heartbeat, "rm /reload-fails");
      assert.equal(status, 0, output);
      assert.equal(box.read("/etc/ha.d/authkeys"), secretsOf(2).HEARTBEAT_KEYS);
      assert.ok(!box.exists(old));
      for (const file of ["authkeys", "drbd", "fence", "witness"]) {
        assert.ok(!box.exists(`/var/backups/ha-nfs/etc/ha-nfs/secrets/${file}`), file);
      }
      box.run(SCRIPT, "apply", { ...heartbeat, HA_CF: "keepalive 1\n" });
      assert.equal(box.read("/var/backups/ha-nfs/etc/ha.d/ha.cf"), heartbeat.HA_CF);
    });

    it("removes what it wrote, also where the secrets are gone before it", () => {
      box.run(SCRIPT, "apply", heartbeat);
      box.run("secrets.sh", "remove", secrets);
      const result = box.run(SCRIPT, "remove", heartbeat);
      assert.equal(result.status, 0, result.output);
      for (const file of ["/etc/ha.d/ha.cf", "/etc/ha.d/authkeys", "/etc/ha.d/resource.d/hanfs"]) {
        assert.throws(() => box.read(file), file);
      }
    });
  });
});
