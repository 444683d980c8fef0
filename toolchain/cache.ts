import { homedir } from "node:os";
import path from "node:path";

/** Where builds and VM images are kept between runs: `ha-nfs` in $XDG_CACHE_HOME, or else in ~/.cache. */
export function cacheDir(): string {
  return path.join(process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache"), "ha-nfs");
}
