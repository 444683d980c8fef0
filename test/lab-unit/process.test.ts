import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeFence } from "../../lab/fence";
import { vmName } from "../../lab/guest";
import { running } from "../../lab/machines/choice";
import { MachineType } from "../../lab/machines/type";
import { fenceFile, nodeDir, stackDir } from "../../lab/paths";
import { writeWhole } from "../../lab/support";
import { killNode, linkDown, pauseNode, resumeNode } from "../../lab/vm";
import { makeNode, masterSpec, useEmptyLab } from "./sandbox";

describe("lab: the process of a VM", () => {
  useEmptyLab();
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));
  const hash = "0123456789ab";

  /** A process that only sleeps, in a session of its own; the file `pidFile` of a node has its number. */
  async function sleeper(argv0: string, args: string[], pidFile: string, node = "m1"): Promise<ChildProcess> {
    const child = spawn("/bin/bash", args, { argv0, stdio: "ignore", detached: true });
    children.push(child);
    await new Promise((done) => child.once("spawn", done));
    writeFileSync(join(makeNode(masterSpec({ name: node })), pidFile), `${child.pid}\n`);
    return child;
  }

  // With a second command to run, bash stays the process that has this command line.
  const SLEEP = ["-c", "sleep 60; true"];

  /** Processes with the command lines of a node's VM: what keeps its power on, and what is stopped by a pause. */
  const pretend = {
    async [MachineType.Qemu](name: string, argv0 = "/usr/bin/qemu-system-x86_64") {
      const qemu = await sleeper(
        argv0,
        [...SLEEP, "-name", name, "hostfwd=tcp:127.0.0.1:20123-:22"],
        "qemu.pid",
      );
      return { power: qemu, guest: qemu };
    },
    async [MachineType.Uml](name: string, argv0 = "bash") {
      const script = join(makeNode(masterSpec()), "uml", "guest.sh");
      writeWhole(script, "sleep 60; true\n");
      const power = await sleeper(argv0, [script, name, "20123", "1"], "vm.pid");
      const guest = await sleeper("false", [...SLEEP, `umid=${name.replace(/\w+$/, "")}`], "guest.pid");
      return { power, guest };
    },
  };

  for (const type of Object.values(MachineType)) {
    it(`is found by its pid file (${type})`, async () => {
      const { power } = await pretend[type](vmName("dev", "m1") + hash);
      const { rssMiB, machine, ...vm } = running("dev", "m1") ?? {};
      assert.deepEqual(vm, { pid: power.pid, paused: false, spec: hash, sshPort: 20123 });
      assert.equal(machine?.type, type);
      assert.ok(rssMiB !== undefined && rssMiB >= 0);
    });

    it(`is paused, resumed and killed, with all that belongs to it (${type})`, async () => {
      const { power, guest } = await pretend[type](vmName("dev", "m1") + hash);
      const ended = [power, guest].map(
        (child) => new Promise((done) => child.once("exit", (_code, signal) => done(signal))),
      );
      pauseNode("dev", "m1");
      while (!running("dev", "m1")?.paused) await new Promise(setImmediate);
      resumeNode("dev", "m1");
      while (running("dev", "m1")?.paused) await new Promise(setImmediate);
      await killNode("dev", "m1");
      assert.equal(running("dev", "m1"), undefined);
      assert.deepEqual(await Promise.all(ended), ["SIGKILL", "SIGKILL"]);
    });

    const strangers = {
      "some other program": [vmName("dev", "m1"), "/usr/bin/vim"],
      "another node's VM": [vmName("dev", "m2"), undefined],
      "another stack's VM": [vmName("test", "m1"), undefined],
    } as const;
    for (const [what, [name, argv0]] of Object.entries(strangers)) {
      if (argv0 && type === MachineType.Uml) continue; // its program is the script, not what runs it
      it(`is never taken for ${what} that has its number now (${type})`, async () => {
        const { power } = await pretend[type](name + hash, argv0);
        assert.equal(running("dev", "m1"), undefined);
        await assert.rejects(killNode("dev", "m1"), { message: "m1 does not run: npm run lab -- start m1" });
        assert.throws(() => pauseNode("dev", "m1"), { message: /does not run/ });
        assert.equal(power.exitCode ?? power.signalCode, null);
      });
    }
  }

  it("is switched off by the other node's fence device alone, which says so when it is gone", async () => {
    const { power, guest } = await pretend[MachineType.Uml](vmName("dev", "m1") + hash);
    const device = masterSpec({ name: "m2", fences: ["m1"] });
    const name = `${vmName("dev", "m2")}${hash}`;
    const asker = await sleeper("qemu-system-x86_64", [...SLEEP, "-name", name], "qemu.pid", "m2");
    writeFence(device);
    const ask = (question: string) =>
      spawnSync(join(nodeDir("dev", "m2"), fenceFile), { input: `${question}\n`, encoding: "utf8" }).stdout;
    assert.equal(ask("status m1"), "on\n");
    assert.equal(ask("off m2"), "error: no power over 'm2'; there is: m1\n");
    assert.equal(ask("off ../m1"), "error: no power over '../m1'; there is: m1\n");
    assert.equal(ask("off m1 m2"), "error: one line: off|on|status NODE\n");
    assert.equal(ask(""), "error: no power over ''; there is: m1\n");
    assert.equal(power.signalCode ?? guest.signalCode, null);
    assert.equal(ask("off m1"), "off\n");
    assert.equal(running("dev", "m1"), undefined);
    assert.equal(ask("status m1"), "off\n");
    assert.equal(ask("off m1"), "off\n");
    const spoilt = (what: string) => join(stackDir("dev"), `fence.${what}`);
    writeFileSync(spoilt("broken"), "refuses\n");
    assert.equal(ask("off m1"), "error: broken for an exercise\n");
    rmSync(spoilt("broken"));
    writeFileSync(spoilt("delay"), "0.2\n");
    const asked = Date.now();
    assert.equal(ask("status m1"), "off\n");
    assert.ok(Date.now() - asked >= 200);
    const log = readFileSync(spoilt("log"), "utf8").replace(/^\d+\.\d+ m2 /gm, "");
    assert.match(
      log,
      /^status m1 on\noff m2 error: no power over[^]*\noff m1 off\nstatus m1 off\noff m1 off already\n/,
    );
    const gone = new Promise((done) => asker.once("exit", done));
    asker.kill("SIGKILL");
    await gone;
    assert.equal(ask("status m1"), "error: m2 is off itself\n");
    writeFence({ ...device, fences: [] });
    assert.ok(!existsSync(join(nodeDir("dev", "m2"), fenceFile)));
  });

  it("is not there when the pid file is empty, nonsense or stale", () => {
    const directory = makeNode(masterSpec());
    assert.equal(running("dev", "m1"), undefined);
    for (const file of ["qemu.pid", "vm.pid", "guest.pid"])
      for (const content of ["", "0", "-1", "1", "x", "4194999"]) {
        writeFileSync(join(directory, file), content);
        assert.equal(running("dev", "m1"), undefined, content);
      }
  });

  it("has the NICs of its spec, and an unknown one is an error that names them", async () => {
    makeNode(masterSpec());
    await assert.rejects(linkDown("dev", "m1", "eth1"), {
      message: "no NIC eth1 in m1; there is: service, link",
    });
  });
});
