import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { isCalendar } from "../../config/calendar";
import { check, errors, hosts, parseHosts } from "./configFixture";

const GOOD = [
  "weekly",
  "monthly",
  "Sun",
  "Sun 03:00",
  "sunday 3:00:00",
  "Mon..Fri 22:30",
  "Mon,Wed..Fri *-*-* 00:00",
  "*-*-1 02:00",
  "*-*-01/7 02:00 UTC",
  "2030-1..6-1,15 4:0",
  "1,7-1",
  "*:0/30",
  "Sat *-*-1..7 18:00:00",
];
const BAD = [
  "",
  " ",
  "every week",
  "week",
  "Sun 24:00",
  "Sun 3",
  "Sun..",
  "Son 3:00",
  "*-13-1",
  "*-0-1",
  "*-*-32",
  "*:60",
  "5..2:00",
  "*:0/0",
  "03:00 Sun",
  "Sun  3:00x",
  "Sun 3:00\nExecStart=/bin/true",
  "*-*-*-* 3:00",
  "1:2:3:4",
];

describe("config: drbd.verify", () => {
  it("is weekly, what is written, or off", () => {
    assert.equal(parseHosts(hosts).drbd.verify, "weekly");
    for (const verify of [...GOOD, "off"]) {
      assert.equal(parseHosts({ ...hosts, drbd: { verify } }).drbd.verify, verify);
    }
  });

  it("is one error where it is neither", () => {
    for (const verify of [...BAD, 5, true, ["weekly"]]) {
      const [line = "", ...others] = errors({ ...hosts, drbd: { verify } });
      assert.match(
        line,
        /^drbd\.verify: found .*; allowed: a calendar expression of systemd's, such as /,
        String(verify),
      );
      assert.deepEqual(others, []);
    }
  });

  check("says how to mend it", [
    [
      { ...hosts, drbd: { verify: "Sun 24:00" } },
      'drbd.verify: found "Sun 24:00"; allowed: a calendar expression of systemd\'s, such as weekly or Sun 03:00; or off; ' +
        "see systemd.time(7), or try it with `systemd-analyze calendar`",
    ],
  ]);

  const takes = (text: string) => spawnSync("systemd-analyze", ["calendar", "--", text]).status === 0;

  it("is what systemd takes", function () {
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) this.skip();
    for (const text of GOOD) assert.ok(takes(text), text);
    const number = fc.integer({ min: 0, max: 70 }).map(String);
    const part = fc.oneof(
      number,
      fc.constant("*"),
      fc.tuple(number, fc.constantFrom("..", "/", ","), number).map((all) => all.join("")),
    );
    const day = fc.constantFrom("Mon", "tuesday", "Wed..Fri", "Sat,Sun", "Son");
    const date = fc.tuple(part, fc.constant("-"), part).map((all) => all.join(""));
    const time = fc.tuple(part, part).map((all) => all.join(":"));
    const text = fc
      .tuple(...[day, date, time].map((all) => fc.option(all)))
      .map((all) => all.filter((one) => one !== null).join(" "));
    fc.assert(
      fc.property(text, (given) => {
        if (isCalendar(given)) assert.ok(takes(given), given);
      }),
      { numRuns: 300 },
    );
  });
});
