import assert from "node:assert/strict";
import {
  check,
  errors,
  hosts,
  hostsFleet,
  lab,
  labFleet,
  parseHosts,
  parseLab,
  without,
  type Case,
} from "./configFixture";

const fencing = (changes: Record<string, unknown>, on: object = hostsFleet) => ({ ...on, fencing: changes });
const device = "/usr/local/sbin/power";

describe("config: fencing", () => {
  it("on the lab has the lab's device, and its first client as the witness", () => {
    const { device, witness } = parseLab(lab).fencing;
    assert.deepEqual({ device, witness }, { device: "lab", witness: "client" });
  });

  it("on a lab without clients has the first slave as the witness", () => {
    assert.equal(parseLab({ ...labFleet, lab: { clients: [] } }).fencing.witness, "s1");
    assert.equal(parseLab({ ...lab, lab: { clients: [] } }).fencing.witness, undefined);
  });

  it("keeps what is written for the lab", () => {
    const written = { device: "none", witness: "s2", silence: "2s", deviceSeconds: 60 };
    assert.deepEqual(parseLab(fencing(written, labFleet)).fencing, {
      witness: "s2",
      allowDataLoss: false,
      silenceMs: 2000,
      deviceSeconds: 60,
    });
    assert.equal(parseLab(fencing({ witness: "none" }, lab)).fencing.witness, undefined);
  });

  it("on hosts has what is written, and no witness by itself", () => {
    assert.deepEqual(parseHosts(hostsFleet).fencing, {
      device,
      allowDataLoss: false,
      silenceMs: 400,
      deviceSeconds: 20,
    });
  });

  it("takes any third machine as the witness: slave, proxy or push target", () => {
    for (const witness of ["s1", "p2", "web"]) {
      assert.deepEqual(errors(fencing({ witness })), []);
    }
  });

  it("takes a command with arguments", () => {
    const command = "/usr/sbin/fence --config=/etc/fence.ini -v";
    assert.equal(parseHosts(fencing({ device: command })).fencing.device, command);
  });

  it("lets a person do without both, by that person's word", () => {
    assert.deepEqual(errors(fencing({ allowDataLoss: true })), []);
    assert.deepEqual(errors(fencing({ device: "none", witness: "none", allowDataLoss: true }, lab)), []);
  });

  const neither =
    "fencing: found neither a device nor a witness; allowed: one of them, or allowDataLoss: true; " +
    "without a proof that its peer is not serving, a master never takes over by itself";
  check("has a device or a witness", [
    [without(hosts, "fencing"), neither],
    [fencing({}), neither],
    [fencing({ device: "none", witness: "none" }), neither],
    [fencing({ device: "none", witness: "none" }, lab), neither],
    [fencing({ device: "none" }, { ...lab, lab: { clients: [] } }), neither],
  ]);

  const third = "a witness is a third machine";
  check("has a witness that is no master, and is there", [
    ...["m1", "m2", "s9"].map((witness): Case => [
      fencing({ witness }),
      `fencing.witness: found "${witness}"; allowed: the name of a machine that is no master: s1, p1, p2, web; or none; ${third}`,
    ]),
    [
      fencing({ witness: "s1" }, hosts),
      `fencing.witness: found "s1"; allowed: the name of a machine that is no master; or none; ${third}`,
    ],
    [
      fencing({ witness: "m1" }, lab),
      `fencing.witness: found "m1"; allowed: the name of a machine that is no master: client; or none; ${third}`,
    ],
  ]);

  it("has a witness with the form of a name", () => {
    for (const witness of ["", "S1", "s 1", 5, "s1; reboot"]) {
      const [line = "", ...others] = errors(fencing({ device, witness }));
      assert.match(line, /^fencing\.witness: found /);
      assert.deepEqual(others, []);
    }
  });

  const command =
    "the path of a command on the masters with its arguments, without quotes; { agent, options, masters }; or none; see fencing in docs/config.md";
  check("has a device that a shell and a list of words read alike", [
    ...[
      "power",
      "./power",
      "/sbin/power 'a b'",
      '/sbin/power "a"',
      "/sbin/power  a",
      "/sbin/power ",
      "/sbin/power $HOME",
      "/sbin/power `id`",
      "/sbin/power\\ a",
      "/sbin/power\nreboot",
    ].map((text): Case => [
      fencing({ device: text }),
      `fencing.device: found ${JSON.stringify(text)}; allowed: ${command}`,
    ]),
    [fencing({ device: 5 }), `fencing.device: found 5; allowed: ${command}`],
    [
      fencing({ device: "lab" }),
      'fencing.device: found "lab"; allowed: the path of a command, or none; ' +
        "name the command that switches a master off, or set platform to lab",
    ],
  ]);

  const agent = {
    agent: "fence_ipmilan",
    options: { lanplus: true, timeout: 9 },
    masters: { m1: { ip: "a" }, m2: { ip: "b" } },
  };

  it("takes one of Debian's agents, with options for both masters and for each", () => {
    const { device } = parseHosts(fencing({ device: agent })).fencing;
    assert.deepEqual(device, { ...agent, options: { lanplus: "1", timeout: "9" } });
    const alike = { agent: "fence_virsh", masters: { m1: { plug: "1" }, m2: { plug: "2" } } };
    assert.deepEqual(parseHosts(fencing({ device: alike })).fencing.device, { ...alike, options: {} });
    assert.deepEqual(errors({ ...hosts, fencing: JSON.stringify({ device: agent }) }), []);
  });

  const with_ = (changes: object) => fencing({ device: { ...agent, ...changes } });
  const option =
    "allowed: a text of one line, a number, true or false; give the agent's option as its manual has it";
  const key =
    "allowed: the long name of an option of the agent, such as ip or username, and not action; " +
    "see the agent's manual, such as fence_ipmilan(8)";
  check("has an agent and options that can be, and shows none of these, for they may be secret", [
    [
      with_({ agent: "ipmilan; reboot" }),
      'fencing.device.agent: found "ipmilan; reboot"; allowed: the name of a program of Debian\'s fence-agents, ' +
        "such as fence_ipmilan; see the list of files of the package",
    ],
    [
      with_({ option: { password: "geheim" } }),
      "fencing.device.option: found an unknown key; allowed: agent, options, masters; did you mean options?",
    ],
    [
      with_({ options: { password: "geheim\naction=on" } }),
      `fencing.device.options.password: found a value that is not shown; ${option}`,
    ],
    [
      with_({ options: { password: ["geheim"] } }),
      `fencing.device.options.password: found a value that is not shown; ${option}`,
    ],
    [
      with_({ options: { action: "geheim" } }),
      `fencing.device.options.action: found a value that is not shown; ${key}`,
    ],
    [
      with_({ options: { "pass word": "geheim" } }),
      `fencing.device.options.pass word: found a value that is not shown; ${key}`,
    ],
    [
      with_({ options: ["geheim"] }),
      "fencing.device.options: found a value that is not shown; allowed: an object of the agent's options; " +
        "write it as keys and values",
    ],
    [
      with_({ masters: { ...agent.masters, m3: { password: "geheim" } } }),
      "fencing.device.masters.m3: found a value that is not shown; allowed: the name of a master: m1, m2; correct it",
    ],
    [
      with_({ masters: {} }),
      "fencing.device.masters: found the same options for both masters; allowed: for each of m1 and m2 the options " +
        "that tell it from the other, such as ip or plug; set them under the master's name",
    ],
    [
      fencing({ device: [{ password: "geheim" }] }),
      `fencing.device: found a value that is not shown; allowed: ${command}`,
    ],
    [
      { ...hosts, fencing: [{ password: "geheim" }] },
      "fencing: found a value that is not shown; allowed: an object with device, witness, allowDataLoss, silence, " +
        "deviceSeconds; write it as keys and values",
    ],
  ]);

  check("has times with their unit, and numbers without", [
    [
      fencing({ device, silence: 400 }),
      "fencing.silence: found 400; allowed: a whole number with its unit, ms or s, 50ms to 10s; " +
        "the unit is missing: write 400ms or 400s",
    ],
    [
      fencing({ device, deviceSeconds: 0 }),
      "fencing.deviceSeconds: found 0; allowed: a whole number of seconds, 1 to 120; write the number alone, without unit or quotes",
    ],
    [
      fencing({ device, deviceSeconds: "20s" }),
      'fencing.deviceSeconds: found "20s"; allowed: a whole number of seconds, 1 to 120; write the number alone, without unit or quotes',
    ],
    [
      fencing({ device, allowDataLoss: "yes" }),
      'fencing.allowDataLoss: found "yes"; allowed: true, false; write it without quotes',
    ],
    [
      fencing({ device, devices: 1 }),
      "fencing.devices: found an unknown key; allowed: device, witness, allowDataLoss, silence, deviceSeconds; did you mean device?",
    ],
  ]);

  check("has its ports to itself", [
    [
      { ...lab, drbd: { port: 7790 } },
      "drbd.port: found 7790; allowed: a port other than fencing's 7790; choose another one",
    ],
    [
      { ...lab, replication: { healthPort: 7791 } },
      "replication.healthPort: found 7791; allowed: a port other than fencing's 7791; choose another one",
    ],
  ]);
});
