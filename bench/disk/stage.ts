import { setTimeout as sleep } from "node:timers/promises";
import type { NodeOutput, ShareOutput } from "../../components/nfsCluster";
import { quote } from "../../components/render/shell";
import { findRunner } from "../../lab/machines/uml/runner";
import { volumeOf } from "../../scripts/nodes";
import { onNode } from "../../scripts/remote";
import { verb } from "../failover/verb";
import { type Counters, counters } from "./figures";
import { LOCAL_MIB } from "./jobs";
import type { Role } from "./results";
import { DATA_DISK, PLAIN, RAW } from "./stack";

/** On the master, the file system without DRBD; it is exported under that name. */
const EXPORTED = "/srv/bench-plain";
const EXPORTS = "/etc/exports.d/bench-plain.exports";
const PLAIN_FSID = "5f0c1f0e-6f51-4c0c-9d0e-0d1f6c1b7a52";
/** In the share, and in the other file system; and on the client, where they are mounted. */
const FOLDER = "bench-disk";
const MOUNTED = "/mnt/bench-disk";
/** Seconds that the service has to go on after the standby's end. */
const ALONE_LIMIT = 60;

interface Machine {
  name: string;
  node: NodeOutput;
}

/** The stack, with a file system without DRBD beside the share, and both mounted on the client. */
export class Stage {
  /** Directories of the client. */
  readonly shared = `${MOUNTED}/drbd/${FOLDER}`;
  readonly plain = `${MOUNTED}/plain/${FOLDER}`;
  /** Files of the active master, in the same two. */
  readonly localShared: string;
  readonly localPlain = `${EXPORTED}/${FOLDER}/local`;

  private constructor(
    private readonly stack: string,
    private readonly machines: Readonly<Record<Role, Machine>>,
    private readonly share: ShareOutput,
  ) {
    this.localShared = `${share.path}/${FOLDER}/local`;
  }

  /** @param active name of the master that serves */
  static async open(stack: string, active: string): Promise<Stage> {
    const { stdout } = await verb("outputs", "--stack", stack);
    const { nodes, shares } = JSON.parse(stdout) as {
      nodes: Record<string, NodeOutput>;
      shares: Record<string, ShareOutput>;
    };
    const all = Object.entries(nodes).map(([name, node]) => ({ name, node }));
    const client = all.find(({ node }) => node.role === "client");
    const server = all.find(({ name }) => name === active);
    const standby = all.find(({ node, name }) => node.role === "master" && name !== active);
    const [share] = Object.values(shares);
    if (!client || !server || !standby || !share)
      throw new Error(`${stack} lacks a client, a pair or a share`);
    return new Stage(stack, { client, active: server, standby }, share);
  }

  /** Runs a command as root, and returns its stdout. `limit`: seconds. */
  async on(role: Role, command: string, limit = 120): Promise<string> {
    const { name, node } = this.machines[role];
    try {
      return await onNode(node, command, limit * 1000);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`);
    }
  }

  /** The processor of this machine that each guest is pinned to; empty where none is. */
  get processors(): Partial<Record<Role, number>> {
    const pinned = Object.entries(this.machines).map(
      ([role, { name }]) => [role, Number(findRunner(this.stack, name)?.command[4])] as const,
    );
    return Object.fromEntries(pinned.filter(([, processor]) => !Number.isNaN(processor)));
  }

  /** Makes what was not there: a file system of the volume's size, for on that depends its journal's, and the share's export of it. */
  async set(): Promise<void> {
    const folder = (directory: string) => `install -d -m 1777 ${directory}/${FOLDER}`;
    const volume = volumeOf(this.machines.active.node);
    await this.on(
      "active",
      `set -e; test -b ${PLAIN} || { echo "the stack has no partition without DRBD: destroy it first" >&2; exit 1; }
. /etc/ha-nfs/${volume}.conf
mkdir -p ${EXPORTED}
mountpoint -q ${EXPORTED} || { mkfs.ext4 -q -F ${PLAIN} $(($(blockdev --getsize64 "$DEVICE") / 1024))k; mount -t ext4 -o "$MOUNT_OPTIONS" ${PLAIN} ${EXPORTED}; }
sed -n 's|^${this.share.path} |${EXPORTED} |; t found; b; :found; s/fsid=[^,)]*/fsid=${PLAIN_FSID}/; p' /etc/exports.d/ha-nfs.exports >${EXPORTS}
grep -q ${PLAIN_FSID} ${EXPORTS}
exportfs -ra
${folder(EXPORTED)}; ${folder(this.share.path)}`,
    );
    const fill = (file: string) =>
      `dd if=/dev/zero of=${file} bs=1M count=${LOCAL_MIB} conv=fsync status=none`;
    await this.on("active", [RAW, this.localPlain, this.localShared].map(fill).join(" && "));
    await this.on("standby", fill(RAW));
    const mount = (path: string, directory: string) =>
      `mkdir -p ${MOUNTED}/${directory}; mountpoint -q ${MOUNTED}/${directory} || mount -t nfs -o ${this.share.mountOptions} ${this.share.server}:${path} ${MOUNTED}/${directory}`;
    await this.on("client", `set -e; ${mount(this.share.path, "drbd")}; ${mount(EXPORTED, "plain")}`);
  }

  /** Removes it again, as far as it is there. */
  async clear(): Promise<void> {
    const files = `${MOUNTED}/drbd/${FOLDER}`;
    await this.on("client", `rm -rf ${files}; umount ${MOUNTED}/plain ${MOUNTED}/drbd; rm -rf ${MOUNTED}`);
    const gone = `rm -f ${EXPORTS}; exportfs -ra; umount ${EXPORTED}; rmdir ${EXPORTED}`;
    await this.on("active", gone);
  }

  /** Nothing of the files is in anybody's memory. */
  async cold(): Promise<void> {
    for (const role of ["client", "active"] as const)
      await this.on(role, "sync; echo 3 >/proc/sys/vm/drop_caches");
  }

  /** What the machine has done since it booted. */
  async counters(role: Role): Promise<Counters> {
    const disk = role === "client" ? "" : `; cat /sys/block/$(basename $(realpath ${DATA_DISK}))/stat`;
    return counters(await this.on(role, `head -n 1 /proc/stat${disk}`));
  }

  /** Prints a ping's answers, one every 5 ms. `to`: on which network of the standby, or the service. */
  async ping(from: "client" | "active"): Promise<string> {
    const volume = volumeOf(this.machines.active.node);
    const address =
      from === "client" ? this.share.server : (await this.on("standby", `drbdadm sh-ip ${volume}`)).trim();
    return this.on(from, `ping -n -c 400 -i 0.005 ${quote(address)}`);
  }

  /** Powers the standby off, and waits until the active master writes without it. */
  async leaveAlone(): Promise<void> {
    await this.power("stop");
    // the mount is hard: it comes back when the write does
    await this.on("client", `echo alone >${this.shared}/alone; sync ${this.shared}/alone`, ALONE_LIMIT);
    const state = (await this.on("active", `drbdadm cstate ${volumeOf(this.machines.active.node)}`)).trim();
    if (state === "Connected") throw new Error(`DRBD is still ${state} without the standby`);
    await sleep(5000);
  }

  async bringBack(): Promise<void> {
    await this.power("start");
  }

  private async power(what: "start" | "stop"): Promise<void> {
    const { status } = await verb("lab", "--stack", this.stack, what, this.machines.standby.name);
    if (status !== 0) throw new Error(`lab ${what} has ended with ${status}`);
  }
}
