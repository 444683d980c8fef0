import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { stackDir } from "../../lab/paths";
import { lanAddress, macAddress, movePort, reservePorts } from "../../lab/ports";
import { useEmptyLab } from "./sandbox";

const nodes = ["m1", "m2", "client"];

function listenOn(port: number, host: string): Promise<{ port: number; close: () => void }> {
  const server = createServer();
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(port, host, () =>
      done({ port: (server.address() as AddressInfo).port, close: () => server.close() }),
    );
  });
}

describe("lab: SSH ports", () => {
  useEmptyLab();

  it("are distinct, in range, and the same in a preview and the update after it", () => {
    const preview = reservePorts("dev", nodes, { persist: false });
    assert.ok(!existsSync(join(stackDir("dev"), "ports.json")));
    assert.deepEqual(reservePorts("dev", nodes, { persist: true }), preview);
    assert.equal(new Set(Object.values(preview)).size, 3);
    for (const port of Object.values(preview)) assert.ok(port >= 20000 && port <= 31999, `${port}`);
  });

  it("are kept, also while something listens on them", async () => {
    const kept = reservePorts("dev", nodes, { persist: true });
    const listener = await listenOn(kept["m1"] ?? 0, "127.0.0.1");
    assert.deepEqual(reservePorts("dev", nodes, { persist: true }), kept);
    listener.close();
  });

  it("stay with a node that is not asked for, and a new node gets one beside them", () => {
    const kept = reservePorts("dev", nodes, { persist: true });
    const { s1 } = reservePorts("dev", ["s1"], { persist: true });
    assert.ok(s1 && !Object.values(kept).includes(s1));
    const file = JSON.parse(readFileSync(join(stackDir("dev"), "ports.json"), "utf8")) as unknown;
    assert.deepEqual(file, { ...kept, s1 });
  });

  for (const host of ["127.0.0.1", "::"]) {
    it(`go past one that something listens on at ${host}`, async () => {
      const { m1 = 0 } = reservePorts("dev", ["m1"], { persist: false });
      const listener = await listenOn(m1, host);
      const { m1: other = 0 } = reservePorts("dev", ["m1"], { persist: false });
      listener.close();
      assert.equal(other, m1 === 31999 ? 20000 : m1 + 1);
    });
  }

  it("of two stacks never meet, however many", () => {
    const all = ["a", "b", "c", "d"].flatMap((stack) => {
      const names = Array.from({ length: 500 }, (_, index) => `n${index}`);
      return Object.values(reservePorts(stack, names, { persist: true }));
    });
    assert.equal(new Set(all).size, 2000);
  });

  it("move when they are taken, and only for that node", () => {
    const { m1 = 0, m2 } = reservePorts("dev", ["m1", "m2"], { persist: true });
    const moved = movePort("dev", "m1", m1);
    assert.notEqual(moved, m1);
    assert.deepEqual(reservePorts("dev", ["m1", "m2"], { persist: false }), { m1: moved, m2 });
  });
});

describe("lab: LANs and MAC addresses", () => {
  useEmptyLab();
  const role = fc.constantFrom("service", "link", "replication");

  it("are one for each stack, node, role and clone", () => {
    const everything = () =>
      ["dev", "test"].flatMap((stack) =>
        ["service", "link"].flatMap((nic) => [
          lanAddress(stack, nic),
          ...nodes.map((node) => macAddress(stack, node, nic)),
        ]),
      );
    const here = everything();
    process.env.HA_NFS_LAB_DIR += "/another-clone";
    assert.equal(new Set([...here, ...everything()]).size, 2 * here.length);
  });

  it("are well formed: private multicast group, unprivileged port, locally administered unicast MAC", () => {
    fc.assert(
      fc.property(fc.string(), role, (stack, nic) => {
        assert.match(
          lanAddress(stack, nic),
          /^239(\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])){3}:(2\d|3[01])\d{3}$/,
        );
        assert.match(macAddress(stack, "m1", nic), /^02(:[0-9a-f]{2}){5}$/);
      }),
    );
  });
});
