import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Change } from "../../replicator/master/change";
import { Feed } from "../../replicator/master/feed";
import { Journal } from "../../replicator/master/journal";

/** Prints what comes through a FIFO, and before that what it finds in the queue that is left to it. */
const WATCH = `#!/bin/sh
[ "$2" != 3 ] || /bin/cat <&3
{ [ -z "$(/bin/dd bs=1 count=1 2>/dev/null)" ] || printf 'e\\0'; } <&0 &
exec /bin/cat "$1/fifo"
`;

export const now = () => Date.now() / 1000;

/** A feed with a volume and a `watch` that prints what it is told to; of the trees `data` is fed, `other` is not. */
export class FeedOfTest {
  readonly root = mkdtempSync(join(tmpdir(), "feed-"));
  journal!: Journal;
  feed!: Feed;
  /** Where `watch` gets what it prints; it ends when this is closed. */
  private watch!: FileHandle;
  private position = 0;

  constructor() {
    mkdirSync(this.path("data/old/sub"), { recursive: true });
    mkdirSync(this.path("other"));
    writeFileSync(this.path("other/e"), "");
    writeFileSync(this.path("data/old/file"), "");
    execFileSync("mkfifo", [this.path("fifo")]);
    writeFileSync(this.path("watch"), WATCH, { mode: 0o755 });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** Starts a daemon's feed, which is told that everything up to now is known. */
  async start(queue?: number): Promise<void> {
    this.journal = await Journal.open(this.path(".ha-nfs/replicator/journal"));
    this.position = this.journal.end;
    this.feed = new Feed({
      root: this.root,
      trees: ["data"],
      journal: this.journal,
      coalesceMs: 30,
      beaconMs: 20,
      watchProgram: this.path("watch"),
      queue,
    });
    const started = this.feed.start();
    await this.openWatch();
    await this.tell(`w ${now()}`);
    await started;
  }

  async stop(): Promise<void> {
    await this.feed.stop();
    await this.journal.close();
    await this.watch.close();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.root, { recursive: true });
  }

  async openWatch(): Promise<void> {
    this.watch = await open(this.path("fifo"), "w");
  }

  closeWatch(): Promise<void> {
    return this.watch.close();
  }

  /** Lets `watch` print records; characters are bytes. */
  async tell(...records: string[]): Promise<void> {
    await this.print(Buffer.from(records.map((record) => `${record}\0`).join(""), "latin1"));
  }

  async print(bytes: Buffer): Promise<void> {
    await this.watch.write(bytes);
  }

  /** Waits until what has come into the journal since the last call is as wanted. */
  async comes(...wanted: Change[]): Promise<void> {
    const got: Change[] = [];
    while (got.length < wanted.length) {
      await this.until(() => this.journal.end > this.position);
      got.push(...(await this.arrived()));
    }
    assert.deepEqual(got, wanted);
  }

  /** What has come into the journal since the last call. */
  async arrived(): Promise<Change[]> {
    const { changes, next } = await this.journal.read(this.position, 1000);
    this.position = next;
    return changes;
  }

  async until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 10_000;
    while (!condition()) {
      assert.ok(Date.now() < end, `not in time: ${String(condition)}, ${JSON.stringify(this.feed.metrics)}`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  /** Waits until there is a beacon younger than this call. */
  async beacon(): Promise<void> {
    const from = Date.now();
    while ((this.feed.beacon?.time ?? 0) < from) {
      await this.tell("u .ha-nfs/replicator/beacon", `w ${now()}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}
