import type { ChildProcessWithoutNullStreams } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { NodeOutput, ShareOutput } from "../components/nfsCluster";
import { quote } from "../components/render/shell";
import { type Ack, parseAcks } from "./drillReport";
import { onNode, startOnNode } from "./remote";

const PROGRAM = fs.readFileSync(path.join(__dirname, "writer.pl"), "utf8");
const DIRECTORY = "/run/ha-nfs-drill";

/** A client that writes records to a share, each fsync'ed, and tells which the server has acknowledged. */
export class Writer {
  private output = "";
  private complaint = "";
  private readonly ended: Promise<void>;

  private constructor(
    private readonly client: NodeOutput,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly clock: number,
    readonly share: string,
    private readonly server: ShareOutput,
    private readonly file: string,
  ) {
    child.stdout.on("data", (data) => (this.output += String(data)));
    child.stderr.on("data", (data) => (this.complaint += String(data)));
    this.ended = new Promise((resolve) => child.on("close", () => resolve()));
  }

  /**
   * Mounts the first share that the client may write to, and starts to write a record every `intervalMs`.
   *
   * @param clock seconds that the client's clock is ahead of ours
   * @throws Error when the client can write to none
   */
  static async start(
    client: NodeOutput,
    shares: Readonly<Record<string, ShareOutput>>,
    intervalMs: number,
    clock: number,
  ): Promise<Writer> {
    const file = `drill-${process.pid}-${Date.now()}`;
    const refused: string[] = [];
    for (const [name, share] of Object.entries(shares)) {
      const mount = `mount -t nfs -o ${share.mountOptions} ${share.server}:${share.path} ${DIRECTORY}`;
      const test = `touch ${DIRECTORY}/${file} || { umount ${DIRECTORY}; false; }`;
      try {
        await onNode(client, `mkdir -p ${DIRECTORY} && ${mount} && { ${test}; }`, 120_000);
      } catch (error) {
        refused.push(`${name}: ${(error as Error).message}`);
        continue;
      }
      const command = `exec perl -e ${quote(PROGRAM)} ${DIRECTORY}/${file} ${intervalMs}`;
      return new Writer(client, startOnNode(client, command), clock, name, share, file);
    }
    throw new Error(`the client can write to no share. ${refused.join("; ")}`);
  }

  /** Path of the records' file on the master that has the volume. */
  get path(): string {
    return `${this.server.path}/${this.file}`;
  }

  /**
   * What has been acknowledged so far.
   *
   * @throws Error when a write failed
   */
  acks(): Ack[] {
    if (this.failure) throw new Error(`the client's writer failed: ${this.failure}`);
    return this.acknowledged;
  }

  /** The same, whether or not a write has failed. */
  get acknowledged(): Ack[] {
    return parseAcks(this.output, this.clock);
  }

  /** How the writer has failed; empty when it has not. */
  get failure(): string {
    return this.child.exitCode === null ? "" : this.complaint.trim();
  }

  /** Ends the writing after the record under way. */
  async stop(): Promise<void> {
    this.child.stdin.end();
    await this.ended;
  }

  /** Removes the records and the mount. */
  async clean(): Promise<void> {
    this.child.kill();
    await onNode(this.client, `rm -f ${DIRECTORY}/${this.file}; umount ${DIRECTORY} && rmdir ${DIRECTORY}`);
  }
}
