import assert from "node:assert/strict";
import { vipConf } from "../../components/render/agent";
import { until } from "../until";
import { Machine } from "./machine";

const EVENTS = "/run/ha-nfs/events";

describe("safety: an address to which the network leads by its own books", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => {
    n1 = await new Machine().ready();
    const address = { address: "10.9.9.9", aliases: ["10.9.9.8"], prefixLength: 32, device: "lo" };
    n1.put(
      "/etc/ha-nfs/vip.conf",
      vipConf({ ...address, arpCount: 1, arpIntervalMs: 1, mover: "/stub/mover" }),
    );
  });
  afterEach(() => n1.end());

  const mover = (body: string) =>
    n1.sh(`printf '%s\\n' '#!/bin/bash' ${body} >/stub/mover && chmod 755 /stub/mover`);
  const moved = `'echo "$EPOCHREALTIME mover $*" >>${EVENTS}'`;

  it("is claimed beside the mount, and answered once the network leads here; no ARP is sent", async () => {
    mover(`'sleep 0.5' ${moved}`);
    await n1.serving();
    const events = n1
      .text(EVENTS)
      .split("\n")
      .map((line) => line.split(" ").slice(1).join(" "));
    const at = (name: string) => events.indexOf(name);
    assert.ok(at("start mounted") < at("mover 10.9.9.9 10.9.9.8"), events.join("\n"));
    assert.ok(at("mover 10.9.9.9 10.9.9.8") < at("start vip"), events.join("\n"));
    assert.match(n1.addresses, /10\.9\.9\.9\/32/);
    assert.equal(n1.count(/send_arp/), 0);
  });

  it("that does not lead here is not answered, and the guard says what the network has said", async () => {
    mover("'echo ReplaceRoute: UnauthorizedOperation: no >&2' 'exit 1'");
    const { said } = await n1.guard();
    n1.wish("up");
    await n1.is(
      "refused: the network does not lead the address here: ReplaceRoute: UnauthorizedOperation: no",
    );
    assert.doesNotMatch(n1.addresses, /10\.9\.9\.9/);
    await until(`the volume is let go: ${said()}`, () => !n1.mounted);
    mover(moved);
    await n1.is("serving", 20);
  });

  it("is back at once when it is repaired, however long the network is asked", async () => {
    mover(moved);
    await n1.serving();
    mover("'sleep 30'");
    n1.sh("ip address del 10.9.9.9/32 dev lo");
    await until("it is back", () => n1.addresses.includes("10.9.9.9"), 5);
  });

  it("stays led to a node that stops, for the next one claims it", async () => {
    mover(moved);
    await n1.serving();
    const before = n1.text(EVENTS).match(/mover/g)?.length;
    n1.wish("down");
    await n1.is("stopped");
    assert.equal(n1.text(EVENTS).match(/mover/g)?.length, before);
  });
});

describe("safety: an address that has another prefix now", function () {
  this.timeout(60_000);
  let n1: Machine;
  beforeEach(async () => (n1 = await new Machine().ready()));
  afterEach(() => n1.end());

  it("stands beside the one with the old prefix, and both go", async () => {
    await n1.serving();
    n1.sh(
      "sed -i s/PREFIX=24/PREFIX=16/ /etc/ha-nfs/vip.conf && /usr/local/lib/ha-nfs/service data leave-addresses",
    );
    assert.match(n1.addresses, /10\.9\.9\.9\/24[^]*10\.9\.9\.9\/16/);
    assert.deepEqual(n1.wish("down"), { status: 0, output: "" });
    assert.doesNotMatch(n1.addresses, /10\.9\.9\.9/);
  });
});
