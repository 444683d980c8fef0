import { spawn } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../errors";
import type { Position } from "../protocol";
import { AheadLink } from "./ahead";
import { OWN, Refused, type Hello } from "./checks";
import { mend, SELF, unlinked, type Tree } from "./tree";

/** How long the position is kept back, ms: so many times as long as the last flush of the disk took, within these. */
const RESTS = 5;
const SHORTEST_MS = 2000;
/** The master keeps its journal for some multiple of this. */
const LONGEST_MS = 10_000;
const NOT_FOREIGN = [OWN, "lost+found"];

interface Saved {
  journal: string;
  term: number;
  position?: number;
  stamp?: string | undefined;
  /** What tells the directory of each tree from one that somebody put in its place. */
  trees: Record<string, string>;
}

/**
 * What the slave knows of its replica: which journal it follows, how far it has come, and which trees it holds as of
 * there. On disk this is never ahead of the replica: the file system is flushed first.
 */
export class State {
  private journal = "";
  private term = -1;
  private at: Position | undefined;
  private ahead: Position | undefined;
  /** How often trees have been adopted, and of how many of these the file knows. */
  private adoptions = 0;
  private adopted = 0;
  private readonly trees = new Map<string, string>();
  private readonly own: string;
  private readonly file: string;
  private readonly aheadLink: AheadLink;
  /** What is on disk. */
  private saved: Saved;
  private changed = false;
  private timer: NodeJS.Timeout | undefined;
  private work: Promise<void> = Promise.resolve();
  /** How long the last flush took, ms. */
  private flushed = 0;

  constructor(
    private readonly root: string,
    private readonly tree: Tree,
    private readonly log: (line: string) => void,
  ) {
    this.own = join(root, OWN);
    this.file = join(this.own, "state.json");
    this.aheadLink = new AheadLink(join(this.own, "ahead"), tree, log);
    this.saved = this.load();
    this.ahead = this.aheadLink.load();
    this.journal = this.saved.journal;
    this.term = this.saved.term;
    const { position, stamp } = this.saved;
    this.at = position === undefined ? undefined : { position, stamp };
    for (const [tree, identity] of Object.entries(this.saved.trees)) this.trees.set(tree, identity);
  }

  /** How far the replica has come in the journal; undefined: it holds no tree of it. */
  get position(): number | undefined {
    return this.at?.position;
  }

  /** The same with its stamp, and how new some of the replica may be, for the master. */
  get place(): Partial<Position> & { ahead?: Position | undefined } {
    return { ...this.at, ahead: this.ahead };
  }

  /** The trees that the replica holds as of `position`. */
  get held(): string[] {
    return [...this.trees.keys()];
  }

  /**
   * Lets a master in, and makes the slave's own directory.
   *
   * @throws Refused when a newer master has been here, or the root holds what is no replica; nothing has changed then
   */
  admit({ journal, term, trees }: Hello): void {
    this.checkRoot();
    if (journal === this.journal && term < this.term)
      throw new Refused(`a newer master has term ${this.term}`);
    this.makeOwn();
    if (journal !== this.journal) {
      this.trees.clear();
      this.ahead = undefined;
    }
    for (const [tree, identity] of this.trees) {
      if (!trees.includes(tree) || identity !== this.identity(tree)) this.trees.delete(tree);
    }
    if (this.trees.size === 0) this.at = undefined;
    this.journal = journal;
    this.term = term;
  }

  /**
   * Writes down which master was let in.
   *
   * @throws Error when what is on disk speaks of another journal and cannot be written anew
   */
  async saveMaster(): Promise<void> {
    const { journal, term, saved } = this;
    try {
      if (journal !== saved.journal) await this.write({ journal, term, trees: {} });
      else if (term !== saved.term || !existsSync(this.file)) await this.write({ ...saved, term });
      rmSync(join(this.own, "adopt"), { force: true });
    } catch (error) {
      if (journal !== this.saved.journal) throw error;
      this.log(`cannot write ${this.file}: ${String(error)}`);
    }
  }

  /** The replica has come so far. */
  moveTo({ position, stamp }: Position): void {
    this.at = { position, stamp };
    this.touch();
  }

  /** What comes next may be as new as that. */
  goAhead({ position, stamp }: Position): void {
    this.ahead = { position, stamp };
    this.saveAhead();
  }

