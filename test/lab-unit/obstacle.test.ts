import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chooseMachine } from "../../lab/machines/choice";
import { MachineType } from "../../lab/machines/type";
import { machineFile, stackDir } from "../../lab/paths";
import { tryRun, writeWhole } from "../../lab/support";
import { makeNode, masterSpec, useEmptyLab } from "./sandbox";

describe("lab: what keeps user-mode Linux from running", () => {
  const ASK =
    'require("./lab/machines/uml/obstacle.ts").obstacle().then((said) => console.log(said ?? "nothing"))';

  /** What a process says that is started so. */
  const said = (...command: string[]): string => {
    const [program = "", ...args] = [...command, process.execPath, "--import", "tsx", "--eval", ASK];
    return execFileSync(program, args, { encoding: "utf8" }).trim();
  };
  /** In mounts of its own, after a command. */
  const after = (command: string) => said("unshare", "--mount", "sh", "-euc", `${command}; exec "$@"`, "sh");

  it("is nothing here", () => assert.equal(said(), "nothing"));

  it("is told in one line, with how to mend it", () => {
    assert.equal(
      said("setpriv", "--reuid=65534", "--clear-groups"),
      "not root: user-mode Linux guests need it for their network",
    );
    assert.match(
      after("mount -t tmpfs none /dev/net"),
      /^\/dev\/net\/tun cannot be opened \(ENOENT.*\): modprobe tun$/,
    );
    assert.match(
      after("mount -t tmpfs -o size=64m none /dev/shm"),
      /^\/dev\/shm has 64 MiB free, 1700 MiB are needed for the guests' memory: mount -o remount,size=SIZE \/dev\/shm$/,
    );
    assert.match(
      after("mount -t tmpfs -o noexec none /dev/shm"),
      /^\/dev\/shm is mounted noexec, .*remount,exec/,
    );
    assert.match(
      said(
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-euc",
        'echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"',
        "sh",
      ),
      /^no network namespaces here \(unshare: /,
    );
  });
});

describe("lab: the type of a stack's machines", () => {
  useEmptyLab();

  it("is what is asked for, else what the stack had, else user-mode Linux", async () => {
    assert.equal((await chooseMachine("dev")).type, MachineType.Uml);
    assert.equal((await chooseMachine("dev", MachineType.Qemu)).type, MachineType.Qemu);
    assert.equal((await chooseMachine("dev")).type, MachineType.Qemu);
    writeWhole(machineFile("dev"), "nonsense\n");
    assert.equal((await chooseMachine("dev")).type, MachineType.Uml);
  });

  it("is QEMU for a stack that is older than the choice", async () => {
    writeWhole(`${makeNode(masterSpec())}/root.img`, "");
    assert.equal((await chooseMachine("dev")).type, MachineType.Qemu);
    assert.equal((await tryRun("cat", [`${stackDir("dev")}/machine`])).stdout, "qemu\n");
  });
});
