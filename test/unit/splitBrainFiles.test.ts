import assert from "node:assert/strict";
import { differing, parseEntries } from "../../scripts/splitBrainFiles";

describe("split brain: the files of two sides", () => {
  it("takes any path that a file may have", () => {
    const entries = parseEntries("1764197000.5 12 data/a b\n c\x001764197001.25 0 data/empty\0");
    assert.deepEqual([...entries.keys()], ["data/a b\n c", "data/empty"]);
    assert.deepEqual(entries.get("data/a b\n c"), { changed: 1764197000.5, size: 12 });
  });

  it("differ where one side has none, another size, or another time of change", () => {
    const a = parseEntries("1 1 same\x002 1 time\x003 1 size\x004 1 mine\0");
    const b = parseEntries("1 1 same\x002.5 1 time\x003 2 size\x005 1 theirs\0");
    assert.deepEqual(differing(a, b), ["mine", "size", "theirs", "time"]);
    assert.deepEqual(differing(a, a), []);
  });
});
