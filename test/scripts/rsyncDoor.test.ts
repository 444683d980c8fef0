import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until";

const DOOR = join(__dirname, "../../components/scripts/rsync-door.py");
/** As systemd does it for a socket with Accept=yes. */
const SYSTEMD = `
import os, socket, sys
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(sys.argv[1])
    listening.listen()
    connection, _ = listening.accept()
    os.dup2(connection.fileno(), 0)
    os.execv("/usr/bin/python3", ["python3", sys.argv[2], "open", sys.argv[3]])
`;

describe("scripts: rsync-door", function () {
  let directory: string;

  before(function () {
    // The slaves have it; this machine need not.
    if (spawnSync("/usr/bin/python3", ["--version"]).error) this.skip();
  });
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "rsync-door-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it("runs what was asked for on the login's own input and output, and tells its end", async () => {
    const socket = join(directory, "socket");
    const rrsync = `#!/bin/sh\nread -r line\necho "$* was asked for $SSH_ORIGINAL_COMMAND, and told $line"\necho bad >&2\n`;
    writeFileSync(join(directory, "rrsync"), rrsync, { mode: 0o755 });
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
    const service = spawn("/usr/bin/python3", ["-c", SYSTEMD, socket, DOOR, directory], { env });
    await until("the service listens", () => existsSync(socket));
    const login = spawnSync("/usr/bin/python3", [DOOR, "knock", socket, "rsync --server ."], {
      input: "hello\n",
      encoding: "utf8",
    });
    assert.equal(login.stdout, `-wo ${directory} was asked for rsync --server ., and told hello\n`);
    assert.equal(login.stderr, "bad\n");
    assert.equal(login.status, 0);
    assert.ok(existsSync(join(directory, ".ha-nfs/rsync")));
    service.kill();
  });
});
