import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** The last cells of the tables' rows. */
function named(document: string): string[] {
  const rows = document.split("\n").filter((line) => line.startsWith("|") && !/^\|( -+ \|)+$/.test(line));
  const last = rows.map((row) => row.split("|").at(-2)?.trim() ?? "");
  return last.filter((cell) => cell !== "Test" && cell !== "-");
}

describe("docs/seeds.md", () => {
  const tests = named(readFileSync("docs/seeds.md", "utf8"));

  it("has a row for what the articles name", () => {
    assert.ok(tests.length >= 30, `${tests.length}`);
  });

  for (const cell of tests) {
    it(`names a test that is there: ${cell}`, () => {
      const [, file = "", title = ""] = /^(\S+): (.+)$/.exec(cell) ?? [];
      assert.ok(existsSync(path.join("test", file)), file);
      assert.ok(readFileSync(path.join("test", file), "utf8").includes(`"${title}"`), title);
    });
  }
});
