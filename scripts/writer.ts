import type { NodeOutput, ShareOutput } from "../components/nfsCluster";
import type { Ack } from "./drillReport";
import { onNode } from "./remote";
import { Series } from "./series";

const DIRECTORY = "/run/ha-nfs-drill";

/** A client that writes records to a share, each fsync'ed, and tells which the server has acknowledged. */
export class Writer {
  private readonly records: Series;
  /** The second client process, which opens a new file each time and locks it; null where none was asked for. */
  readonly fresh: Series | null;

  private constructor(
    private readonly client: NodeOutput,
    intervalMs: number,
    freshMs: number | null,
    clock: number,
    readonly share: string,
    private readonly server: ShareOutput,
    private readonly file: string,
  ) {
    this.records = new Series(client, "writer.pl", [`${DIRECTORY}/${file}`, intervalMs], clock);
    this.fresh =
      freshMs === null ? null : new Series(client, "fresh.pl", [`${DIRECTORY}/${file}.d`, freshMs], clock);
  }

  /**
   * Mounts the first share that the client may write to, and starts to write a record every `intervalMs`.
   *
   * @param clock seconds that the client's clock is ahead of ours
   * @param freshMs milliseconds between two fresh opens; null: no such process
   * @throws Error when the client can write to none
   */
  static async start(
    client: NodeOutput,
    shares: Readonly<Record<string, ShareOutput>>,
    intervalMs: number,
    clock: number,
    freshMs: number | null = null,
  ): Promise<Writer> {
    const file = `drill-${process.pid}-${Date.now()}`;
    const refused: string[] = [];
    for (const [name, share] of Object.entries(shares)) {
      const mount = `mount -t nfs -o ${share.mountOptions} ${share.server}:${share.path} ${DIRECTORY}`;
      const files = freshMs === null ? `touch ${file}` : `touch ${file} && mkdir ${file}.d`;
      const test = `( cd ${DIRECTORY} && ${files} ) || { umount ${DIRECTORY}; false; }`;
      try {
        await onNode(client, `mkdir -p ${DIRECTORY} && ${mount} && { ${test}; }`, 120_000);
      } catch (error) {
        refused.push(`${name}: ${(error as Error).message}`);
        continue;
      }
      return new Writer(client, intervalMs, freshMs, clock, name, share, file);
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
    return this.records.acks();
  }

  /** The same, whether or not a write has failed. */
  get acknowledged(): Ack[] {
    return this.records.acknowledged;
  }

  /** How the writer has failed; empty when it has not. */
  get failure(): string {
    return this.records.failure;
  }

  /** Ends both processes after what is under way. */
  async stop(): Promise<void> {
    await Promise.all([this.records.stop(), this.fresh?.stop()]);
  }

  /** Removes the files and the mount. */
  async clean(): Promise<void> {
    this.records.kill();
    this.fresh?.kill();
    const files = `${DIRECTORY}/${this.file}`;
    await onNode(this.client, `rm -rf ${files} ${files}.d; umount ${DIRECTORY} && rmdir ${DIRECTORY}`);
  }
}
