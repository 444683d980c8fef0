import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock, withOneLock } from "../../lab/support";

describe("lab: locks", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "ha-nfs-locks-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  /** How many of five works went on at once, at most. */
  async function most(locked: (work: () => Promise<void>) => Promise<void>): Promise<number> {
    let now = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++now);
      await new Promise((done) => setTimeout(done, 50));
      now--;
    };
    await Promise.all(Array.from({ length: 5 }, () => locked(work)));
    return most;
  }

  it("let one process work at a time, or as many as there are locks", async () => {
    const files = ["a", "b"].map((name) => join(directory, name));
    assert.equal(await most((work) => withLock(join(directory, "a"), work)), 1);
    assert.equal(await most((work) => withOneLock(files, work)), 2);
  });

  it("are free again after work that failed", async () => {
    const file = join(directory, "a");
    const failing = () => Promise.reject(new Error("no"));
    await assert.rejects(withOneLock([file], failing), /^Error: no$/);
    await assert.rejects(withLock(file, failing), /^Error: no$/);
    assert.equal(await withOneLock([file], () => 7), 7);
  });

  it("say what is wrong with their file, instead of looking for ever", async () => {
    await assert.rejects(
      withOneLock([join(directory, "x".repeat(300))], () => 7),
      /cannot lock .*: flock ended with/,
    );
  });
});
