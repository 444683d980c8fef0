import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";

const model = (...args: string[]) =>
  spawnSync("/usr/bin/python3", ["-IB", path.join(__dirname, "model.py"), ...args], { encoding: "utf8" });

const tests = (name: string) =>
  spawnSync("/usr/bin/python3", ["-IB", path.join(__dirname, name)], { encoding: "utf8" });

describe("safety: every interleaving of the rules", () => {
  for (const [mode, faults, words] of [
    ["device", 3, 0],
    ["witness", 3, 0],
    ["both", 3, 0],
    ["device", 2, 1],
    ["witness", 2, 1],
    ["both", 2, 1],
  ] as const) {
    it(`${mode}, ${faults} faults, ${words} words of a person: nothing acknowledged is lost, and never two serve`, () => {
      const { status, stdout, stderr } = model(mode, String(faults), String(words));
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout, /no violation in \d{4,6} states, all/);
    });
  }

  for (const mode of ["device", "witness", "both"]) {
    it(`${mode}: finds what is wrong with naive rules`, () => {
      const { status, stdout } = model(mode, "2", "0", "naive");
      assert.equal(status, 1);
      assert.match(stdout, /VIOLATION/);
    });

    it(`${mode}: finds what is wrong where a person does not keep the peer off`, () => {
      const { status, stdout } = model(mode, "2", "1", "careless");
      assert.equal(status, 1);
      assert.match(stdout, /VIOLATION[^]*PERSON/);
    });
  }
});

describe("safety: node.py, rules.py, manager.py and parts.py", () => {
  for (const name of [
    "node_test.py",
    "rules_test.py",
    "manager_test.py",
    "keepalived_test.py",
    "pacemaker_test.py",
    "aws_test.py",
    "parts_test.py",
  ]) {
    it(name, () => {
      const { status, stderr } = tests(name);
      assert.equal(status, 0, stderr);
      assert.match(stderr, /^Ran [1-9]/m);
    });
  }
});
