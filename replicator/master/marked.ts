import { readFileSync } from "node:fs";
import { writeJson } from "./cursors";

const MOST = 20_000;

/**
 * Inodes that had extended attributes and may be the same on the slaves: directories, and files that are rewritten in
 * place; and their paths, where slaves may keep them for another inode. When they lose the attributes nothing here tells
 * of it, and rsync takes them away on the slaves too. The latest ten thousand, also of earlier daemons.
 */
export class Marked {
  /** Inodes as numbers, paths as strings; the oldest first. */
  private readonly known: Set<number | string>;
  private changed = false;

  /** @param file where they are kept; nowhere when absent */
  constructor(private readonly file?: string) {
    this.known = new Set(file === undefined ? [] : read(file));
  }

  has(path: string, inode: number): boolean {
    return this.known.has(inode) || this.known.has(path);
  }

  add(path: string, inode: number): void {
    for (const key of [path, inode]) {
      this.changed ||= !this.known.has(key);
      this.known.delete(key);
      this.known.add(key);
      const [oldest] = this.known;
      if (this.known.size > MOST && oldest !== undefined) this.known.delete(oldest);
    }
  }

  /** @throws Error of the file system */
  save(): void {
    if (!this.changed || this.file === undefined) return;
    writeJson(this.file, [...this.known]);
    this.changed = false;
  }
}

/** Nothing when the file is missing or damaged. */
function read(file: string): (number | string)[] {
  try {
    const known = JSON.parse(readFileSync(file, "utf8")) as unknown;
    const isKey = (key: unknown): key is number | string =>
      typeof key === "string" || Number.isSafeInteger(key);
    return Array.isArray(known) ? known.filter(isKey) : [];
  } catch {
    return [];
  }
}
