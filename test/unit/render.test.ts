import assert from "node:assert/strict";
import { Access, HeartbeatTransport, Squash, VerifyAlg } from "../../components/enums";
import { vipConf, volumeConf } from "../../components/render/agent";
import { drbdResource } from "../../components/render/drbd";
import { haCf, haresources } from "../../components/render/heartbeat";
import { exportsFile, fsid, mountAdvice, nfsConf } from "../../components/render/nfs";

const heartbeat = {
  keepaliveMs: 500,
  warntimeMs: 1500,
  deadtimeMs: 3000,
  initdeadMs: 20000,
  udpPort: 694,
  transport: HeartbeatTransport.Unicast,
  mcastGroup: "225.0.0.11",
  autoFailback: false,
  pingNodes: [],
  paths: [
    { device: "eth2", peer: "10.10.2.12" },
    { device: "eth1", peer: "10.10.1.12" },
  ],
  nodes: ["m1", "m2"],
};

describe("ha.cf", () => {
  it("has both paths, after the port they use", () => {
    assert.equal(
      haCf(heartbeat),
      `# made by ha-nfs
use_logd yes
keepalive 500ms
warntime 1500ms
deadtime 3
initdead 20
udpport 694
ucast eth2 10.10.2.12
ucast eth1 10.10.1.12
auto_failback off
node m1 m2
crm no
`,
    );
  });

  it("has ping nodes and ipfail only together", () => {
    const text = haCf({ ...heartbeat, pingNodes: ["10.10.1.1", "10.10.1.2"], autoFailback: true });
    assert.match(text, /^ping 10\.10\.1\.1 10\.10\.1\.2$/m);
    assert.match(text, /^respawn hacluster \/usr\/libexec\/heartbeat\/ipfail$/m);
    assert.match(text, /^auto_failback on$/m);
  });

  it("has multicast as the seeds do, with a port for each path", () => {
    const text = haCf({ ...heartbeat, transport: HeartbeatTransport.Multicast });
    assert.match(text, /^mcast eth2 225\.0\.0\.11 694 1 0\nmcast eth1 225\.0\.0\.11 695 1 0$/m);
  });

  it("names the preferred node's one resource", () => {
    assert.equal(haresources("m1", "data"), "# made by ha-nfs\nm1 hanfs::data\n");
  });
});

describe("DRBD resource", () => {
  const resource = {
    volume: "data",
    minor: 0,
    port: 7788,
    verifyAlg: VerifyAlg.Sha1,
    resyncMaxRateMiB: 100,
    pingTimeoutMs: 300,
    resyncMinRateMiB: 4,
    nodes: [
      { name: "m1", address: "10.10.2.11" },
      { name: "m2", address: "10.10.2.12" },
    ],
  };

  it("is the whole text", () => {
    assert.equal(
      drbdResource(resource),
      `# made by ha-nfs
resource data {
	device /dev/drbd0;
	disk @DISK@;
	meta-disk @META_DISK@;

	net {
		protocol C;
		cram-hmac-alg sha1;
		shared-secret "@SHARED_SECRET@";
		verify-alg sha1;
		ping-int 1;
		ping-timeout 3;
		timeout 9;
		ko-count 7;
		connect-int 2;
		max-buffers 8000;
		max-epoch-size 8000;
		after-sb-0pri discard-zero-changes;
		after-sb-1pri consensus;
		after-sb-2pri disconnect;
		rr-conflict disconnect;
	}

	options {
		on-no-data-accessible suspend-io;
	}

	handlers {
		fence-peer "/usr/local/lib/ha-nfs/fence-peer";
		split-brain "/usr/local/lib/ha-nfs/split-brain";
		pri-on-incon-degr "echo b >/proc/sysrq-trigger";
	}

	disk {
		fencing resource-and-stonith;
		on-io-error detach;
		c-plan-ahead 20;
		c-fill-target 1M;
		c-min-rate 4M;
		c-max-rate 100M;
	}

	on m1 {
		address 10.10.2.11:7788;
	}

	on m2 {
		address 10.10.2.12:7788;
	}
}
`,
    );
  });

  it("holds a resync back for clients, or not at all", () => {
    assert.match(drbdResource({ ...resource, resyncMinRateMiB: 0 }), /^\t\tc-min-rate 0M;$/m);
  });
});

