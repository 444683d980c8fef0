import type { Rename } from "./plan";

/** An exchange of two paths is told as two renames; so many others may come between them. */
const BETWEEN = 15;

/** Notices a rename back to where an earlier one came from, which may be the other half of an exchange. */
export class Exchanges {
  private renames: Rename[] = [];

  /** The paths whose state has to be told after this rename: who does one after the other loses what was at `from` first. */
  paths({ from, to }: Rename): string[] {
    const isBack = this.renames.some((before) => before.from === to && before.to === from);
    this.renames = [{ from, to }, ...this.renames.slice(0, BETWEEN)];
    return isBack ? [from, to] : [];
  }
}
