import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Change } from "../../replicator/master/change";
import { randomly } from "./random";
import { assertEqual } from "./equal";
import { rename, TestSlave, TestVolume, update } from "./volume";

const RUNS = Number(process.env.HA_NFS_CONVERGENCE_RUNS ?? 4);
/** Found faults, now and then: content of a later file with the attributes of an earlier one; a rename after a reconnect. */
const ONCE_LOST = [73, 106];
const STEPS = 300;
const NAMES = ["a", "b", "c", "d", "e\n\u00fc"];

/** Does what users do, and says of it what the feed does. */
class Users {
  private told: Change[] = [];
  private count = 0;

  constructor(
    private readonly root: string,
    private readonly random: (below: number) => number,
  ) {}

  /** Some of what has not been told yet, in order. */
  tell(most = Infinity): Change[] {
    return this.told.splice(0, most);
  }

  get pending(): number {
    return this.told.length;
  }

  step(): void {
    const path = this.path();
    const at = join(this.root, path);
    if (!this.isReal(dirname(path))) return;
    const stats = lstatSync(at, { throwIfNoEntry: false });
    const actions = [
      () => this.write(path),
      () => this.write(path),
      () => this.replace(path),
      () => this.make(path),
      () => this.make(path),
      () => this.remove(path),
      () => this.link(path),
      () => this.hardLink(path),
      () => this.rename(path),
      () => this.rename(path),
      () => this.swap(path),
      () => this.touch(path),
    ];
    if (stats === undefined && this.random(3) > 0) return this.random(2) ? this.write(path) : this.make(path);
    actions[this.random(actions.length)]?.();
  }

  private path(): string {
    const depth = 1 + this.random(3);
    const names = Array.from({ length: depth }, () => NAMES[this.random(NAMES.length)] ?? "a");
    return ["data", ...names].join("/");
  }

