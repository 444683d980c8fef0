import assert from "node:assert/strict";
import { until } from "../until";
import { Machine } from "./machine";
import { NOBODY, SAME } from "./pair";

const RUN = "/run/ha-nfs";
const BEHIND = "/var/lib/ha-nfs/behind";

describe("safety: the guard of a node whose data may be old", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => (n1 = await new Machine().ready()));
  afterEach(() => n1.end());

  const waits = (disk: string) =>
    n1.drbd({ connection: "WFConnection", roles: "Secondary/Unknown", disks: `${disk}/DUnknown` });
  const says = () => n1.put(`${RUN}/alone`, `${SAME.split(":")[0]}\n`);
  const forced = () => n1.count(/^drbdadm primary --force/);

  it("serves old data by a person's word, once", async () => {
    n1.sh(`sed -i s/127.0.0.2/${NOBODY}/ /etc/ha-nfs/fence.conf`);
    await n1.guard();
    waits("Outdated");
    n1.wish("up");
    await n1.is("refused: this node's disk is Outdated");
    says();
    await n1.is("serving");
    assert.deepEqual([forced(), n1.has(`${RUN}/alone`)], [1, false]);
  });

  it("forgets the word where the peer answers: the person has sworn that it is off", async () => {
    await n1.peer("it is Primary, WFConnection");
    await n1.guard();
    waits("Outdated");
    says();
    n1.wish("up");
    await until("the word is forgotten", () => !n1.has(`${RUN}/alone`));
    await n1.is("refused: this node's disk is Outdated");
    assert.equal(forced(), 0);
  });

  it("outdates a disk that was lost beside a peer with one, and is back after a boot", async () => {
    const { kill } = await n1.guard();
    n1.drbd({ roles: "Secondary/Primary", disks: "Diskless/UpToDate" });
    await until("it is noted", () => n1.has(BEHIND));
    await kill("SIGKILL");
    waits("Consistent");
    await n1.guard();
    n1.wish("up");
    await n1.is("refused: this node's disk is Outdated");
    assert.match(n1.text("/stub/drbd"), /ds:Outdated/);
    await until("DRBD has it on record", () => !n1.has(BEHIND));
  });

  it("does not start with such a disk where DRBD does not outdate it", async () => {
    n1.sh(`mkdir -p /var/lib/ha-nfs; echo >${BEHIND}`);
    n1.put("/stub/outdate-fails", "no room\n");
    waits("UpToDate");
    await n1.guard();
    n1.wish("up");
    await n1.is("refused: this node's disk is Outdated");
    assert.ok(n1.has(BEHIND));
  });

  it("leaves a disk alone that was lost without a peer, or is equal to the peer's again", async () => {
    n1.drbd({ connection: "WFConnection", roles: "Primary/Unknown", disks: "Diskless/Outdated" });
    await n1.guard();
    assert.ok(!n1.has(BEHIND));
    n1.put(BEHIND, "");
    n1.drbd({});
    await until("it is equal", () => !n1.has(BEHIND));
    n1.put(BEHIND, "");
    n1.drbd({ connection: "WFConnection", roles: "Primary/Unknown", disks: "UpToDate/Outdated" });
    await until("a person has had it serve", () => !n1.has(BEHIND));
    assert.equal(n1.count(/^drbdadm outdate/), 0);
  });
});
