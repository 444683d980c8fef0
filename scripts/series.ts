import type { ChildProcessWithoutNullStreams } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { NodeOutput } from "../components/nfsCluster";
import { quote } from "../components/render/shell";
import { type Ack, parseAcks } from "./drillReport";
import { startOnNode } from "./remote";

/** A Perl program on a client that prints a line for each thing that the server has acknowledged: see writer.pl. */
export class Series {
  private output = "";
  private complaint = "";
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<void>;

  /**
   * Starts the program.
   *
   * @param program its file beside this one
   * @param clock seconds that the client's clock is ahead of ours
   */
  constructor(
    client: NodeOutput,
    program: string,
    args: readonly (string | number)[],
    private readonly clock: number,
  ) {
    const text = fs.readFileSync(path.join(__dirname, program), "utf8");
    this.child = startOnNode(client, ["exec perl -e", quote(text), ...args].join(" "));
    this.child.stdout.on("data", (data) => (this.output += String(data)));
    this.child.stderr.on("data", (data) => (this.complaint += String(data)));
    this.ended = new Promise((resolve) => this.child.on("close", () => resolve()));
  }

  /**
   * What has been acknowledged so far.
   *
   * @throws Error when the program has failed
   */
  acks(): Ack[] {
    if (this.failure) throw new Error(`the client's load failed: ${this.failure}`);
    return this.acknowledged;
  }

  /** The same, whether or not it has failed. */
  get acknowledged(): Ack[] {
    return parseAcks(this.output, this.clock);
  }

  /** How the program has failed; empty when it has not. */
  get failure(): string {
    return this.child.exitCode === null ? "" : this.complaint.trim();
  }

  /** Ends it after what is under way. */
  async stop(): Promise<void> {
    this.child.stdin.end();
    await this.ended;
  }

  /** Ends it whatever is under way. */
  kill(): void {
    this.child.kill();
  }
}
