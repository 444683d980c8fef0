import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Runs a program of the system, also one that only root's PATH has. Returns what it prints. */
export function system(program: string, ...words: string[]): string {
  return execFileSync(program, words, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** An ext4 file system of its own, in a file. */
export class Disk {
  private readonly folder = mkdtempSync(join(tmpdir(), "disk-"));
  private image = join(this.folder, "image");
  private readonly kept = join(this.folder, "kept");
  /** Where it is mounted. */
  readonly directory = join(this.folder, "mount");

  constructor(megabytes: number) {
    mkdirSync(this.directory);
    writeFileSync(this.image, "");
    truncateSync(this.image, megabytes * 2 ** 20);
    system("mkfs.ext4", "-q", "-F", "-I", "256", this.image);
    this.mount();
  }

  mount(): void {
    system("mount", "-o", "loop,noatime", this.image, this.directory);
  }

  /** What is mounted next is a copy: somebody else's namespace may keep the old one mounted, and the loop device with it. */
  unmount(): void {
    system("sync", "-f", this.directory);
    system("umount", this.directory);
    const copy = `${this.image}+`;
    system("cp", "--sparse=always", this.image, copy);
    this.image = copy;
  }

  /** The image's bytes are as they were at the last `keep`. */
  restore(): void {
    system("cp", "--sparse=always", this.kept, this.image);
  }

  /** Keeps the image as a snapshot of the block device would. */
  keep(): void {
    system("fsfreeze", "-f", this.directory);
    try {
      system("cp", "--sparse=always", this.image, this.kept);
    } finally {
      system("fsfreeze", "-u", this.directory);
    }
  }

  /** A directory's block is destroyed, while the disk is not mounted. */
  destroy(directory: string): void {
    system("debugfs", "-w", "-R", `zap_block -f ${directory} -p 0x5a 0`, this.image);
  }

  remove(): void {
    system("umount", "--lazy", this.directory); // a test that failed may hold it
    rmSync(this.folder, { recursive: true });
  }
}
