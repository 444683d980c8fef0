import assert from "node:assert/strict";
import { answerOf, clockMistakes, mtuMistakes, preflightText } from "../../components/render/preflight";
import { parseConfig, Platform } from "../../config";
import { machinesOf, wantedOf } from "../../preflight/wanted";
import { onNode } from "../../scripts/remote";
import { hosts } from "./configFixture";

describe("the preflight", () => {
  const config = () => {
    const parsed = parseConfig(hosts);
    assert.ok(parsed.platform === Platform.Hosts);
    return parsed;
  };

  it("wants of a master its addresses, its peer by both networks, its disk, DRBD and free ports", () => {
    const parsed = config();
    const [first, second] = parsed.masters;
    assert.deepEqual(wantedOf(parsed, first), {
      name: first.name,
      nics: [
        { device: first.serviceDevice, address: `${first.serviceAddress}/24` },
        { device: first.linkDevice, address: `${first.linkAddress}/24` },
      ],
      peers: [
        { device: first.serviceDevice, address: second.serviceAddress },
        { device: first.linkDevice, address: second.linkAddress },
      ],
      ports: [
        { protocol: "udp", port: parsed.heartbeat.udpPort },
        { protocol: "tcp", port: parsed.drbd.port },
        { protocol: "tcp", port: 7790 },
        { protocol: "tcp", port: 2049 },
        { protocol: "tcp", port: parsed.replication.metricsPort },
      ],
      disk: { device: first.dataDisk, partition: "ha-nfs-data" },
      drbd: true,
    });
  });

  it("asks every machine of the configuration", () => {
    const parsed = config();
    const names = machinesOf(parsed).map(({ name }) => name);
    assert.deepEqual(
      names,
      [...parsed.masters, ...parsed.slaves].map(({ name }) => name),
    );
  });

  it("makes a text that bash takes", () => {
    const parsed = config();
    const text = preflightText(
      wantedOf(parsed, parsed.masters[0]),
      "disk() { :; }\n",
      "preflight() { :; }\n",
    );
    assert.match(text, /^set -euo pipefail\nNAME=[^]*\npreflight <\/dev\/null\nexit\n$/);
  });

  it("reads what a host has answered", () => {
    assert.deepEqual(
      answerOf("mistake found: a; allowed: b; c\nnoise\ndoubt d\nmtu eth1 1500\nclock 12.5\n"),
      {
        mistakes: ["found: a; allowed: b; c"],
        doubts: ["d"],
        mtus: new Map([["eth1", 1500]]),
        clock: 12.5,
      },
    );
    assert.equal(answerOf("mistake x").clock, undefined);
  });

  it("tells who has a clock far from the others'", () => {
    const told = clockMistakes(new Map(Object.entries({ a: 0.5, b: 0, c: -3600, d: 1.9 })));
    assert.deepEqual([...told.keys()], ["c"]);
    assert.match(told.get("c") ?? "", /^found: a clock that is -3600\.0 s from the others'/);
    assert.equal(clockMistakes(new Map()).size, 0);
  });

  it("tells who sends smaller packets than others in its network", () => {
    const all = { a: 1500, b: 9000, c: 9000 };
    const interfaces = Object.entries(all).map(([name, mtu]) => [name, { device: "eth2", mtu }] as const);
    const told = mtuMistakes("link", new Map(interfaces));
    assert.deepEqual([...told.keys()], ["a"]);
    assert.match(told.get("a") ?? "", /found: eth2 has an MTU of 1500; allowed: 9000/);
    assert.equal(mtuMistakes("link", new Map()).size, 0);
  });

  it("outlives a host that is gone before it has read what it was sent", async () => {
    const text = "x".repeat(1 << 20);
    await assert.rejects(
      onNode({ sshCommand: "sh -c 'echo refused >&2; exit 255'" }, "cat", 5000, text),
      /refused/,
    );
  });
});
