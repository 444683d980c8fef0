import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeDir } from "../../lab/paths";
import { verb } from "../failover/verb";
import { gpt, type Partition } from "./gpt";

const VOLUME = "data";
/** MiB of the partition that DRBD gets, and of the one like it that it does not get. */
const SIZE = 1024;
const RAW_SIZE = 128;
/** MiB, with one before the partitions and one behind. */
const DISK = 2 * SIZE + RAW_SIZE + 2;

/** Where udev puts them on a master. */
export const PLAIN = "/dev/disk/by-partlabel/bench-plain";
export const RAW = "/dev/disk/by-partlabel/bench-raw";
export const DATA_DISK = "/dev/disk/by-id/virtio-data";

/** DRBD's partition, which the stack finds by its name and takes, and two that it leaves alone. */
export const PARTITIONS: readonly Partition[] = [
  { name: `ha-nfs-${VOLUME}`, sizeMiB: SIZE },
  { name: path.basename(PLAIN), sizeMiB: SIZE },
  { name: path.basename(RAW), sizeMiB: RAW_SIZE },
];

const CONFIGURATION = `config:
  ha-nfs:vip: 10.10.1.100
  ha-nfs:lab: { masterMemoryMiB: 640, clientMemoryMiB: 512, dataDiskMiB: ${DISK} }
`;

/** Makes the stack where it is not there, with disks that have room beside DRBD. */
export async function makeStack(stack: string): Promise<void> {
  for (const master of ["m1", "m2"]) makeDisk(path.join(nodeDir(stack, master), "data.img"));
  const folder = mkdtempSync(path.join(tmpdir(), "ha-nfs-disk-"));
  try {
    const file = path.join(folder, `Pulumi.${stack}.yaml`);
    writeFileSync(file, CONFIGURATION);
    const { status } = await verb("up", "--stack", stack, "--config-file", file, "--json");
    if (status !== 0) throw new Error(`up has ended with ${status}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A data disk that is there is the lab's, and stays as it is. */
function makeDisk(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  // whole under its name, or not there
  const partial = `${file}.partial`;
  writeFileSync(partial, "", { mode: 0o600 });
  truncateSync(partial, DISK * 2 ** 20);
  const open = openSync(partial, "r+");
  for (const { offset, bytes } of gpt(DISK, PARTITIONS)) writeSync(open, bytes, 0, bytes.length, offset);
  closeSync(open);
  renameSync(partial, file);
}

/** Waits until the pair is redundant, and says which master serves. `limit`: seconds. */
export async function redundant(stack: string, limit = 300): Promise<string> {
  for (const begun = Date.now(); ;) {
    const { status, stdout } = await verb("status", "--stack", stack, "--json");
    const { active } = status === 0 ? (JSON.parse(stdout) as { active: string | null }) : { active: null };
    if (active !== null) return active;
    if (Date.now() - begun > limit * 1000) throw new Error(`not redundant within ${limit} s:\n${stdout}`);
    await sleep(2000);
  }
}
