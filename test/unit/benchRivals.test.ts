import assert from "node:assert/strict";
import { MASTERS } from "../../bench/failover/rivals/bare";
import { conditionOf, question } from "../../bench/failover/rivals/condition";
import { drbdResource } from "../../bench/failover/rivals/drbd";
import { haCf, haresources, heartbeatStock } from "../../bench/failover/rivals/heartbeat";
import { cib, corosyncConf, pacemakerStock, pacemakerTuned } from "../../bench/failover/rivals/pacemaker";
import { exercise } from "../../bench/failover/rivals/setup";
import { NotRedundantAgain } from "../../scripts/drillOnce";
import type { Drill } from "../../scripts/drillReport";

const WHOLE = " cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----\nsettled\n";

describe("a rival's pair", () => {
  const serving = `${WHOLE.replace("settled", "serves\nsettled")}`;

  it("is whole when both are up to date and settled, and one has the address", () => {
    assert.deepEqual(conditionOf({ m1: WHOLE, m2: serving }), { active: "m2" });
  });

  for (const [what, m1, m2, why] of [
    ["nobody serves", WHOLE, WHOLE, /nobody has the address/],
    ["both serve", serving, serving, /m1 and m2 has the address/],
    ["one is away", new Error("no route"), serving, /m1 does not answer: no route/],
    ["one resyncs", WHOLE.replace("UpToDate/", "Inconsistent/"), serving, /m1: cs:Connected.*Inconsistent/],
    ["they are apart", WHOLE.replace("Connected", "StandAlone"), serving, /m1: cs:StandAlone/],
    ["one has no DRBD", "settled\n", serving, /m1: no DRBD/],
    ["one is at work", WHOLE.replace("settled\n", ""), serving, /m1: its manager is not settled/],
  ] as const)
    it(`is not when ${what}`, () => {
      const condition = conditionOf({ m1, m2 });
      assert.match(condition.active === null ? condition.why : "", why);
    });

  it("is asked for in one command, however the manager is asked", () => {
    assert.match(question(`[ "it's" ]`), /timeout 10 sh -c '\[ "it'\\''s" \]'/);
  });
});

describe("a rival's DRBD resource", () => {
  it("is the whole text", () => {
    assert.equal(
      drbdResource({ net: { protocol: "C", "ping-int": 1 } }),
      `resource data {
	device /dev/drbd0;
	disk /dev/disk/by-id/virtio-data;
	meta-disk internal;
	net {
		protocol C;
		ping-int 1;
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
});

describe("the article's heartbeat", () => {
  it("has the article's times, order and failback", () => {
    assert.match(haCf, /^keepalive 2\ndeadtime 10\nwarntime 6$/m);
    assert.match(haCf, /^auto_failback on$/m);
    assert.match(haCf, /^node m1\nnode m2$/m);
    assert.equal(
      haresources,
      "m1 IPaddr2::10.10.1.100/24/eth1 drbddisk::data Filesystem::/dev/drbd0::/data::ext4 nfsd\n",
    );
  });

  it("asks each master for the other", () => {
    assert.match(heartbeatStock.settled("m1"), /nodestatus m2/);
    assert.match(heartbeatStock.settled("m2"), /nodestatus m1/);
  });

  it("keeps its key for root", () => {
    const keys = heartbeatStock.files("m1").find(({ path }) => path.endsWith("authkeys"));
    assert.equal(keys?.mode, 0o600);
  });
});

describe("the stock Pacemaker", () => {
  const stock = { net: {}, nfsConf: "", nfs3: "", options: {}, nfsserver: {} };
  const content = (rival: typeof pacemakerStock, end: string) =>
    rival.files("m1").find(({ path }) => path.endsWith(end))?.content ?? "";

  it("starts its group in the documented order, after DRBD", () => {
    const configuration = cib(stock);
    const group = configuration.slice(configuration.indexOf('<group id="g-nfs">'));
    assert.deepEqual(
      [...group.matchAll(/<primitive id="(\w+)"/g)].map(([, id]) => id),
      ["block", "fs", "nfsserver", "exportfs", "vip", "unblock"],
    );
    assert.match(configuration, /first="cl-drbd" first-action="promote" then="g-nfs" then-action="start"/);
  });

  it("has tags that close, and no id twice", () => {
    const xml = cib({ ...stock, monitor: 5 });
    const open: string[] = [];
    for (const [, end, tag, alone] of xml.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g))
      if (end) assert.equal(open.pop(), tag);
      else if (!alone && tag) open.push(tag);
    assert.deepEqual(open, []);
    const ids = [...xml.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it("fences each master from the other one", () => {
    const configuration = cib(stock);
    assert.match(configuration, /name="stonith-enabled" value="true"/);
    for (const master of MASTERS)
      assert.match(configuration, new RegExp(`rsc="fence-${master}" node="${master}" score="-INFINITY"`));
  });

  it("leaves times to corosync, DRBD and nfsd; the tuned one sets them", () => {
    assert.doesNotMatch(corosyncConf({}), /token|consensus/);
    assert.match(content(pacemakerTuned, "corosync.conf"), /^ {2}token: 1000\n {2}consensus: 1200$/m);
    assert.doesNotMatch(content(pacemakerStock, "data.res"), /ping-int/);
    assert.match(content(pacemakerTuned, "data.res"), /ping-int 1;/);
    assert.equal(content(pacemakerStock, "nfs.conf.d/cluster.conf"), "");
    assert.match(content(pacemakerTuned, "nfs.conf.d/cluster.conf"), /^grace-time=10$/m);
  });
});

describe("a rival's exercises", () => {
  const drill: Drill = {
    report: {
      ...{ drill: "kill-active", from: "m1", to: "m2", stallSeconds: 3, acknowledged: 9, missing: [4] },
      ...{ fresh: { stallSeconds: 4, acknowledged: 2 }, phases: [], timeline: [] },
      redundantAfterSeconds: null,
    },
    writer: { acknowledged: [], gap: { begin: 0, end: 3 } },
    fresh: { acknowledged: [], gap: { begin: 0, end: 4 } },
  };

  it("go on after one that has failed, and keep the figures of one that has not come together again", async () => {
    const outcomes = [drill, new Error("the client\nhangs"), new NotRedundantAgain(drill, "split")];
    const { runs, failed } = await exercise(3, () => {
      const outcome = outcomes.shift();
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome as Drill);
    });
    assert.deepEqual(
      runs.map(({ lost, stallSeconds }) => [lost, stallSeconds]),
      [
        [1, 3],
        [1, 3],
      ],
    );
    assert.match(failed ?? "", /^run 2: the client hangs; run 3: not redundant again within \d+ s: split$/);
  });

  it("say nothing of failures where there is none", async () => {
    assert.deepEqual(Object.keys(await exercise(1, () => Promise.resolve(drill))), ["runs"]);
  });
});
