import { v5 as uuid5 } from "uuid";
import { Access, Squash } from "../enums";

/** Who may mount a share, and how. */
export interface ShareClient {
  /** IPv4 address or CIDR. */
  from: string;
  access: Access;
  /** Whose identity the server replaces by the anonymous one. */
  squash: Squash;
  /** User number of the anonymous identity. */
  anonUid: number;
  /** Group number of the anonymous identity. */
  anonGid: number;
  /** Whether it may ask from a port above 1023, as any user can. @default false */
  insecure?: boolean;
}

export interface Share {
  /** Name of the share, and of its directory on the volume. */
  name: string;
  clients: ShareClient[];
}

/** Namespace of the shares' file system numbers; changing it would make every mounted client's handles stale. */
const FSID_NAMESPACE = "5b1d6a52-4f0e-5d5c-9c58-9f8f2d1d7c11";

/**
 * The file system number of a share, the same on both nodes and for ever, so that a client's file handles stay valid
 * over a failover.
 */
export function fsid(volume: string, share: string): string {
  return uuid5(`${volume}/${share}`, FSID_NAMESPACE);
}

const SQUASH_OPTION: Readonly<Record<Squash, string>> = {
  [Squash.Root]: "root_squash",
  [Squash.All]: "all_squash",
  [Squash.None]: "no_root_squash",
};

/** exports(5) of all shares: one line a share and client. `sync`: nothing is acknowledged before it is on disk. */
export function exportsFile(volume: string, mount: string, shares: readonly Share[]): string {
  const lines = shares.flatMap((share) =>
    share.clients.map((c) => {
      const options = [
        c.access,
        "sync",
        "no_subtree_check",
        SQUASH_OPTION[c.squash],
        `anonuid=${c.anonUid}`,
        `anongid=${c.anonGid}`,
        `fsid=${fsid(volume, share.name)}`,
        ...(c.insecure ? ["insecure"] : []),
      ];
      return `${mount}/${share.name} ${c.from}(${options.join(",")})`;
    }),
  );
  return ["# made by ha-nfs", ...lines, ""].join("\n");
}

export interface NfsService {
  /** Kernel threads of nfsd. */
  threads: number;
  /** NFSv4 lease in seconds; the kernel takes 10 to 3600 (fs/nfsd/nfsctl.c). */
  leaseSeconds: number;
  /** Grace period in seconds, the longest time that new locks wait after a failover; not below the lease. */
  graceSeconds: number;
}

/** nfs.conf(5) drop-in: NFS 4.1 and 4.2 only, for v3 and v4.0 clients keep every failover's grace period long. */
export function nfsConf(s: NfsService): string {
  return `# made by ha-nfs
[nfsd]
threads=${s.threads}
lease-time=${s.leaseSeconds}
grace-time=${s.graceSeconds}
vers3=n
vers4=y
vers4.0=n
vers4.1=y
vers4.2=y
`;
}

export interface MountAdvice {
  /** Where a client mounts the share. */
  directory: string;
  options: string;
  command: string;
  fstab: string;
}

/**
 * How a client mounts a share. `hard`: the application waits through a failover and loses nothing. timeo is in tenths
 * of a second (nfs(5)).
 */
export function mountAdvice(
  server: string,
  path: string,
  share: string,
  access = Access.ReadWrite,
): MountAdvice {
  const directory = `/mnt/${share}`;
  const options = `${access === Access.ReadOnly ? "ro," : ""}vers=4.2,proto=tcp,hard,timeo=50,retrans=2`;
  return {
    directory,
    options,
    command: `mkdir -p ${directory} && mount -t nfs -o ${options} ${server}:${path} ${directory}`,
    fstab: `${server}:${path} ${directory} nfs ${options},_netdev,nofail 0 0`,
  };
}
