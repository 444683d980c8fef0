import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MasterConfig } from "../../replicator/master/config";
import { Daemon, type DaemonOptions } from "../../replicator/master/daemon";
import { assertEqual } from "./equal";
import { shellFor, TestSlave, TestVolume } from "./volume";
import { until } from "../until";

export const WATCH = join(__dirname, "../../replicator/master/watch");

/** A master's daemon with the real `watch`, and slaves with their services. */
export class Cluster {
  readonly directory: string;
  readonly volume: TestVolume;
  readonly slaves: Record<string, TestSlave> = {};
  readonly log: string[] = [];
  config: MasterConfig;
  private running: Daemon | undefined;
  /** As the slave's process has it. */
  private readonly umask = process.umask(0);

  /** @param parent of the volume, on the file system that is wanted */
  constructor(trees = ["data"], names: readonly string[] = ["s1", "s2"], parent = tmpdir()) {
    this.directory = mkdtempSync(join(tmpdir(), "ha-nfs-slaves-"));
    this.volume = new TestVolume(trees, parent);
    for (const name of names) this.slaves[name] = new TestSlave(name, this.directory);
    this.config = {
      root: this.volume.root,
      trees,
      sshConfig: "/nowhere",
      watch: WATCH,
      coalesceMs: 20,
      metricsAddress: "127.0.0.1",
      metricsPort: 0,
      statusFile: join(this.volume.directory, "status.json"),
      slaves: Object.fromEntries(names.map((name) => [name, {}])),
    };
  }

  get daemon(): Daemon {
    return this.running ?? assert.fail("the daemon does not run");
  }

  slave(name: string): TestSlave {
    return this.slaves[name] ?? assert.fail(name);
  }

  async start(options: Partial<DaemonOptions> = {}): Promise<Daemon> {
    const running = await Daemon.start(this.config, {
      log: (line) => this.log.push(line),
      connect: (name) => this.slave(name).connect(),
      ssh: shellFor(this.directory),
      ...options,
    });
    this.running = running;
    return running;
  }

  async stop(): Promise<void> {
    await this.running?.stop();
    this.running = undefined;
  }

  async remove(): Promise<void> {
    process.umask(this.umask);
    await this.stop();
    for (const slave of Object.values(this.slaves)) await slave.remove();
    // Node cannot remove what is longer than PATH_MAX.
    for (const { directory } of [this, this.volume]) spawnSync("rm", ["-rf", directory]);
  }

  /** Resolves once a beacon from after now has come back from these slaves. */
  async settled(names = Object.keys(this.slaves), seconds = 20): Promise<void> {
    const since = Date.now();
    const of = (name: string) => this.daemon.status.slaves[name]?.lagSeconds ?? Infinity;
    const behind = () => names.some((name) => Date.now() - 1000 * of(name) <= since);
    await until("the slaves follow", () => !behind(), seconds).catch((error: unknown) =>
      assert.fail(
        `${String(error)}\n${this.log.slice(-20).join("\n")}\n${JSON.stringify(this.daemon.status)}`,
      ),
    );
  }

  /** Writes a file on the master. */
  write(path: string, content: string | Buffer): void {
    writeFileSync(this.volume.file(path), content);
  }

  /** Makes a directory on the master, and those above it. */
  make(path: string): void {
    mkdirSync(this.volume.file(path), { recursive: true });
  }

  assertEqual(about = ""): void {
    for (const slave of Object.values(this.slaves))
      assertEqual(this.volume, slave, `${about} ${slave.name}:`);
  }
}

/** Skips the suite that calls this where `watch` does not run. */
export function needsWatch(): void {
  before(function () {
    const { stderr, error } = spawnSync(WATCH, [tmpdir()], { input: "", encoding: "utf8" });
    if (!error && !stderr) return;
    console.log(`      watch does not run here: ${error?.message ?? stderr.trim()}`);
    this.skip();
  });
}

/** Makes a cluster before each test of the suite that calls this, and removes it afterwards. */
export function clusterForEach(trees?: string[]): { cluster: Cluster } {
  const held = {} as { cluster: Cluster };
  needsWatch();
  beforeEach(() => {
    held.cluster = new Cluster(trees);
  });
  afterEach(() => held.cluster.remove());
  return held;
}
