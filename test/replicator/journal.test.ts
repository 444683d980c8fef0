import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Change } from "../../replicator/master/change";
import { Journal, Unreadable } from "../../replicator/master/journal";
import { isPath } from "../../replicator/wellFormed";

const TERM = 2 ** 32;
const update = (path: string): Change => ({ kind: "update", path });

describe("replicator: the journal", () => {
  let directory: string;
  let opened: Journal[];
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "journal-")), "journal");
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((journal) => journal.close()));
    rmSync(join(directory, ".."), { recursive: true });
  });

  async function open(limit?: number): Promise<Journal> {
    const journal = await Journal.open(directory, limit);
    opened.push(journal);
    return journal;
  }

  async function all(journal: Journal, position: number, limit = 1000): Promise<Change[]> {
    const changes: Change[] = [];
    for (;;) {
      const part = await journal.read(position, limit);
      assert.ok(part.changes.length <= limit);
      if (part.next === position) return changes;
      changes.push(...part.changes);
      position = part.next;
    }
  }

  const segments = () => readdirSync(directory).filter((name) => name.endsWith(".log"));
  const lastSegment = () => join(directory, segments().sort().at(-1) ?? "");

  it("gives back what was written, in parts, and says when there is no more", async () => {
    const journal = await open();
    const start = journal.end;
    assert.deepEqual(await journal.read(start, 5), { changes: [], next: start });
    const written: Change[] = [
      update("data/a"),
      { kind: "rename", from: "data/a", to: "data/b" },
      { kind: "list", path: "data" },
      { kind: "tree", path: "data/c" },
      { kind: "tree", path: "data/d", since: 1.25 },
    ];
    await journal.append(written.slice(0, 2), 1.5);
    await journal.append(written.slice(2), 2.5);
    assert.deepEqual(await all(journal, start, 1), written);
    assert.deepEqual(await journal.read(start, 9), { changes: written, next: journal.end });
    await journal.append([], 3.5);
    assert.deepEqual(await journal.read(start, 9), { changes: written, next: journal.end });
  });

  it("keeps any path, as raw bytes", async () => {
    const unit = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code));
    const path = fc.string({ unit, minLength: 1, maxLength: 60 }).filter(isPath);
    const change = fc.oneof(
      fc
        .tuple(fc.constantFrom("update", "list", "tree"), path)
        .map(([kind, path]): Change => ({ kind, path })),
      fc.tuple(path, path).map(([from, to]): Change => ({ kind: "rename", from, to })),
    );
    const batches = fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 1, max: 7 }), async (batches, limit) => {
        const journal = await open(16_000);
        const start = journal.end;
        for (const batch of batches) await journal.append(batch, 1);
        assert.deepEqual(await all(journal, start, limit), batches.flat());
      }),
      { numRuns: 40 },
    );
    await (await open()).append([update("data/\xc3\xbc")], 1);
    assert.ok(readFileSync(lastSegment(), "utf8").includes('"data/ü"'));
  });

  it("reads lines longer than a part of the file", async () => {
    const journal = await open();
    const start = journal.end;
    const long = [update("\n".repeat(100_000)), update("b")];
    await journal.append(long, 1);
    assert.deepEqual(await all(journal, start), long);
  });

  it("goes on in a new term, which a position in the gap leads to", async () => {
    const first = await open();
    assert.equal(first.watermark, undefined);
    assert.equal(first.base, TERM);
    await first.append([update("a")], 1234.567891);
    const end = first.end;
    const second = await open();
    assert.equal(second.id, first.id);
    assert.match(second.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(second.base, 2 * TERM);
    assert.equal(second.watermark, 1234.567891);
    await second.append([update("b")], 1235);
    for (const position of [end, end + 100, second.base]) {
      assert.deepEqual(await all(second, position), [update("b")]);
    }
    assert.deepEqual(await all(second, first.base), [update("a"), update("b")]);
    const third = await open();
    const fourth = await open();
    assert.deepEqual([third.base, fourth.base], [3 * TERM, 4 * TERM]);
    assert.equal(fourth.watermark, 1235);
  });

  it("knows its own positions, and none of a twin that has had the same ones", async () => {
    const first = await open();
    await first.append([update("a")], 5);
    const twin = `${directory}.twin`;
    try {
      cpSync(directory, twin, { recursive: true });
      const [here, there] = [await open(), await Journal.open(twin)];
      assert.deepEqual([there.id, there.base], [here.id, here.base]);
      for (const journal of [here, there]) await journal.append([update("b")], 6);
      assert.equal(here.end, there.end);
      const stamp = there.stampOf(there.end);
      assert.ok(there.knows(there.end, stamp) && !here.knows(here.end, stamp));
      assert.ok(here.knows(first.end, first.stampOf(first.end)));
      assert.ok(!here.knows(first.end, undefined));
      for (const position of [first.end + 1, here.base - 1, here.end + 1]) {
        assert.ok(!here.knows(position, here.stampOf(position)));
      }
      await there.close();
    } finally {
      rmSync(twin, { recursive: true });
    }
  });

  it("has a term above that of a daemon whose journal was put back", async () => {
    await (await open()).append([], 5);
    const kept = `${directory}.kept`;
    try {
      cpSync(directory, kept, { recursive: true });
      await open();
      const { term } = await open();
      rmSync(directory, { recursive: true });
      cpSync(kept, directory, { recursive: true });
      assert.ok((await open()).term > term);
    } finally {
      rmSync(kept, { recursive: true });
    }
  });

  it("opens when a segment cannot be read, from the watermark before it on", async () => {
    const first = await open();
    await first.append([update("a")], 5);
    await (await open()).append([update("b")], 6);
    const lost = lastSegment();
    rmSync(lost);
    mkdirSync(lost);
    const third = await open();
    assert.equal(third.watermark, 5);
    assert.equal(third.id, first.id);
    await third.append([update("c")], 7);
    assert.deepEqual(await all(third, first.base), [update("a"), update("c")]);
  });

  for (const [what, line] of [
    ["no JSON", "?!"],
    ["of no kind", '["x","data/a"]'],
    ["without a path", '["u",5]'],
    ["with a way up", '["u","data/../a"]'],
    ["with half a rename", '["r","data/a"]'],
  ] as const) {
    it(`says that it cannot be read at a line ${what}`, async () => {
      const journal = await open();
      await journal.append([update("a")], 5);
      appendFileSync(lastSegment(), `${line}\n["w",6.000000]\n`);
      const next = await open();
      await assert.rejects(next.read(journal.base, 10), Unreadable);
      assert.deepEqual(await next.read(next.base, 10), { changes: [], next: next.end });
    });
  }

  it("refuses positions that it has not", async () => {
    const journal = await open();
    await assert.rejects(journal.read(journal.end + 1, 1), Unreadable);
    await assert.rejects(journal.read(journal.oldest - 1, 1), Unreadable);
  });

  for (const [what, tail] of [
    ["an incomplete line", '["u","da'],
    ["an incomplete watermark", '["w",99'],
    ["a block of zeros with whole lines after it", `\0\0\0\0\n["u","lost"]\n["w",99]\n`],
  ] as const) {
    it(`ignores ${what} at its end after a crash`, async () => {
      const first = await open();
      await first.append([update("a")], 5);
      appendFileSync(lastSegment(), tail);
      const second = await open();
      assert.equal(second.watermark, 5);
      await second.append([update("b")], 6);
      assert.deepEqual(await all(second, first.base), [update("a"), update("b")]);
    });
  }

  it("knows the watermark also when the daemon between wrote nothing, or a line was cut off or damaged", async () => {
    await (await open()).append([update("a")], 5);
    await open();
    truncateSync(lastSegment(), 3);
    assert.equal((await open()).watermark, 5);
    assert.equal((await open()).base, 4 * TERM);
    appendFileSync(lastSegment(), '["w",6.0"]\n');
    assert.equal((await open()).watermark, 5);
  });

  it("becomes another one when nothing tells up to where it was complete", async () => {
    const first = await open();
    const second = await open();
    assert.notEqual(second.id, first.id);
    assert.equal(second.base, 2 * TERM);
    await second.append([], 5);
    rmSync(join(directory, "id"));
    assert.notEqual((await open()).id, second.id);
  });

  it("rotates, and trims what nobody wants without losing the watermark", async () => {
    const journal = await open(16 * 1000);
    const paths = Array.from({ length: 60 }, (_, index) => `data/${index}/${"x".repeat(80)}`);
    const ends: number[] = [];
    for (const [index, path] of paths.entries()) {
      await journal.append([update(path)], index);
      ends.push(journal.end);
    }
    assert.ok(segments().length > 3);
    assert.deepEqual(await all(journal, journal.base), paths.map(update));
    const middle = ends[29] ?? 0;
    await journal.trim(middle);
    assert.ok(journal.oldest > journal.base && journal.oldest <= middle);
    assert.deepEqual(await all(journal, middle), paths.slice(30).map(update));
    await assert.rejects(journal.read(journal.base, 1), Unreadable);

    const next = await open();
    await next.trim(next.end);
    assert.equal(segments().length, 1);
    assert.equal((await open()).watermark, 59);
  });

  it("keeps what a slave at the end of an old term needs", async () => {
    const first = await open();
    await first.append([update("a")], 1);
    const second = await open();
    await second.trim(first.end);
    assert.deepEqual(await all(second, first.end), []);
    assert.ok(first.end >= second.oldest);
  });

  it("drops the oldest beyond its limit, whoever wants them", async () => {
    const limit = 16 * 1000;
    const journal = await open(limit);
    for (let index = 0; index < 300; index++) await journal.append([update("x".repeat(90))], index);
    const size = segments().reduce((sum, name) => sum + readFileSync(join(directory, name)).length, 0);
    assert.ok(size > limit / 2 && size < limit + 3000, `${size} bytes`);
    assert.equal((await all(journal, journal.oldest)).length > 50, true);
    await assert.rejects(journal.read(journal.base, 1), Unreadable);
  });

  it("is as before when an append fails, and goes on when the next one succeeds", async () => {
    const journal = await open();
    await journal.append([update("a")], 1);
    const end = journal.end;
    const { file } = journal as unknown as { file: { datasync: () => Promise<void> } };
    const { datasync } = file;
    file.datasync = () => Promise.reject(new Error("ENOSPC"));
    await assert.rejects(journal.append([update("lost"), update("lost too")], 2), /ENOSPC/);
    assert.equal(journal.end, end);
    file.datasync = datasync;
    await journal.append([update("b")], 3);
    assert.deepEqual(await all(journal, journal.base), [update("a"), update("b")]);
    assert.ok(!readFileSync(lastSegment(), "latin1").includes("lost"));
  });

  it("leaves other files of the directory alone", async () => {
    await open();
    writeFileSync(join(directory, "notes.log"), "mine");
    await (await open()).trim(Infinity);
    assert.ok(readdirSync(directory).includes("notes.log"));
  });
});
