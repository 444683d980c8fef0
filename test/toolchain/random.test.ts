import assert from "node:assert/strict";
import { plain, secret } from "../../toolchain/plugins/values";
import type { Properties } from "../../toolchain/plugins/values";
import { Plugin } from "./plugin";

describe("random:index/randomPassword:RandomPassword", function () {
  this.timeout(20_000);
  let plugin: Plugin;
  const make = async (inputs: Properties) => {
    const checked = await plugin.check(inputs);
    assert.deepEqual(checked.failures, []);
    const { result } = await plugin.create(checked.inputs);
    assert.ok(result !== undefined);
    assert.deepEqual(result, secret(plain(result)), "the result is secret");
    return plain(result) as string;
  };

  before(async () => (plugin = await Plugin.start("random", "random:index/randomPassword:RandomPassword")));
  after(() => plugin.stop());

  it("makes a password of the length and classes asked for, never the same", async () => {
    assert.match(await make({ length: 40, special: false, upper: false }), /^[a-z0-9]{40}$/);
    assert.match(await make({ length: 30, minNumeric: 30 }), /^[0-9]{30}$/);
    const own = { length: 20, overrideSpecial: "_", lower: false, upper: false, numeric: false };
    assert.equal(await make(own), "_".repeat(20));
    assert.notEqual(await make({ length: 20 }), await make({ length: 20 }));
  });

  it("replaces for every change, but not for a default written out", async () => {
    const { inputs } = await plugin.check({ length: 20, keepers: { generation: "1" } });
    const written = await plugin.check({
      length: 20,
      keepers: { generation: "1" },
      upper: true,
      minLower: 0,
    });
    assert.deepEqual(await plugin.diff(inputs, written.inputs), { paths: [], replaces: [] });
    const next = await plugin.check({ length: 20, keepers: { generation: "2" } });
    assert.deepEqual(await plugin.diff(inputs, next.inputs), {
      paths: ["keepers.generation"],
      replaces: ["keepers"],
    });
  });

  /** What the program of the recorded states asks for. */
  const PROGRAM = { length: 48, special: false, keepers: { generation: "1" } };
  /** What the official provider, 4.21.1, has in the state's outputs beside it. */
  const DEFAULTS = {
    lower: true,
    upper: true,
    numeric: true,
    number: true,
    minLower: 0,
    minUpper: 0,
    minNumeric: 0,
    minSpecial: 0,
  };
  const RECORDED: Record<string, Properties> = {
    "the official provider": PROGRAM,
    "a bridge that notes its defaults": { __defaults: [], ...PROGRAM },
    "ours, before it left the inputs alone": { ...DEFAULTS, ...PROGRAM },
  };
  for (const [writer, inputs] of Object.entries(RECORDED)) {
    it(`keeps the password of a state written by ${writer}`, async () => {
      const checked = await plugin.check(PROGRAM);
      assert.deepEqual(await plugin.diff(inputs, checked.inputs), { paths: [], replaces: [] });
      const { inputs: next } = await plugin.check({ ...PROGRAM, keepers: { generation: "2" } });
      assert.deepEqual((await plugin.diff(inputs, next)).replaces, ["keepers"]);
    });
  }

  it("writes a state that the official provider keeps: defaults are outputs, not inputs", async () => {
    const { inputs } = await plugin.check(PROGRAM);
    assert.deepEqual(inputs, PROGRAM);
    const { result, ...others } = await plugin.create(inputs);
    assert.ok(result);
    assert.deepEqual(others, { ...DEFAULTS, ...PROGRAM });
  });

  it("refuses what can't be", async () => {
    assert.equal((await plugin.check({})).failures.length, 1);
    assert.match((await plugin.check({ length: 3, minUpper: 4 })).failures.join(), /at least 4/);
    const nothing = { length: 3, lower: false, upper: false, numeric: false, special: false };
    assert.match((await plugin.check(nothing)).failures.join(), /no character/);
  });
});