describe("NFS", () => {
  const client = {
    from: "10.10.1.0/24",
    access: Access.ReadWrite,
    squash: Squash.Root,
    anonUid: 65534,
    anonGid: 65534,
  };

  it("has a line for each share and client", () => {
    const shares = [
      {
        name: "data",
        clients: [client, { ...client, from: "10.10.1.9", access: Access.ReadOnly, squash: Squash.All }],
      },
      { name: "img1", clients: [{ ...client, squash: Squash.None, anonUid: 33, anonGid: 33 }] },
    ];
    assert.equal(
      exportsFile("data", "/srv/nfs", shares),
      `# made by ha-nfs
/srv/nfs/data 10.10.1.0/24(rw,sync,no_subtree_check,root_squash,anonuid=65534,anongid=65534,fsid=${fsid("data", "data")})
/srv/nfs/data 10.10.1.9(ro,sync,no_subtree_check,all_squash,anonuid=65534,anongid=65534,fsid=${fsid("data", "data")})
/srv/nfs/img1 10.10.1.0/24(rw,sync,no_subtree_check,no_root_squash,anonuid=33,anongid=33,fsid=${fsid("data", "img1")})
`,
    );
  });

  it("never changes a share's file system number", () => {
    assert.equal(fsid("data", "data"), "f4212ed2-c26f-578e-9168-240a16d03074");
    assert.notEqual(fsid("data", "img1"), fsid("data", "data"));
  });

  it("has no old protocol", () => {
    assert.equal(
      nfsConf({ threads: 8, leaseSeconds: 10, graceSeconds: 15 }),
      `# made by ha-nfs
[nfsd]
threads=8
lease-time=10
grace-time=15
vers3=n
vers4=y
vers4.0=n
vers4.1=y
vers4.2=y
`,
    );
  });

  it("advises a mount whose command ends with the mount point", () => {
    const advice = mountAdvice("10.10.1.100", "/srv/nfs/data", "data");
    assert.equal(
      advice.command,
      "mkdir -p /mnt/data && mount -t nfs -o vers=4.2,proto=tcp,hard,timeo=50,retrans=2 10.10.1.100:/srv/nfs/data /mnt/data",
    );
    assert.equal(
      advice.fstab,
      "10.10.1.100:/srv/nfs/data /mnt/data nfs vers=4.2,proto=tcp,hard,timeo=50,retrans=2,_netdev,nofail 0 0",
    );
  });
});

describe("what the resource agent reads", () => {
  it("is shell that bash reads back", () => {
    assert.equal(
      volumeConf({ volume: "data", minor: 0, mount: "/srv/nfs", shares: ["data", "img1"] }),
      `# made by ha-nfs
VOLUME=data
MINOR=0
DEVICE=/dev/drbd0
MOUNT=/srv/nfs
MOUNT_OPTIONS=noatime,nodev,nosuid,nosymfollow,errors=remount-ro
SHARES='data img1'
SHARE_MODE=1777
`,
    );
    assert.equal(
      vipConf({
        address: "10.10.1.100",
        aliases: ["10.10.1.99", "10.10.1.98"],
        prefixLength: 24,
        device: "eth1",
        arpCount: 5,
        arpIntervalMs: 200,
      }),
      "# made by ha-nfs\nVIP=10.10.1.100\nVIP_ALIASES='10.10.1.99 10.10.1.98'\nPREFIX=24\nNIC=eth1\nARP_COUNT=5\nARP_INTERVAL_MS=200\n",
    );
  });

  it("name what moves an address where ARP does not", () => {
    const address = { address: "10.99.0.10", aliases: [], prefixLength: 32, device: "ens5" };
    const conf = vipConf({
      ...address,
      arpCount: 5,
      arpIntervalMs: 200,
      mover: "/usr/local/lib/ha-nfs/claim-address",
    });
    assert.match(conf, /\nMOVER=\/usr\/local\/lib\/ha-nfs\/claim-address\n$/);
  });
});
