import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAcks } from "../../scripts/drillReport";
import { until } from "../until";

const PROGRAM = path.join(__dirname, "../../scripts/fresh.pl");
/** Holds a lock on the first file of the folder that it is given, until its stdin ends. */
const HOLDER = `use Fcntl qw(:DEFAULT :seek); $| = 1;
my $lock = pack "s s x!8 q q l x!8", F_WRLCK, SEEK_SET, 5, 1, 0;
sysopen F, "$ARGV[0]/1", O_RDWR | O_CREAT or die; fcntl F, F_SETLKW, $lock or die;
print "held\\n"; <STDIN>`;

describe("the drill's fresh opens", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(path.join(tmpdir(), "fresh-"))));
  after(() => rmSync(folder, { recursive: true }));

  const start = (...args: string[]) => {
    const child = spawn("perl", args);
    let output = "";
    child.stdout.on("data", (data) => (output += String(data)));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return { output: () => output, end: () => (child.stdin.end(), ended) };
  };

  it("wait for a lock that another one has, and then make a file each", async () => {
    const holder = start("-e", HOLDER, folder);
    await until("the lock is held", () => holder.output() === "held\n");
    const fresh = start(PROGRAM, folder, "10");
    await sleep(300);
    assert.equal(fresh.output(), "");
    assert.equal(await holder.end(), 0);
    await until("three files", () => parseAcks(fresh.output(), 0).length >= 3);
    assert.equal(await fresh.end(), 0);
    const [first, ...rest] = parseAcks(fresh.output(), 0);
    assert.ok(first && first.acknowledged - first.begun >= 0.2);
    assert.equal(readdirSync(folder).length, rest.length + 1);
    assert.equal(readFileSync(path.join(folder, "2"), "utf8"), "2\n");
  });
});
