import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import fc from "fast-check";
import { bytesOf, type Attributes, type Entry, type Op, type Reply } from "../../replicator/protocol";
import { attributes, Slave } from "./slaveMaster";

/** What the model holds at a path. */
type Node =
  | { type: "dir"; mode: number; entries: Map<string, Node> }
  | { type: "file"; mode: number; mtime: number; content: string }
  | { type: "link"; target: string };

type Dir = Extract<Node, { type: "dir" }>;
type Step = Extract<Op, { op: "put" | "dir" | "link" | "delete" | "rename" }> & { content?: string };

const segment = fc.constantFrom("a", "b", "\xe9\n");
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((names) => `data/${names.join("/")}`);
const some: fc.Arbitrary<Attributes> = fc
  .record({ mode: fc.constantFrom(0o600, 0o644, 0o755), mtime: fc.integer({ min: 0, max: 2 ** 41 }) })
  .map(({ mode, mtime }) => attributes(mode, mtime));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(path, some, fc.constantFrom("", "x", "some longer text"))
    .map(([path, more, content]): Step => ({ op: "put", path, ...more, content })),
  fc.tuple(path, some).map(([path, more]): Step => ({ op: "dir", path, ...more, mode: more.mode | 0o700 })),
  fc.tuple(path, segment).map(([path, target]): Step => ({ op: "link", path, target, ...attributes() })),
  path.map((path): Step => ({ op: "delete", path })),
  fc.tuple(path, path).map(([from, to]): Step => ({ op: "rename", from, to })),
);

describe("replicator/slave: any sequence of operations", function () {
  this.timeout(60_000);

  it("leaves what a model of directories has, and a list of that changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const slave = new Slave();
        try {
          mkdirSync(slave.root);
          const master = await slave.master();
          const model = directory();
          const stale: Reply[] = [];
          master.dir("data");
          for (const { content = "", ...op } of steps) {
            master.send(op, content);
            if (!apply(model, op, content) && op.op === "rename") {
              stale.push({ re: "stale", from: op.from, to: op.to });
            }
          }
          assert.deepEqual(await master.settle(), stale);
          const root = model.entries.get("data") ?? directory();
          assert.deepEqual(read(slave.file("data")), root);
          for (const [at, entries] of lists("data", root as Dir)) {
            master.send({ op: "list", path: at, id: 1, ...attributes(0o755) }, JSON.stringify(entries));
            assert.deepEqual(await master.settle(), [{ re: "listed", id: 1, need: [], made: [] }]);
          }
          assert.deepEqual(readdirSync(slave.root).sort(), [".ha-nfs", "data"]);
        } finally {
          await slave.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
});

function directory(mode = 0o755): Dir {
  return { type: "dir", mode, entries: new Map() };
}

/** The directory above `path`; one is made in the place of whatever is no directory when `make`. */
function parent(model: Dir, names: string[], make: boolean): Dir | undefined {
  let at = model;
  for (const name of names.slice(0, -1)) {
    let next = at.entries.get(name);
    if (next?.type !== "dir") {
      if (!make) return undefined;
      next = directory();
      at.entries.set(name, next);
    }
    at = next;
  }
  return at;
}

/** Returns false when it is a rename that must be called stale. */
function apply(model: Dir, op: Step, content: string): boolean {
  if (op.op === "rename") return rename(model, op.from.split("/"), op.to.split("/"));
  const names = op.path.split("/");
  const name = names.at(-1) ?? "";
  const above = parent(model, names, op.op !== "delete");
  if (op.op === "delete") above?.entries.delete(name);
  if (op.op === "link") above?.entries.set(name, { type: "link", target: op.target });
  if (op.op === "put") above?.entries.set(name, { type: "file", mode: op.mode, mtime: op.mtime, content });
  if (op.op === "dir") {
    const before = above?.entries.get(name);
    const entries = before?.type === "dir" ? before.entries : new Map<string, Node>();
    above?.entries.set(name, { type: "dir", mode: op.mode, entries });
  }
  return true;
}

function rename(model: Dir, from: string[], to: string[]): boolean {
  const [last, name] = [from.at(-1) ?? "", to.at(-1) ?? ""];
  if (!parent(model, from, false)?.entries.has(last)) return false;
  const target = parent(model, to, true);
  // The parents of `to` may have been made in the place of `from`.
  const source = parent(model, from, false);
  const moved = source?.entries.get(last);
  if (!source || !moved || !target) return false;
  const there = target.entries.get(name);
  if (there === moved) return true;
  if (moved.type === "dir" && to.join("/").startsWith(`${from.join("/")}/`)) return false;
  const fits =
    moved.type === "dir" ? there?.type === "dir" && there.entries.size === 0 : there?.type !== "dir";
  if (there && !fits) return false;
  source.entries.delete(last);
  target.entries.set(name, moved);
  return true;
}

/** What is really there. */
function read(at: string): Node {
  const bytes = bytesOf(at);
  const stat = lstatSync(bytes);
  const mode = stat.mode & 0o7777;
  if (stat.isSymbolicLink()) return { type: "link", target: readlinkSync(bytes, "latin1") };
  if (stat.isFile()) {
    const mtime = Number(lstatSync(bytes, { bigint: true }).mtimeNs / 1000n);
    return { type: "file", mode, mtime, content: readFileSync(bytes, "latin1") };
  }
  const names = readdirSync(bytes, "latin1");
  return { type: "dir", mode, entries: new Map(names.map((name) => [name, read(`${at}/${name}`)])) };
}

/** Of each directory what a master would list. */
function* lists(at: string, node: Dir): Generator<[string, Entry[]]> {
  const entries: Entry[] = [];
  for (const [name, child] of node.entries) {
    if (child.type === "dir") {
      yield* lists(`${at}/${name}`, child);
      entries.push({ name, type: "dir", ...attributes(child.mode) });
    } else if (child.type === "link") {
      entries.push({ name, type: "link", target: child.target, ...attributes() });
    } else {
      entries.push({
        name,
        type: "file",
        size: child.content.length,
        ...attributes(child.mode, child.mtime),
      });
    }
  }
  yield [at, entries];
}