  private isDirectory(path: string): boolean {
    return lstatSync(join(this.root, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  /** The directory is there, with no symbolic link on the way: the kernel tells changes by such paths. */
  private isReal(path: string): boolean {
    const at = join(this.root, path);
    return existsSync(at) && realpathSync(at) === at && lstatSync(at).isDirectory();
  }

  private has(path: string): boolean {
    return lstatSync(join(this.root, path), { throwIfNoEntry: false }) !== undefined;
  }

  private entry(path: string): void {
    this.update(path);
    this.update(dirname(path));
  }

  private update(path: string): void {
    this.told.push(update(bytes(path)));
  }

  private write(path: string): void {
    if (this.isDirectory(path)) return;
    const is = this.has(path);
    const size = this.random(20) === 0 ? 300_000 : this.random(3000);
    if (is && lstatSync(join(this.root, path)).isSymbolicLink()) return;
    writeFileSync(join(this.root, path), `${this.count++} ${"x".repeat(size)}`);
    if (is) this.update(path);
    else this.entry(path);
    if (this.random(8) === 0) truncateSync(join(this.root, path), this.random(50));
  }

  /** As programs do that want a file whole or not at all. */
  private replace(path: string): void {
    if (this.isDirectory(path)) return;
    const passing = `${path}.new`;
    writeFileSync(join(this.root, passing), `${this.count++} replaced`);
    this.entry(passing);
    this.move(passing, path);
  }

  private make(path: string): void {
    if (this.has(path)) return;
    mkdirSync(join(this.root, path), { mode: this.random(2) ? 0o755 : 0o700 });
    this.entry(path);
  }

  private remove(path: string): void {
    if (!this.has(path)) return;
    if (this.isDirectory(path)) {
      for (const name of readdirSync(join(this.root, path))) this.remove(`${path}/${name}`);
    }
    const stats = lstatSync(join(this.root, path));
    rmSync(join(this.root, path), { recursive: true });
    this.entry(path);
    this.lost(stats);
  }

  /** The kernel tells of a file that has one name less, and `watch` finds another name of it. */
  private lost(stats: Stats | undefined): void {
    if (!stats?.isFile() || stats.nlink < 2) return;
    const names = readdirSync(this.root, { recursive: true, encoding: "utf8" });
    const name = names.find((path) => lstatSync(join(this.root, path)).ino === stats.ino);
    if (name !== undefined) this.update(name);
  }

  private link(path: string): void {
    if (this.has(path)) return;
    symlinkSync(NAMES[this.random(NAMES.length)] ?? "a", join(this.root, path));
    this.entry(path);
  }

  private hardLink(path: string): void {
    const to = this.path();
    const from = join(this.root, path);
    if (!this.has(path) || !this.isReal(dirname(to)) || this.has(to) || !lstatSync(from).isFile()) return;
    linkSync(from, join(this.root, to));
    this.entry(to);
    this.update(path);
  }

  private rename(path: string): void {
    const to = this.path();
    if (!this.has(path) || !this.isReal(dirname(to)) || `${to}/`.startsWith(`${path}/`)) return;
    if (`${path}/`.startsWith(`${to}/`)) return;
    if (this.has(to) && (this.isDirectory(path) || this.isDirectory(to))) {
      if (!this.isDirectory(path) || !this.isDirectory(to)) return;
      if (readdirSync(join(this.root, to)).length > 0) return;
    }
    this.move(path, to);
  }

  /** The old one under another name, and a new one in its place. */
  private swap(path: string): void {
    const old = `${path}.old`;
    if (!this.has(path) || this.has(old)) return;
    const directory = this.isDirectory(path);
    this.move(path, old);
    if (!directory) return this.write(path);
    this.make(path);
    this.write(`${path}/${NAMES[this.random(NAMES.length)]}`);
  }

  private move(from: string, to: string): void {
    const [source, target] = [from, to].map((path) =>
      lstatSync(join(this.root, path), { throwIfNoEntry: false }),
    );
    renameSync(join(this.root, from), join(this.root, to));
    if (source && source.ino === target?.ino) return;
    this.told.push(rename(bytes(from), bytes(to)));
    this.update(dirname(from));
    this.update(dirname(to));
    this.lost(target);
  }

  private touch(path: string): void {
    if (!this.has(path) || lstatSync(join(this.root, path)).isSymbolicLink()) return;
    if (this.random(2)) chmodSync(join(this.root, path), this.isDirectory(path) ? 0o711 : 0o640);
    else
      utimesSync(join(this.root, path), 1_600_000_000 + this.random(1e6), 1_600_000_000 + this.random(1e6));
    this.update(path);
  }
}

const bytes = (path: string) => Buffer.from(path).toString("latin1");

/** Whatever users do and whatever breaks: in the end the slave has what the master has. */
async function converges(seed: number): Promise<void> {
  const random = randomly(seed);
  const calm = seed % 2 === 0;
  const master = await new TestVolume().start();
  const slaves = [new TestSlave(), new TestSlave()];
  const any = () => slaves[random(slaves.length)];
  try {
    const users = new Users(master.root, random);
    for (const slave of slaves) master.lane(slave);
    for (let step = 0; step < STEPS; step++) {
      users.step();
      if (random(6) === 0) await pause(random(12));
      if (random(calm ? 5 : 10) === 0) {
        const changes = users.tell(calm ? Infinity : 1 + random(30));
        if (users.pending === 0) await master.record(...changes);
        else await master.journal.append(changes, 1);
      }
      if (calm) continue;
      if (random(60) === 0) any()?.cut();
      if (random(150) === 0) await any()?.restart();
      if (random(200) === 0) {
        await master.record(...users.tell());
        await master.stop();
        await master.start();
        for (const slave of slaves) master.lane(slave);
      }
    }
    await master.record(...users.tell());
    for (const slave of slaves) {
      await slave.follows(master);
      assertEqual(master, slave, `seed ${seed}:`);
    }
  } finally {
    await master.remove();
    await Promise.all(slaves.map((slave) => slave.remove()));
  }
}

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

describe("replicator: convergence", function () {
  this.timeout(60_000);
  for (const seed of [...Array(RUNS).keys(), ...ONCE_LOST]) it(`of run ${seed}`, () => converges(seed));
});
