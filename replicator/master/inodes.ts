import type { Volume } from "./volume";

/** Inodes kept, of either sort. */
const MOST = 10_000;

/** The paths of files that were asked for by inode; the least recently used are forgotten. */
export class Inodes {
  private readonly paths = new Map<string, string>();
  /** What the present search is for, and what the next one will be for. */
  private readonly sought = new Set<string>();
  private readonly asked = new Set<string>();

  /** @param wanted whether the path is replicated */
  constructor(
    private readonly volume: Volume,
    private readonly wanted: (path: string) => boolean,
  ) {}

  /** Where the file is; undefined: not known. One with another name that may be replicated is not known. */
  path(inode: string): string | undefined {
    const path = this.paths.get(inode);
    if (path === undefined) return undefined;
    this.paths.delete(inode);
    const status = this.volume.status(path);
    if (String(status?.ino) !== inode || (status?.nlink !== 1 && !this.wanted(path))) return undefined;
    this.paths.set(inode, path);
    return path;
  }

  /** Wants the path of a file from the next search. False: that are too many. */
  ask(inode: string): boolean {
    if (this.asked.size < MOST) this.asked.add(inode);
    return this.asked.has(inode);
  }

  /** A search begins. True: it is to look at everything, as a file that was asked for may be anywhere. */
  begin(): boolean {
    for (const inode of this.asked) this.sought.add(inode);
    this.asked.clear();
    return this.sought.size > 0;
  }

  /** Whether the present search is for this one. */
  seeks(inode: string): boolean {
    return this.sought.has(inode);
  }

  /** A search has found this. */
  learn(inode: string, path: string): void {
    if (!this.sought.has(inode) && !this.asked.has(inode)) return;
    if (this.paths.has(inode) && !this.wanted(path)) return;
    this.paths.set(inode, path);
    const [oldest] = this.paths.keys();
    if (this.paths.size > MOST && oldest !== undefined) this.paths.delete(oldest);
  }

  /** The search has found everything. Returns what was asked for meanwhile. */
  finish(): string[] {
    const asked = [...this.asked];
    this.asked.clear();
    this.sought.clear();
    return asked;
  }
}
