import assert from "node:assert/strict";
import { TIMES } from "../../components/options";
import { vrrpConf, vrrpUnit } from "../../components/render/keepalived";
import { check, lab, parseLab } from "./configFixture";

describe("keepalived.conf of a master", () => {
  const conf = {
    volume: "data",
    isPreferred: true,
    device: "eth2",
    address: "10.10.2.11",
    peer: "10.10.2.12",
    serviceDevice: "eth1",
    advertMs: 100,
    routerId: 52,
  };

  it("is the whole text", () => {
    assert.equal(
      vrrpConf(conf),
      `# made by ha-nfs
global_defs {
  script_user root
  vrrp_version 3
  vrrp_rt_priority 50
  vrrp_no_swap
  vrrp_rlimit_rttime 1000000
  vrrp_notify_fifo /run/ha-nfs/.vrrp
}

track_file bid {
  file /run/ha-nfs/bid
  weight 1
}

vrrp_instance data {
  state BACKUP
  interface eth2
  virtual_router_id 52
  priority 101
  advert_int 0.1
  dont_track_primary
  no_virtual_ipaddress
  check_unicast_src
  unicast_src_ip 10.10.2.11
  unicast_peer {
    10.10.2.12
  }
  track_interface {
    eth1
  }
  track_file {
    bid
  }
}
`,
    );
  });

  it("gives the second master less, so that two which start together agree", () => {
    assert.match(vrrpConf({ ...conf, isPreferred: false }), /^ {2}priority 100$/m);
  });

  it("runs once this node may take part, and stops the service before it ends", () => {
    const unit = vrrpUnit("data");
    assert.match(unit, /^ExecStartPre=\/usr\/local\/lib\/ha-nfs\/wait-peer data$/m);
    const stop = `ExecStop=/bin/sh -c '[ -z "\${MAINPID}" ] || exec /usr/local/lib/ha-nfs/wish down'`;
    assert.ok(unit.includes(`\n${stop}\n`), unit);
  });
});

describe("config: the cluster manager", () => {
  check("is one of those that there are, and the other's options are refused", [
    [
      { ...lab, manager: "corosync" },
      'manager: found "corosync"; allowed: heartbeat, keepalived, pacemaker; choose one of these',
    ],
    [{ ...lab, timing: "quick" }, 'timing: found "quick"; allowed: fast, patient; choose one of these'],
    [
      { ...lab, manager: "keepalived", heartbeat: { deadtime: "3s" } },
      'heartbeat: found {"deadtime":"3s"}; allowed: nothing with manager keepalived; remove it, or set manager to heartbeat',
    ],
    [
      { ...lab, keepalived: { routerId: 7 } },
      'keepalived: found {"routerId":7}; allowed: nothing with manager heartbeat; remove it, or set manager to keepalived',
    ],
    [
      { ...lab, manager: "keepalived", keepalived: { routerId: 256 } },
      "keepalived.routerId: found 256; allowed: a whole number, 1 to 255; write the number alone, without unit or quotes",
    ],
    [
      { ...lab, manager: "keepalived", keepalived: { advert: "105ms" } },
      'keepalived.advert: found "105ms"; allowed: tens of milliseconds, as VRRP 3 sends it; round it',
    ],
    [
      { ...lab, manager: "keepalived", keepalived: { advert: "60s" } },
      'keepalived.advert: found "60s"; allowed: a whole number with its unit, ms or s, 10ms to 40s; choose one of these',
    ],
  ]);

  it("has the times of its profile, but those that are set", () => {
    const patient = parseLab({ ...lab, timing: "patient", heartbeat: { deadtime: "8s" } });
    const { heartbeat, keepalived } = TIMES.patient;
    assert.deepEqual(patient.keepalived, { ...keepalived, routerId: 52 });
    const { keepaliveMs, warntimeMs, deadtimeMs, initdeadMs } = patient.heartbeat;
    assert.deepEqual({ keepaliveMs, warntimeMs, deadtimeMs, initdeadMs }, { ...heartbeat, deadtimeMs: 8000 });
  });

  check("judges a time that is set by the profile's others", [
    [
      { ...lab, timing: "patient", heartbeat: { deadtime: "2s" } },
      "heartbeat.deadtime: found 2000ms; allowed: at least 3001ms, more than warntime; raise it, or lower warntime",
    ],
  ]);
});
