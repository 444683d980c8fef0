import assert from "node:assert/strict";
import { parseNodeName, parseVmSpec, readSpec, specHash } from "../../lab/spec";
import { makeNode, masterSpec, useEmptyLab } from "./sandbox";

describe("lab: VmSpec", () => {
  useEmptyLab();

  it("is taken as it is when it is valid", () => {
    assert.deepEqual(
      parseVmSpec(masterSpec({ image: "0123456789abcdef" })),
      masterSpec({ image: "0123456789abcdef" }),
    );
  });

  it("tells every mistake at once, with the key and what it got", () => {
    const [service] = masterSpec().nics;
    const input = {
      ...masterSpec(),
      stack: "../other",
      name: "M1",
      memoryMiB: "640",
      cpus: 0,
      nics: [{ ...service, mac: "03:00:00:00:00:01", group: "10.1.1.1:20001", address: "10.10.1.11" }],
      hosts: [{ name: "m1" }],
    };
    assert.throws(() => parseVmSpec(input), {
      message: `invalid VM spec:
  stack: must be letters, digits, _ - or ., got "../other"
  name: must be a host name: a to z, 0 to 9 and -, at most 31, a letter first, got "M1"
  memoryMiB: Invalid input: expected number, received string, got "640"
  cpus: Too small: expected number to be >=1, got 0
  nics.0.mac: must be a locally administered unicast MAC, lower case, got "03:00:00:00:00:01"
  nics.0.group: must be a multicast group and a port, as 239.1.2.3:20000, got "10.1.1.1:20001"
  nics.0.address: must be an IPv4 address with its prefix length, as 10.10.1.11/24, got "10.10.1.11"
  hosts.0.address: Invalid input: expected string, received undefined, got undefined`,
    });
  });

  it("wants the NICs in order and each role once", () => {
    const [service, link] = masterSpec().nics;
    assert.ok(service && link);
    const nics = [service, { ...link, role: "service", device: "eth3" }];
    assert.throws(() => parseVmSpec(masterSpec({ nics })), {
      message: `invalid VM spec:
  nics.1.device: must be eth2: NICs are named in their order, got "eth3"
  nics.1.role: is the role of another NIC too, got "service"`,
    });
  });

  it("needs no more than stack and name when the VM is to go, whatever else has changed since", () => {
    assert.deepEqual(parseNodeName({ stack: "dev", name: "m1", memoryMiB: "no longer valid" }), {
      stack: "dev",
      node: "m1",
    });
    assert.throws(
      () => parseNodeName({ stack: "dev", node: "../../etc" }),
      /^Error: invalid node:\n {2}node: must be/,
    );
    assert.throws(() => parseNodeName(null), /^Error: invalid node:/);
  });

  it("has a hash that changes with what a start would change, and not with the image", () => {
    const hash = specHash(masterSpec());
    assert.match(hash, /^[0-9a-f]{12}$/);
    assert.equal(specHash(masterSpec({ image: "another" })), hash);
    assert.notEqual(specHash(masterSpec({ memoryMiB: 641 })), hash);
    assert.notEqual(specHash(masterSpec({ hosts: [] })), hash);
  });

  it("of an unknown stack or node is an error that names those there are", () => {
    makeNode(masterSpec());
    makeNode(masterSpec({ name: "m2" }));
    assert.deepEqual(readSpec("dev", "m1"), masterSpec());
    assert.throws(() => readSpec("dev", "m3"), { message: "no node m3 in stack dev; there is: m1, m2" });
    assert.throws(() => readSpec("prod", "m1"), { message: "no stack prod in this lab; there is: dev" });
  });
});
