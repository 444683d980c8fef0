import assert from "node:assert/strict";
import { type Moment, phasesOf, stopOf } from "../../scripts/drillPhases";

const moments = (text: string): Moment[] =>
  text
    .trim()
    .split("\n")
    .map((line) => {
      const [, seconds, what = ""] = /^ *(\S+) (.*)$/.exec(line) ?? [];
      return { seconds: Number(seconds), what };
    });

const FAILOVER = `
  1.50 m2 manager: node m1: is dead
  1.75 m2 service: start begin
  2.00 m2 service: start primary
  2.25 m2 service: start mounted
  2.50 m2 service: start nfsd
  2.75 m2 service: start vip
  2.80 m2 service: start end
  3.25 first acknowledgement
  9.00 m2 manager: node m1: status active
  9.50 m2 service: start begin`;

const inWords = (text: string, to = "m2", acknowledged = 3.25) =>
  phasesOf(moments(text), to, acknowledged).map(({ phase, begin, end }) => `${phase} ${begin}-${end}`);

describe("a drill's phases", () => {
  it("follow each other from the injection to the first acknowledgement", () => {
    assert.deepEqual(inWords(FAILOVER), [
      "detection 0-1.5",
      "manager 1.5-1.75",
      "promote 1.75-2",
      "mount 2-2.25",
      "nfsd 2.25-2.5",
      "address 2.5-2.75",
      "client 2.75-3.25",
    ]);
  });

  it("end with the manager's last word before the start, whatever it says first and later", () => {
    const more = `  0.25 m2 manager: Entering BACKUP STATE\n${FAILOVER.trim()}\n  2.10 m2 manager: late`;
    assert.equal(inWords(more)[0], "detection 0-1.5");
  });

  it("count a start that was refused as part of the one that was not", () => {
    const refused = `  1.60 m2 service: start begin\n  1.65 m2 service: start failed: (-7)\n${FAILOVER.trim()}`;
    const sorted = moments(refused).sort((a, b) => a.seconds - b.seconds);
    const promote = phasesOf(sorted, "m2", 3.25).find(({ phase }) => phase === "promote");
    assert.deepEqual(promote, { phase: "promote", begin: 1.6, end: 2 });
  });

  it("leave out what nobody has told, and give its time to no other", () => {
    const silent = inWords(FAILOVER.replace(/^.*is dead$/m, ""));
    assert.deepEqual(silent.slice(0, 2), ["promote 1.75-2", "mount 2-2.25"]);
    assert.deepEqual(inWords(FAILOVER, "m1"), []);
  });

  it("know the old master's stop, when there was one", () => {
    const stop = "0.5 m1 service: stop begin\n1.25 m1 service: stop end";
    assert.deepEqual(stopOf(moments(stop), "m1"), { begin: 0.5, end: 1.25 });
    assert.equal(stopOf(moments(stop), "m2"), null);
  });
});
