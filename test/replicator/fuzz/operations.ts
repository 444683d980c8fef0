import {
  appendFileSync,
  chmodSync,
  closeSync,
  fsyncSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { syscalls } from "../equal";
import { randomly } from "../random";

type Random = (below: number) => number;

/** One step of a run. The same one does the same wherever it is possible, so that a run can be cut short anywhere. */
export interface Operation {
  kind: keyof typeof ACTIONS | keyof typeof EVENTS;
  /** Paths below the root. */
  a: string;
  b: string;
  /** From 0 to 2^31 - 1. */
  n: number;
  /** Milliseconds before it. */
  pause: number;
}

/** Almost as long as a name may be. */
export const LONG = "l".repeat(250);
const NAMES = ["a", "b", "c", "d", "e\n\u00fc", LONG];
const FILE_MODES = [0o644, 0o600, 0o4755, 0o2711, 0o000, 0o1777];
const DIRECTORY_MODES = [0o755, 0o700, 0o2775, 0o1777, 0o711];
const SIZES = [0, 3, 500, 5000, 70_000, 300_000];
const LARGE = 5 * 2 ** 20;

/** Tag, permissions and id of each entry; see linux/posix_acl_xattr.h. */
const ACLS = [
  [
    [1, 7],
    [2, 5, 1000],
    [4, 5],
    [0x10, 7],
    [0x20, 4],
  ],
  [
    [1, 6],
    [4, 0],
    [8, 7, 2000],
    [0x10, 5],
    [0x20, 0],
  ],
] as const;

function aclOf(n: number): string {
  const entries = ACLS[n % ACLS.length] ?? ACLS[0];
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2, 0);
  entries.forEach(([tag, rights, id = 0xffff_ffff], index) => {
    bytes.writeUInt16LE(tag, 4 + 8 * index);
    bytes.writeUInt16LE(rights, 6 + 8 * index);
    bytes.writeUInt32LE(id, 8 + 8 * index);
  });
  return bytes.toString("hex");
}

const content = (n: number, size: number) => Buffer.alloc(size, `${n} `);

/** `n >> 4` where a second number is wanted. Whatever is not possible throws, and nothing has happened then. */
const ACTIONS = {
  write: (root, { a, n }) => writeFileSync(join(root, a), content(n, SIZES[(n >> 4) % SIZES.length] ?? 0)),
  append: (root, { a, n }) => appendFileSync(join(root, a), content(n, 100)),
  replace: (root, { a, n }) => {
    writeFileSync(join(root, `${a}.new`), content(n, 50));
    renameSync(join(root, `${a}.new`), join(root, a));
  },
  large: (root, { a, n }) => writeFileSync(join(root, a), content(n, LARGE)),
  sparse: (root, { a, n }) => {
    const file = openSync(join(root, a), "w");
    ftruncateSync(file, 200_000 + (n % 500_000));
    writeSync(file, content(n, 5000), 0, 5000, n % 150_000);
    fsyncSync(file);
    closeSync(file);
  },
  truncate: (root, { a, n }) => truncateSync(join(root, a), n % 100_000),
  punch: (root, { a, n }) => syscalls(root, "punch", a, `${n % 3000}`, "100000"),
  make: (root, { a }) => mkdirSync(join(root, a)),
  makeAll: (root, { a, n }) => {
    mkdirSync(join(root, a, "x/y"), { recursive: true });
    for (const name of ["x/1", "x/y/2", "3"]) writeFileSync(join(root, a, name), content(n, 20));
  },
  remove: (root, { a }) => rmSync(join(root, a)),
  removeAll: (root, { a }) => syscalls(root, "remove", a),
  link: (root, { a, b }) => symlinkSync(b, join(root, a)),
  /** A symbolic link to a directory with the same names in the place of a directory, and back. */
  deploy: (root, { a, b }) => {
    if (!lstatSync(join(root, a)).isDirectory()) throw new Error();
    renameSync(join(root, a), join(root, b));
    symlinkSync(relative(dirname(a), b), join(root, a));
  },
  undeploy: (root, { a, b }) => {
    if (!lstatSync(join(root, a)).isSymbolicLink()) throw new Error();
    rmSync(join(root, a));
    renameSync(join(root, b), join(root, a));
  },
  hardLink: (root, { a, b }) => hardLink(join(root, a), join(root, b)),
  rename: (root, { a, b }) => renameSync(join(root, a), join(root, b)),
  renameInto: (root, { a, b }) => renameSync(join(root, a), join(root, b, "moved")),
  chain: (root, { a, n }) => chain(join(root, dirname(a)), randomly(n)),
  exchange: (root, { a, b }) => syscalls(root, "exchange", a, b),
  mode: (root, { a, n }) => {
    const stats = lstatSync(join(root, a));
    if (stats.isSymbolicLink()) throw new Error();
    const modes = stats.isDirectory() ? DIRECTORY_MODES : FILE_MODES;
    chmodSync(join(root, a), modes[n % modes.length] ?? 0);
  },
  owner: (root, { a, n }) => lchownSync(join(root, a), n % 3, (n >> 4) % 3),
  time: (root, { a, n }) => lutimesSync(join(root, a), 1, n + 0.123456),
  attribute: (root, { a, n }) =>
    syscalls(root, "set", a, `user.n${n % 2}`, n % 3 ? n.toString(16).padStart(8, "0") : ""),
  acl: (root, { a, n }) => syscalls(root, "set", a, "system.posix_acl_access", n % 3 ? aclOf(n) : ""),
  defaultAcl: (root, { a, n }) => syscalls(root, "set", a, "system.posix_acl_default", n % 3 ? aclOf(n) : ""),
  fifo: (root, { a }) => syscalls(root, "fifo", a),
  deep: (root, { a, n }) => syscalls(root, "deep", a, n % 2 ? LONG : "d", n % 3 ? "12" : "17"),
} satisfies Record<string, (root: string, operation: Operation) => unknown>;

