import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FOLLOWING } from "../../components/render/reads";
import { REPLICA } from "../../components/render/replica";
import { Disk, system } from "../replicator/disk";

describe("a slave's data disk", () => {
  let disk: Disk;

  beforeEach(() => {
    disk = new Disk(16);
    mkdirSync(join(disk.directory, "releases"));
    writeFileSync(join(disk.directory, "releases/page"), "page");
    symlinkSync("releases", join(disk.directory, "current"));
    writeFileSync(join(disk.directory, "program"), "#!/bin/sh\nid -u");
    chmodSync(join(disk.directory, "program"), 0o4755);
  });
  afterEach(() => disk.remove());

  it("is mounted so that no symbolic link, set-id bit or device counts, but for nginx's links", () => {
    const text = readFileSync("components/scripts/replica-disk.sh", "utf8");
    const options = /^Options=(.*)$/m.exec(text)?.[1] ?? assert.fail();
    assert.deepEqual(options.split(","), ["noatime", "nosuid", "nodev", "nosymfollow"]);
    system("mount", "-o", `remount,bind,${options}`, disk.directory);
    const page = join(disk.directory, "current/page");
    assert.throws(() => readFileSync(page), { code: "ELOOP" });
    const following = FOLLOWING.replace(REPLICA, disk.directory);
    const { stdout } = spawnSync(
      "unshare",
      ["-m", "sh", "-ec", `${following}; cat ${page}; ! touch ${page}`],
      {
        encoding: "utf8",
      },
    );
    assert.equal(stdout, "page");
    assert.throws(() => readFileSync(page), { code: "ELOOP" });
  });
});
