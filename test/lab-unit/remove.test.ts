import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeVm } from "../../lab/apply";
import { applyIdentity, removeIdentity } from "../../lab/identity";
import { labDir, nodeDir } from "../../lab/paths";
import { stackLock } from "../../lab/stack";
import { withLock } from "../../lab/support";
import { makeNode, masterSpec, useEmptyLab } from "./sandbox";

describe("lab: the removal of a VM", () => {
  useEmptyLab();

  it("takes nothing away while somebody reads all nodes of the stack", async () => {
    await applyIdentity({ stack: "dev", node: "m1" });
    makeNode(masterSpec());
    const spec = join(nodeDir("dev", "m1"), "spec.json");
    const removed = await withLock(stackLock("dev"), async () => {
      const removing = removeVm({ stack: "dev", node: "m1" });
      await sleep(500); // in which it would have been gone
      assert.ok(existsSync(spec));
      return { removing };
    });
    await removed.removing;
    assert.ok(!existsSync(spec));
    await removeIdentity({ stack: "dev", node: "m1" });
  });

  it("leaves nothing, also of a node whose VM was never made, or whose neighbour has no keys any more", async () => {
    for (const node of ["m1", "m2"]) await applyIdentity({ stack: "dev", node });
    makeNode(masterSpec());
    makeNode(masterSpec({ name: "m2" }));
    await removeIdentity({ stack: "dev", node: "m2" });
    for (const node of ["m1", "m2"]) {
      await removeVm({ stack: "dev", node });
      await removeIdentity({ stack: "dev", node });
    }
    assert.ok(!existsSync(labDir()));
  });
});