  /** The replica holds these trees as of `position`; others that it holds stay when they are as new as that. */
  adopt(trees: readonly string[], place: Position): void {
    if (this.at !== undefined && this.at.position < place.position) this.trees.clear();
    for (const tree of trees) {
      const identity = this.identity(tree);
      if (identity) this.trees.set(tree, identity);
    }
    this.adoptions++;
    this.moveTo(place);
  }

  /** The directory of a tree was not there any more; returns whether the tree was held. */
  lose(tree: string): boolean {
    const held = this.trees.delete(tree);
    if (held) this.touch();
    return held;
  }

  /** Writes down what has changed, if anything, now instead of some seconds later. */
  persist(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.work = this.work.then(() => this.flush());
    return this.work;
  }

  private touch(): void {
    this.changed = true;
    const pause = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, RESTS * this.flushed));
    this.timer ??= setTimeout(() => void this.persist(), pause).unref();
  }

  private async flush(): Promise<void> {
    if (!this.changed) return;
    this.changed = false;
    const { journal, term, at, adoptions } = this;
    const trees = Object.fromEntries(this.trees);
    const start = performance.now();
    try {
      await this.sync();
      this.flushed = performance.now() - start;
      if (journal === this.journal && term === this.term) {
        const saved = { journal, term, ...at, trees };
        await this.write(saved);
        if (saved !== this.saved) return;
        this.adopted = adoptions;
        this.saveAhead();
      } else this.touch();
    } catch (error) {
      this.log(`cannot write ${this.file}: ${String(error)}`);
      this.touch();
    }
  }

  private async write(saved: Saved): Promise<void> {
    const temporary = this.tree.at(this.tree.temporary());
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(JSON.stringify(saved));
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (saved.journal !== this.journal || saved.term !== this.term) {
      unlinked(temporary);
      return this.touch();
    }
    renameSync(temporary, this.file);
    this.saved = saved;
    const directory = await open(this.own, "r");
    await directory.sync().finally(() => directory.close());
  }

  /** What the file says must not count with it before the file knows what was adopted. */
  private saveAhead(): void {
    if (this.ahead && this.adoptions === this.adopted) this.aheadLink.save(this.ahead);
  }

  /** Flushes the root's file system, without holding up the event loop. */
  private sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn("sync", ["-f", this.root], { stdio: "ignore" });
      child.on("error", reject);
      child.on("exit", (status) => {
        if (status === 0) resolve();
        else reject(new Error(`sync -f ${this.root} failed`));
      });
    });
  }

  private load(): Saved {
    try {
      const saved = JSON.parse(readFileSync(this.file, "utf8")) as Saved;
      if (typeof saved.journal === "string" && Number.isSafeInteger(saved.term)) return saved;
      throw new Error("not a state");
    } catch (error) {
      if (codeOf(error) !== "ENOENT") this.log(`starting anew: ${this.file}: ${String(error)}`);
      return { journal: "", term: -1, trees: {} };
    }
  }

  /** @throws Refused when the root holds something and is no replica */
  private checkRoot(): void {
    const { root, own } = this;
    let names: string[];
    try {
      names = readdirSync(root);
    } catch (error) {
      throw new Refused(`${root} cannot be read: ${String(error)}`);
    }
    const foreign = names.filter((name) => !NOT_FOREIGN.includes(name));
    if (foreign.length === 0 || existsSync(this.file) || existsSync(join(own, "adopt"))) return;
    throw new Refused(
      `${root} is not empty and not a replica of ha-nfs: it holds ${foreign.slice(0, 3).join(", ")}; ` +
        `empty it, or create the file ${join(own, "adopt")} to let ha-nfs overwrite it`,
    );
  }

  /** For this process alone, so that nothing in it passes a group or wider rights on to what is received there. */
  private makeOwn(): void {
    for (const directory of [this.own, join(this.own, "tmp"), join(this.own, "links")]) {
      if (!existsSync(directory)) mkdirSync(directory);
      const stat = lstatSync(directory);
      if (!stat.isDirectory()) throw new Refused(`${directory} is not a directory`);
      mend(Buffer.from(directory), stat, { ...SELF, mode: 0o700 });
    }
  }

  /** A number alone would do for no directory that was removed and made anew: inodes are used again. */
  private identity(tree: string): string | undefined {
    const stat = this.tree.lstat(tree);
    return stat?.isDirectory() ? `${stat.ino}.${stat.birthtimeMs}` : undefined;
  }
}
