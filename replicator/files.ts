import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle";

/** The texts of what runs on the nodes. */
export interface ReplicatorFiles {
  /** The daemon and the receiver, one file for `node`. */
  program: string;
  /** Perl: prints what changes on a file system. */
  watch: string;
  /** Perl: says which files have extended attributes. */
  xattrs: string;
}

let files: ReplicatorFiles | undefined;

/** Made once a process: the bundler takes a moment. */
export function replicatorFiles(): ReplicatorFiles {
  const text = (name: string) => readFileSync(join(__dirname, "master", name), "utf8");
  return (files ??= { program: bundle(), watch: text("watch"), xattrs: text("xattrs") });
}
