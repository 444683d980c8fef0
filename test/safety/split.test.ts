import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../until";
import { Machine } from "./machine";

const SPLIT = "/usr/local/lib/ha-nfs/split";
const MARKER = "/var/lib/ha-nfs/split-brain";
const ODD = "a file\nof two lines";

describe("safety: split, both sides of a split brain", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => {
    n1 = await new Machine().ready();
    n1.drbd({
      connection: "StandAlone",
      roles: "Secondary/Unknown",
      disks: "UpToDate/DUnknown",
      counters: "oos:7",
    });
    n1.put(MARKER, "");
    n1.sh(`mkdir -p /run/ha-nfs /volume/data /volume/.ha-nfs /volume/lost+found
      echo one >/volume/data/one; echo odd >'/volume/data/${ODD}'; echo no >/volume/.ha-nfs/connections`);
  });
  afterEach(() => n1.end());

  const split = (words: string, input = "") => n1.sh(`${SPLIT} ${words}`, input);
  const mounts = () => n1.sh("grep /run/ha-nfs/view /proc/mounts; grep ' /srv/nfs ' /proc/mounts").output;
  const isAsItWas = () => {
    assert.equal(mounts(), "");
    assert.match(n1.text("/stub/drbd"), /cs:StandAlone ro:Secondary/);
    assert.equal(n1.sh("flock -n /run/ha-nfs/looking.lock true").status, 0);
  };
  /** Names of the list, without times and sizes. */
  const names = (text: string) =>
    text
      .split("\0")
      .map((entry) => entry.split(" ").slice(2).join(" "))
      .sort();

  it("tells generations and what is out of sync", () => {
    assert.equal(
      split("facts").output,
      "000000000000A000:0000000000000000:0000000000000000:0000000000000000\n7\n",
    );
    isAsItWas();
  });

  it("lists the users' files of a volume that does not serve, and leaves all as it was", () => {
    const { status, output } = split("list");
    assert.equal(status, 0, output);
    assert.deepEqual(names(output), ["", `data/${ODD}`, "data/one"]);
    assert.equal(n1.count(/^mount -o ro,nosuid,nodev,noexec/), 1);
    isAsItWas();
  });

  it("lists those of one that serves where it is, and promotes nothing", () => {
    n1.sh("/usr/bin/mount --bind /volume /srv/nfs");
    n1.drbd({ connection: "StandAlone", roles: "Primary/Unknown" });
    const { status, output } = split("list");
    assert.equal(status, 0, output);
    assert.deepEqual(names(output), ["", `data/${ODD}`, "data/one"]);
    assert.deepEqual([n1.count(/^drbdadm (primary|secondary)/), n1.count(/^mount/)], [0, 0]);
  });

  it("keeps the files that are named, of any name, for root alone", () => {
    const { status, output } = split("keep /var/lib/ha-nfs/kept/a.tar", `data/${ODD}\0data/one\0`);
    assert.equal(status, 0, output);
    assert.equal(n1.sh("tar -xOf /var/lib/ha-nfs/kept/a.tar").output, "odd\none\n");
    assert.equal(n1.sh("stat -c %a /var/lib/ha-nfs/kept").output, "700\n");
    isAsItWas();
  });

  for (const [what, breaks, why] of [
    ["a file is not there", ":", /gone: Cannot stat/],
    [
      "the disk for it is full",
      "/usr/bin/mount -t tmpfs -o size=4k tmpfs /var/lib/ha-nfs/kept",
      /No space left|short write|Wrote only/,
    ],
    ["the volume does not mount", ": >/stub/mount-fails", /wrong fs type/],
    ["DRBD refuses", "echo no >/stub/primary-fails", /^no\nfailed: drbdadm primary --force data\n/],
    [
      "another one looks at it",
      "flock /run/ha-nfs/looking.lock sleep 5 >/dev/null 2>&1 & sleep 0.2",
      /somebody else looks at it/,
    ],
  ] as const) {
    it(`says that it cannot keep them where ${what}, and leaves all as it was`, () => {
      n1.sh("mkdir -p /var/lib/ha-nfs/kept; head -c 20000 /dev/zero >/volume/data/large");
      n1.sh(`${breaks}; sed -i 's/flock -w 10 8/flock -w 1 8/' ${SPLIT}`);
      const { status, output } = split("keep /var/lib/ha-nfs/kept/a.tar", "data/large\0data/gone\0");
      assert.notEqual(status, 0);
      assert.match(output, why);
      assert.ok(n1.has(MARKER));
      if (what !== "another one looks at it") isAsItWas();
    });
  }

  it("killed in the middle, it leaves no mount and no lock behind, and the next one goes through", async () => {
    n1.sh(`for ((i = 0; i < 3000; i++)); do : >/volume/data/${"x".repeat(40)}$i; done`);
    n1.sh("mkfifo /var/lib/ha-nfs/slow");
    const keeps = n1.start(`echo $BASHPID >/stub/pid; exec ${SPLIT} list >/var/lib/ha-nfs/slow`);
    const reads = n1.start("exec sleep 1000 </var/lib/ha-nfs/slow");
    await until("it is at it", () => n1.text("/stub/drbd").includes("ro:Primary"));
    await sleep(300);
    n1.sh("pid=$(</stub/pid); kill -KILL $pid $(cat /proc/$pid/task/$pid/children)");
    await until("it is gone", () => keeps.child.exitCode !== null || keeps.child.signalCode !== null);
    reads.child.kill();
    assert.equal(mounts(), "");
    assert.equal(names(split("list").output).length, 3003);
    isAsItWas();
  });

  describe("discard and connect", () => {
    it("take the peer's data, or meet it with its own", () => {
      assert.equal(split("discard").status, 0);
      assert.equal(n1.count(/^drbdadm -- --discard-my-data connect data$/), 1);
      assert.ok(!n1.has(MARKER));
      n1.put(MARKER, "");
      n1.drbd({ connection: "StandAlone", roles: "Primary/Unknown" });
      assert.equal(split("connect").status, 0);
      assert.equal(n1.count(/^drbdadm connect data$/), 1);
      assert.ok(!n1.has(MARKER));
      assert.equal(split("connect").status, 0, "twice is as good as once");
      assert.equal(n1.count(/^drbdadm connect data$/), 1);
    });

    it("throw nothing away that is in use", () => {
      n1.drbd({ connection: "StandAlone", roles: "Primary/Unknown" });
      const { status, output } = split("discard");
      assert.equal(status, 1);
      assert.match(output, /data in use are not thrown away/);
      assert.ok(n1.has(MARKER));
      assert.equal(n1.count(/connect/), 0);
    });

    it("throw nothing away where DRBD does not say that it is not", () => {
      n1.put("/stub/role-fails", "no such resource\n");
      assert.notEqual(split("discard").status, 0);
      assert.ok(n1.has(MARKER));
      assert.equal(n1.count(/connect/), 0);
    });
  });

  it("refuses what it does not know", () => {
    for (const words of ["", "discord"]) {
      const { status, output } = split(words);
      assert.equal(status, 2);
      assert.match(output, /^usage: /);
    }
    assert.notEqual(split("keep").status, 0);
  });
});
