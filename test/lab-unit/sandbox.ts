import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeDir } from "../../lab/paths";
import { type VmSpec, writeSpec } from "../../lab/spec";

/** Gives each test of the current `describe` an empty lab of its own. */
export function useEmptyLab(): void {
  const before = process.env.HA_NFS_LAB_DIR;
  beforeEach(() => {
    process.env.HA_NFS_LAB_DIR = mkdtempSync(join(tmpdir(), "lab-unit-"));
  });
  afterEach(() => {
    rmSync(process.env.HA_NFS_LAB_DIR ?? "", { recursive: true, force: true });
    if (before === undefined) delete process.env.HA_NFS_LAB_DIR;
    else process.env.HA_NFS_LAB_DIR = before;
  });
}

/** A master with two NICs and a data disk. */
export function masterSpec(changes: Partial<VmSpec> = {}): VmSpec {
  return {
    stack: "dev",
    name: "m1",
    memoryMiB: 640,
    cpus: 1,
    sshPort: 20123,
    nics: [
      {
        role: "service",
        device: "eth1",
        mac: "02:00:00:00:01:0b",
        group: "239.1.1.1:20001",
        address: "10.10.1.11/24",
      },
      {
        role: "link",
        device: "eth2",
        mac: "02:00:00:00:02:0b",
        group: "239.1.1.2:20002",
        address: "10.10.2.11/24",
      },
    ],
    dataDiskMiB: 1024,
    hosts: [
      { name: "m1", address: "10.10.1.11" },
      { name: "m2", address: "10.10.1.12" },
    ],
    ...changes,
  };
}

/** Writes a node into the lab as if its VM had been made, and returns its directory. */
export function makeNode(spec: VmSpec): string {
  const directory = nodeDir(spec.stack, spec.name);
  mkdirSync(directory, { recursive: true });
  writeSpec(spec);
  return directory;
}
