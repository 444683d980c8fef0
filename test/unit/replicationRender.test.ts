import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { haproxyUnit, keepalivedUnit } from "../../components/render/readPool";
import { httpUnit } from "../../components/render/reads";
import { logdUnit } from "../../components/render/heartbeat";
import { mountdUnit } from "../../components/render/units";
import { authorizedKey, receiverUnit, replicaConf, rsyncUnit } from "../../components/render/replica";
import {
  daemonConf,
  feedConf,
  replicatorUnit,
  sshConfig,
  sshHost,
} from "../../components/render/replication";
import { sshKey } from "../../components/render/sshKey";

describe("the masters' key", () => {
  const key = sshKey("a secret", "ha-nfs replication");

  it("is what ssh-keygen takes for the key of that public line", () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "ha-nfs-key-")), "key");
    fs.writeFileSync(file, key.privateKey, { mode: 0o600 });
    try {
      assert.equal(
        execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim(),
        key.publicKey,
      );
    } finally {
      fs.rmSync(path.dirname(file), { recursive: true });
    }
  });

  it("comes from the secret alone", () => {
    assert.deepEqual(sshKey("a secret", "ha-nfs replication"), key);
    assert.notEqual(sshKey("another", "ha-nfs replication").publicKey, key.publicKey);
  });

  it("opens one login, from the masters only", () => {
    assert.equal(
      authorizedKey("ssh-ed25519 AAAA x", ["10.10.2.11", "10.10.2.12"]),
      'from="10.10.2.11,10.10.2.12",restrict ssh-ed25519 AAAA x\n',
    );
  });
});

describe("the replication's files", () => {
  it("name the replica's host key and nothing else of the machine", () => {
    assert.equal(
      sshHost("s1", "10.10.2.21", 22, "ssh-ed25519 AAAA"),
      `# made by ha-nfs
Host s1
HostName 10.10.2.21
Port 22
HostKeyAlias s1
UserKnownHostsFile /etc/ha-nfs/replicator/known_hosts/s1
`,
    );
  });

  it("are an ssh_config that ssh reads", () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "ha-nfs-ssh-")), "config");
    const name = "s1.storage.example.com";
    const hostKey = "ecdsa-sha2-nistp384 AAAA root@s1";
    fs.writeFileSync(file, `${sshHost(name, "10.10.2.21", 2222, hostKey)}${sshConfig}`);
    try {
      const read = execFileSync("ssh", ["-G", "-F", file, name], { encoding: "utf8" });
      for (const line of [
        "hostname 10.10.2.21",
        "port 2222",
        "user ha-nfs",
        "stricthostkeychecking true",
        "hostkeyalgorithms ecdsa-sha2-nistp384",
      ]) {
        assert.ok(read.includes(`${line}\n`), `${line} is not in\n${read}`);
      }
    } finally {
      fs.rmSync(path.dirname(file), { recursive: true });
    }
  });

  it("are JSON for the daemon and the receiver", () => {
    const daemon = daemonConf({
      mount: "/srv/nfs",
      shares: ["data"],
      coalesceMs: 200,
      maxLagSeconds: 5,
      journalLimitMiB: 256,
      metricsAddress: "10.10.1.11",
      metricsPort: 9478,
    });
    assert.deepEqual(
      { ...(JSON.parse(daemon) as object) },
      {
        root: "/srv/nfs",
        trees: ["data"],
        sshConfig: "/etc/ha-nfs/replicator/ssh_config",
        slavesDirectory: "/etc/ha-nfs/replicator/slaves",
        watch: "/usr/local/lib/ha-nfs/watch",
        coalesceMs: 200,
        maxLagSeconds: 5,
        journalLimitMiB: 256,
        metricsAddress: "10.10.1.11",
        metricsPort: 9478,
        statusFile: "/run/ha-nfs/replicator.json",
      },
    );
    assert.deepEqual(JSON.parse(feedConf({ shares: ["data"], bandwidthKiB: 0 })), {
      trees: ["data"],
      bandwidthKiB: 0,
    });
    assert.deepEqual(
      JSON.parse(
        replicaConf({
          root: "/srv/replica",
          healthAddress: "10.10.1.21",
          healthPort: 9479,
          maxLagSeconds: 5,
          serves: [{ name: "nginx", protocol: "http", address: "10.10.1.21", port: 80 }],
        }),
      ),
      {
        serves: [{ name: "nginx", protocol: "http", address: "10.10.1.21", port: 80 }],
        root: "/srv/replica",
        healthAddress: "10.10.1.21",
        healthPort: 9479,
        maxLagSeconds: 5,
        socket: "/run/ha-nfs-replica/socket",
      },
    );
  });

  it("limit the memory of both ends, and no unit of ours gives up after some starts", () => {
    for (const unit of [replicatorUnit("/srv/nfs"), receiverUnit("/srv/replica")]) {
      assert.match(unit, /^MemoryMax=\d+[MG]$/m);
    }
    const units = { replicator: replicatorUnit("/srv/nfs"), receiver: receiverUnit("/srv/replica") };
    const all = { ...units, httpUnit, haproxyUnit, keepalivedUnit, mountdUnit, logdUnit };
    for (const [name, unit] of Object.entries(all)) {
      const [head = ""] = unit.split("\n[Service]\n");
      assert.match(head, /^StartLimitIntervalSec=0$/m, name);
      assert.match(unit, /^Restart=always$/m, name);
    }
  });

  it("keep rsync in the replica, and hold nothing of the masters' volume in a namespace", () => {
    assert.match(
      rsyncUnit("/srv/replica"),
      /ExecStart=\/usr\/local\/lib\/ha-nfs\/rsync-door open \/srv\/replica\n/,
    );
    assert.match(rsyncUnit("/srv/replica"), /ProtectSystem=strict\nReadWritePaths=\/srv\/replica\n/);
    assert.doesNotMatch(
      replicatorUnit("/srv/nfs"),
      /^(Protect(System|Home)|PrivateTmp|PrivateDevices|ReadWritePaths)=/m,
    );
  });
});
