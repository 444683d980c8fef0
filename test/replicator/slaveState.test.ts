import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { State } from "../../replicator/slave/state";
import { Slave } from "./slaveMaster";

describe("replicator/slave: its state", () => {
  let slave: Slave;

  beforeEach(() => {
    slave = new Slave();
    mkdirSync(slave.root);
  });
  afterEach(() => slave.remove());

  it("remembers how new what it has may be, but not before it remembers what it has adopted", async () => {
    const place = (position: number) => ({ position, stamp: "a stamp" });
    const master = await slave.master();
    assert.equal(master.welcome?.ahead, undefined);
    master.send({ op: "ahead", ...place(1) });
    master.send({ op: "adopt", trees: ["data"], ...place(2) });
    master.send({ op: "ahead", ...place(3) });
    await master.done();
    const kept = () => new State(slave.root, slave.receiver.tree, assert.fail).place.ahead;
    assert.deepEqual(kept(), place(1));
    await slave.receiver.state.persist();
    assert.deepEqual(kept(), place(3));
    master.send({ op: "cursor", ...place(4) });
    master.send({ op: "ahead", ...place(5) });
    await master.done();
    assert.deepEqual(kept(), place(5));
    await slave.restart();
    assert.deepEqual((await slave.master()).welcome?.ahead, place(5));
    await slave.restart();
    assert.equal((await slave.master({ journal: "another journal", term: 2 })).welcome?.ahead, undefined);
  });
});
