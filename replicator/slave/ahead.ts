import { readlinkSync, renameSync, symlinkSync } from "node:fs";
import { codeOf } from "../errors";
import type { Position } from "../protocol";
import type { Tree } from "./tree";

/**
 * How new what the replica has may be, on disk. It is a symbolic link, for that is one step of the file system's journal:
 * nothing that is done afterwards is on disk without it; and there is room for it when the disk is full.
 */
export class AheadLink {
  /** Why it could not be written the last time. */
  private trouble = "";

  constructor(
    private readonly file: string,
    private readonly tree: Tree,
    private readonly log: (line: string) => void,
  ) {}

  save({ position, stamp }: Position): void {
    const temporary = this.tree.at(this.tree.temporary());
    try {
      symlinkSync(JSON.stringify([position, stamp]), temporary);
      renameSync(temporary, this.file);
      this.trouble = "";
    } catch (error) {
      if (this.trouble !== codeOf(error)) this.log(`cannot write ${this.file}: ${String(error)}`);
      this.trouble = codeOf(error) ?? "";
    }
  }

  /** Undefined: nobody has said so yet. */
  load(): Position | undefined {
    try {
      const [position, stamp] = JSON.parse(readlinkSync(this.file)) as [number, string | null];
      return { position, stamp: stamp ?? undefined };
    } catch (error) {
      if (codeOf(error) !== "ENOENT") this.log(`${this.file}: ${String(error)}`);
      return undefined;
    }
  }
}
