import assert from "node:assert/strict";
import { check, ends, errors, host, hosts, lab, labMaster, labWith, type Case } from "./configFixture";

describe("config: networks and addresses", () => {
  const form = "an IPv4 network such as 10.10.1.0/24, prefix 8 to 30, not loopback, multicast or reserved";

  check("a network is in CIDR form and for unicast", [
    [
      { ...lab, linkNetwork: "10.9.9.9/24" },
      `linkNetwork: found "10.9.9.9/24"; allowed: ${form}; did you mean 10.9.9.0/24?`,
    ],
    [
      { ...lab, linkNetwork: "10.9.9.0" },
      `linkNetwork: found "10.9.9.0"; allowed: ${form}; write it as <network address>/<prefix length>`,
    ],
    ...["127.0.0.0/8", "239.1.1.0/24", "240.0.0.0/24", "0.0.0.0/8", "10.9.9.0/31"].map(
      (linkNetwork): Case => [
        { ...lab, linkNetwork },
        `linkNetwork: found "${linkNetwork}"; allowed: ${form}; choose one of these`,
      ],
    ),
  ]);
  check("networks lie apart", [
    [
      {
        ...lab,
        linkNetwork: "10.10.0.0/16",
        masters: [1, 2].map((n) => ({ ...labMaster(n), linkAddress: `10.10.9.${n}` })),
      },
      'linkNetwork: found "10.10.0.0/16"; allowed: a network apart from serviceNetwork 10.10.1.0/24; ' +
        "choose one that does not overlap it",
    ],
    [
      { ...lab, linkNetwork: "10.0.2.0/24" },
      'linkNetwork: found "10.0.2.0/24"; allowed: a network apart from 10.0.2.0/24, which QEMU uses to manage the lab; ' +
        "choose one that does not overlap it",
    ],
  ]);
  it("hosts may use the network that QEMU has in the lab", () => {
    const masters = [1, 2].map((n) => ({ ...host(n), linkAddress: `10.0.2.${n}` }));
    assert.deepEqual(errors({ ...hosts, linkNetwork: "10.0.2.0/24", masters }), []);
  });
  check("a network has room for the lab's machines", [
    [
      { ...lab, linkNetwork: "10.10.2.8/29" },
      'linkNetwork: found "10.10.2.8/29"; allowed: a network that has room for the lab\'s machines at its start + 11, + 12 and + 13; ' +
        "widen it to /28 or more, or set masters and lab.clients",
    ],
  ]);
  it("a small network does for masters that are given", () => {
    const masters = [1, 2].map((n) => ({ ...labMaster(n), linkAddress: `10.10.2.${n}` }));
    assert.deepEqual(errors({ ...lab, linkNetwork: "10.10.2.0/30", masters }), []);
  });

  check("an address is inside its network", [
    [{ vip: "10.10.9.1" }, `vip: found "10.10.9.1"; ${ends.insideService}`],
    [{ vip: "10.10.1.0" }, `vip: found "10.10.1.0"; ${ends.insideService}`],
    [{ vip: "10.10.1.255" }, `vip: found "10.10.1.255"; ${ends.insideService}`],
    [
      labWith({ serviceAddress: "10.10.2.50" }),
      `masters[1].serviceAddress: found "10.10.2.50"; ${ends.insideService}`,
    ],
    [
      labWith({ linkAddress: "10.10.1.50" }),
      `masters[1].linkAddress: found "10.10.1.50"; ${ends.insideService.replaceAll("serviceNetwork 10.10.1", "linkNetwork 10.10.2").replaceAll("serviceNetwork", "linkNetwork")}`,
    ],
    [
      { ...lab, heartbeat: { pingNodes: ["10.10.2.1"] } },
      `heartbeat.pingNodes[0]: found "10.10.2.1"; ${ends.insideService}`,
    ],
  ]);
  check("an address has one owner", [
    [
      { vip: "10.10.1.11" },
      'vip: found "10.10.1.11", which masters[0].serviceAddress has too; ' + ends.ownAddress,
    ],
    [
      labWith({ linkAddress: "10.10.2.11" }),
      'masters[1].linkAddress: found "10.10.2.11", which masters[0].linkAddress has too; ' + ends.ownAddress,
    ],
    [
      { ...lab, lab: { clients: [{ name: "c", serviceAddress: "10.10.1.12" }] } },
      'lab.clients[0].serviceAddress: found "10.10.1.12", which masters[1].serviceAddress has too; ' +
        ends.ownAddress,
    ],
  ]);
  check("the VIP has no prefix", [
    [
      { vip: "10.10.1.100/24" },
      'vip: found "10.10.1.100/24"; allowed: an IPv4 address such as 10.10.1.11; leave the prefix off: it comes from the network',
    ],
    [
      { vip: "10.10.1.0100" },
      'vip: found "10.10.1.0100"; allowed: an IPv4 address such as 10.10.1.11; write four numbers from 0 to 255 with dots between',
    ],
  ]);
});
