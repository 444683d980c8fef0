import assert from "node:assert/strict";
import { Duplex, PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Bucket } from "../../replicator/master/bucket";
import { Wire } from "../../replicator/master/wire";
import { frames, type Op } from "../../replicator/protocol";

describe("replicator: the master's end of a connection", () => {
  it("tells how old a beacon is when its turn comes", async () => {
    const bytes = new PassThrough();
    const write = (part: Buffer, _: BufferEncoding, done: () => void) => void bytes.write(part, done);
    const connection = new Duplex({ read: () => undefined, write });
    const nothing = () => assert.fail();
    const listener = { stale: nothing, error: nothing, beacon: nothing };
    const wire = new Wire(connection, new Set(), listener, new Bucket(0));
    const sent = frames<Op>(bytes);
    try {
      const busy = wire.exclusive(() => sleep(200));
      wire.beacon(Date.now());
      await busy;
      const first = await sent.next();
      const head = first.done ? assert.fail() : first.value.head;
      assert.ok(head.op === "beacon" && head.age >= 199, JSON.stringify(head));
    } finally {
      wire.end(new Error("the test is over"));
    }
  });
});
