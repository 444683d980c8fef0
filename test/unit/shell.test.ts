import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { assign, quote, scriptText } from "../../components/render/shell";

const bash = (script: string, ...args: string[]) =>
  execFileSync("bash", ["-s", "--", ...args], { input: script, encoding: "utf8" });

/** Any text but the zero byte, which no shell variable holds. */
const text = fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0"));

describe("shell text", () => {
  it("quotes any word so that bash sees it unchanged", () => {
    fc.assert(
      fc.property(text, (word) => {
        assert.equal(bash(`printf %s ${quote(word)}`), word);
      }),
      { numRuns: 60 },
    );
  });

  it("assigns any text, of one line or many", () => {
    fc.assert(
      fc.property(text, fc.boolean(), (value, lines) => {
        const wanted = lines ? `${value}\n` : value;
        assert.equal(bash(`${assign("VALUE", wanted)}printf %s "$VALUE"`), wanted);
      }),
      { numRuns: 60 },
    );
  });

  it("leaves plain words readable", () => {
    assert.equal(assign("VIP", "10.10.1.100/24"), "VIP=10.10.1.100/24\n");
    assert.equal(assign("NAMES", "a b"), "NAMES='a b'\n");
  });

  it("refuses what would break out of the text", () => {
    assert.throws(() => assign("A; rm", "x"), RangeError);
    assert.throws(() => assign("A", "one\nHA_NFS_END\nrm\n"), RangeError);
  });

  it("reads the whole script before it runs, so that no command swallows the rest", () => {
    const library = 'run() { "$3"; }\n';
    const script = 'apply() { cat; echo "$A"; }\n';
    assert.equal(bash(scriptText("x.sh", "nfs-x-m1", { A: "it's" }, library, script), "apply"), "it's\n");
  });
});
