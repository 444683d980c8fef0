import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { quote, scriptText } from "../../components/render/shell";
import { library, nodeFile } from "../../components/remote/hostScript";

export interface Result {
  status: number | null;
  /** stdout and stderr together. */
  output: string;
  /** Calls of the stubbed commands, one a line. */
  calls: string[];
}

/**
 * A copy of this machine in which a node script may do anything: an overlay over `/` in a mount namespace of its own,
 * kept from one run to the next. Needs root.
 */
export class Sandbox {
  protected readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "ha-nfs-sandbox-"));

  /** @param stubs commands that only note that they were called, each with the shell text that they run. */
  constructor(stubs: Readonly<Record<string, string>> = {}) {
    for (const part of ["upper", "work", "root"]) {
      fs.mkdirSync(path.join(this.directory, part));
    }
    for (const [name, body] of Object.entries(stubs)) {
      this.stub(name, body);
    }
  }

  /** A command of the node that only notes its call in /calls, and then runs `body`. */
  stub(name: string, body: string): void {
    const file = name.startsWith("/") ? name : `/stubs/${name}`;
    this.write(file, `#!/bin/bash\nprintf '%s\\n' "${path.basename(name)} $*" >>/calls\n${body}\n`, 0o755);
  }

  write(file: string, text: string, mode = 0o644): void {
    const there = path.join(this.directory, "upper", file);
    fs.mkdirSync(path.dirname(there), { recursive: true });
    fs.writeFileSync(there, text, { mode });
  }

  read(file: string): string {
    return fs.readFileSync(path.join(this.directory, "upper", file), "utf8");
  }

  mode(file: string): string {
    return (fs.statSync(path.join(this.directory, "upper", file)).mode & 0o7777).toString(8);
  }

  exists(file: string): boolean {
    return fs.existsSync(path.join(this.directory, "upper", file));
  }

  /** Where a symbolic link points; undefined where there is none. */
  linkTarget(file: string): string | undefined {
    try {
      return fs.readlinkSync(path.join(this.directory, "upper", file));
    } catch {
      return undefined;
    }
  }

  /** Runs a script as HostScript does; `setup` is shell that runs first in the sandbox. */
  run(
    script: string,
    action: string,
    vars: Readonly<Record<string, string>>,
    setup = ":",
    owner = "nfs-x-m1",
  ): Result {
    return this.exec(
      `${setup}; exec bash -s -- ${action}`,
      scriptText(script, owner, vars, library(script), nodeFile(script)),
    );
  }

  /** Runs shell in the sandbox. */
  exec(shell: string, input = ""): Result {
    const enter = this.enter(
      "mount -t tmpfs tmpfs $0/root/run",
      `rm -f /calls; export PATH=/stubs:$PATH; ${shell}`,
    );
    const { status, stdout } = spawnSync("unshare", ["--mount", "sh", "-c", enter, this.directory], {
      input,
      encoding: "utf8",
    });
    return { status, output: stdout, calls: this.calls };
  }

  /** Shell that mounts the copy, `run` with it, and is `inside` then. */
  protected enter(run: string, inside: string): string {
    return [
      `mount -t overlay overlay -o lowerdir=/,upperdir=$0/upper,workdir=$0/work $0/root`,
      run,
      `mount --rbind /dev $0/root/dev`,
      `mount --rbind /sys $0/root/sys`,
      `mount -t proc proc $0/root/proc`,
      `exec chroot $0/root bash -c ${quote(inside)} 2>&1`,
    ].join(" && ");
  }

  get calls(): string[] {
    return this.exists("/calls") ? this.read("/calls").trim().split("\n") : [];
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true });
  }
}