/** Not of a symbolic link, see docs/replication.md. */
function hardLink(from: string, to: string): void {
  if (lstatSync(from).isSymbolicLink()) throw new Error();
  linkSync(from, to);
}

/** Steps of one process between a few names, all over again: what the kernel merges while `watch` is busy. */
function chain(directory: string, random: Random): void {
  const any = <T>(of: readonly T[]) => of[random(of.length)] as T;
  const steps = Array.from({ length: 2 + random(5) }, () => {
    const [from, to] = [
      join(directory, NAMES[random(LINKED)] ?? ""),
      join(directory, NAMES[random(LINKED)] ?? ""),
    ];
    return any([
      ...Array<() => void>(8).fill(() => renameSync(from, to)),
      () => mkdirSync(to),
      () => writeFileSync(to, "", { flag: "wx" }),
      () => hardLink(from, to),
    ]);
  });
  for (let step = 0, most = steps.length * (1 + random(3)); step < most; step++) {
    try {
      steps[step % steps.length]?.();
    } catch {
      // not possible here
    }
  }
}

/** These would wait for somebody at the other end of a fifo. */
const OPENS = new Set<Operation["kind"]>(["write", "append", "large", "sparse", "truncate", "punch"]);

/** What happens to the processes; run.ts knows how. */
const EVENTS = { restart: 1, restartEmpty: 1, receiver: 1, cut: 1, overflow: 1, settle: 1, hold: 1 };

/** The more often it stands here the more often it is done. */
const FREQUENT =
  "write write write append replace replace make make make makeAll makeAll remove remove removeAll link deploy deploy undeploy hardLink hardLink rename rename rename renameInto exchange mode owner time attribute acl defaultAcl";

/** What only `withChains` makes. */
const CHAINS = new Set(["chain", "hold"]);
const others = (kinds: object) => Object.keys(kinds).filter((kind) => !CHAINS.has(kind));
const KINDS = [...FREQUENT.split(" "), ...others(ACTIONS)] as (keyof typeof ACTIONS)[];
const EVENT_KINDS = others(EVENTS) as (keyof typeof EVENTS)[];
/** One event in so many steps. */
const SELDOM = 25;
/** One large file, and one deep path, in so many steps that would be one. */
const SCARCE = 4;
/** Some chains after so many other steps; between so many names. */
const CHAINED = 10;
const LINKED = 5;
/** Milliseconds after which renames are sent as such, and after which a file's time is another one. */
const CALM = 200;
const TICK = 12;

function pathOf(random: Random): string {
  const depth = 1 + random(3);
  return ["data", ...Array.from({ length: depth }, () => NAMES[random(NAMES.length)] ?? "a")].join("/");
}

export function operationsOf(random: Random, count: number): Operation[] {
  const path = () => pathOf(random);
  return Array.from({ length: count }, () => {
    const events = random(SELDOM) === 0;
    const kind = (events ? EVENT_KINDS[random(EVENT_KINDS.length)] : KINDS[random(KINDS.length)]) ?? "write";
    const scarce = (kind === "large" || kind === "deep") && random(SCARCE) > 0;
    const pause = random(4) === 0 ? random(40) : 0;
    return { kind: scarce ? "write" : kind, a: path(), b: path(), n: random(2 ** 31), pause };
  });
}

/** The same operations, and among them chains while `watch` is held. */
export function withChains(operations: readonly Operation[], random: Random): Operation[] {
  return operations.flatMap((operation, step) => {
    if (step % CHAINED > 0) return [operation];
    const directory = dirname(pathOf(random));
    const one = (kind: Operation["kind"], n = random(2 ** 31), pause = 0): Operation => {
      const a = `${directory}/${NAMES[random(LINKED)]}`;
      return { kind, a, b: a, n, pause };
    };
    const filled = Array.from({ length: LINKED }, () =>
      one(random(3) ? "append" : "makeAll", random(2 ** 31), TICK),
    );
    const chains = Array.from({ length: 1 + random(3) }, () => one("chain"));
    return [operation, ...filled, one("hold", chains.length, CALM), ...chains];
  });
}

export function isEvent(kind: Operation["kind"]): kind is keyof typeof EVENTS {
  return kind in EVENTS;
}

/** Does it below `root`. Returns whether it was possible: what was to be before it may not be. */
export function act(root: string, operation: Operation): boolean {
  const { kind, a, b } = operation;
  if (isEvent(kind)) return false;
  try {
    const here = { ...operation, a: within(root, a), b: within(root, b) };
    if (OPENS.has(kind) && statSync(join(root, here.a), { throwIfNoEntry: false })?.isFIFO()) return false;
    ACTIONS[kind](root, here);
    return true;
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    return false;
  }
}

/** The path, cut off where it is in no directory: what is done through a symbolic link is done without it too. */
function within(root: string, path: string): string {
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    const above = path.slice(0, slash);
    if (lstatSync(join(root, above), { throwIfNoEntry: false })?.isDirectory() !== true) return above;
  }
  return path;
}
