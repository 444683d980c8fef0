import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runningVm } from "../../lab/process";
import { qemuName } from "../../lab/qemu";
import { killNode, linkDown, pauseNode, resumeNode } from "../../lab/vm";
import { makeNode, masterSpec, useEmptyLab } from "./sandbox";

describe("lab: the process of a VM", () => {
  useEmptyLab();
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

  /** A process with the command line of QEMU that only sleeps; the node's pid file has its number. */
  async function pretend(argv0: string, name: string): Promise<ChildProcess> {
    const directory = makeNode(masterSpec());
    // With a second command to run, sh stays the process that has this command line.
    const args = ["-c", "sleep 60; true", "-name", name, "hostfwd=tcp:127.0.0.1:20123-:22"];
    const child = spawn("/bin/sh", args, { argv0, stdio: "ignore" });
    children.push(child);
    await new Promise((done) => child.once("spawn", done));
    writeFileSync(join(directory, "qemu.pid"), `${child.pid}\n`);
    return child;
  }

  it("is found by its pid file", async () => {
    const child = await pretend("/usr/bin/qemu-system-x86_64", `${qemuName("dev", "m1")}0123456789ab`);
    const { rssMiB, ...vm } = runningVm("dev", "m1") ?? {};
    assert.deepEqual(vm, { pid: child.pid, paused: false, spec: "0123456789ab", sshPort: 20123 });
    assert.ok(rssMiB !== undefined && rssMiB >= 0);
  });

  it("is paused, resumed and killed", async () => {
    const child = await pretend("qemu-system-x86_64", `${qemuName("dev", "m1")}0123456789ab`);
    const ended = new Promise((done) => child.once("exit", (_code, signal) => done(signal)));
    pauseNode("dev", "m1");
    while (!runningVm("dev", "m1")?.paused) await new Promise(setImmediate);
    resumeNode("dev", "m1");
    while (runningVm("dev", "m1")?.paused) await new Promise(setImmediate);
    await killNode("dev", "m1");
    assert.equal(runningVm("dev", "m1"), undefined);
    assert.equal(await ended, "SIGKILL");
  });

  const strangers = {
    "some other program": ["/usr/bin/vim", () => `${qemuName("dev", "m1")}0123456789ab`],
    "another node's QEMU": ["qemu-system-x86_64", () => `${qemuName("dev", "m2")}0123456789ab`],
    "another stack's QEMU": ["qemu-system-x86_64", () => `${qemuName("test", "m1")}0123456789ab`],
  } as const;
  for (const [what, [argv0, name]] of Object.entries(strangers)) {
    it(`is never taken for ${what} that has its number now`, async () => {
      const child = await pretend(argv0, name());
      assert.equal(runningVm("dev", "m1"), undefined);
      await assert.rejects(killNode("dev", "m1"), { message: "m1 does not run: npm run lab -- start m1" });
      assert.throws(() => pauseNode("dev", "m1"), { message: /does not run/ });
      assert.equal(child.exitCode ?? child.signalCode, null);
    });
  }

  it("is not there when the pid file is empty, nonsense or stale", () => {
    const directory = makeNode(masterSpec());
    assert.equal(runningVm("dev", "m1"), undefined);
    for (const content of ["", "0", "-1", "1", "x", "4194999"]) {
      writeFileSync(join(directory, "qemu.pid"), content);
      assert.equal(runningVm("dev", "m1"), undefined, content);
    }
  });

  it("has the NICs of its spec, and an unknown one is an error that names them", async () => {
    makeNode(masterSpec());
    await assert.rejects(linkDown("dev", "m1", "eth1"), {
      message: "no NIC eth1 in m1; there is: service, link",
    });
  });
});
