import { readFileSync } from "node:fs";
import { writeJson } from "./cursors";

const MOST = 10_000;

/**
 * Inodes that had extended attributes and may be the same on the slaves: directories, and files that are rewritten in
 * place. When they lose the attributes nothing here tells of it, and rsync takes them away on the slaves too. The latest
 * ten thousand, also of earlier daemons.
 */
export class Marked {
  private readonly inodes: Set<number>;
  private changed = false;

  /** @param file where they are kept; nowhere when absent */
  constructor(private readonly file?: string) {
    this.inodes = new Set(file === undefined ? [] : read(file));
  }

  has(inode: number): boolean {
    return this.inodes.has(inode);
  }

  add(inode: number): void {
    this.changed ||= !this.inodes.has(inode);
    this.inodes.delete(inode);
    this.inodes.add(inode);
    const [oldest] = this.inodes;
    if (this.inodes.size > MOST && oldest !== undefined) this.inodes.delete(oldest);
  }

  /** @throws Error of the file system */
  save(): void {
    if (!this.changed || this.file === undefined) return;
    writeJson(this.file, [...this.inodes]);
    this.changed = false;
  }
}

/** Nothing when the file is missing or damaged. */
function read(file: string): number[] {
  try {
    const inodes = JSON.parse(readFileSync(file, "utf8")) as unknown;
    return Array.isArray(inodes)
      ? inodes.filter((inode): inode is number => Number.isSafeInteger(inode))
      : [];
  } catch {
    return [];
  }
}
