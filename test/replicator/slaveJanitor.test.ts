import assert from "node:assert/strict";
import { linkSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { system } from "./disk";
import { Slave, type FakeMaster } from "./slaveMaster";
import { until } from "../until";

const LONGEST_PATH = 4095;

describe("replicator/slave: what was removed", () => {
  let slave: Slave;
  let master: FakeMaster;

  beforeEach(async () => {
    slave = new Slave();
    mkdirSync(slave.root);
    master = await slave.master();
    mkdirSync(slave.file("data"));
  });
  afterEach(() => slave.remove());

  const temporary = () => readdirSync(slave.file(".ha-nfs/tmp"), { recursive: true, encoding: "utf8" });
  const told = () => slave.log.filter((line) => line.startsWith("cannot clean up"));

  async function remove(path: string): Promise<void> {
    master.send({ op: "delete", path });
    await master.done();
  }

  it("goes from the disk but for what cannot be removed", async () => {
    const fixed = slave.file("data/a/5/fixed");
    for (let index = 0; index < 10; index++) {
      mkdirSync(slave.file(`data/a/${index}`), { recursive: true });
      writeFileSync(slave.file(`data/a/${index}/file`), "content");
    }
    writeFileSync(fixed, "");
    linkSync(fixed, slave.file("held"));
    system("chattr", "+i", fixed);
    try {
      await remove("data/a");
      await until("it is told", () => told().length > 0);
      assert.match(told()[0] ?? "", /EPERM/);
      const [gone = "", ...left] = temporary().sort();
      assert.deepEqual(left, [`${gone}/5`, `${gone}/5/fixed`]);
    } finally {
      system("chattr", "-i", slave.file("held"));
    }
    mkdirSync(slave.file("data/b/c"), { recursive: true });
    await remove("data/b");
    await until("all has gone", () => temporary().length === 0);
  });

  it("goes also where its path has become too long", async () => {
    let path = slave.file("data/a");
    mkdirSync(path);
    for (const name = "d".repeat(20); path.length + name.length < LONGEST_PATH;)
      mkdirSync((path += `/${name}`));
    await remove("data/a");
    await until("all has gone", () => temporary().length === 0);
    assert.deepEqual(told(), []);
  });

  it("goes from the names of one inode but for those that cannot be removed", async () => {
    const links = (name: string) => slave.file(".ha-nfs/links", name);
    const names = Array.from({ length: 20 }, (_, index) => String(index));
    for (const name of names) writeFileSync(links(name), "");
    system("chattr", "+i", links("7"));
    try {
      await slave.receiver.stop();
      slave.start();
      await slave.master();
      await until("the others have gone", () => readdirSync(links("")).length === 1);
      await until("it is told", () => told().length > 0);
      assert.ok(statSync(links("7")).isFile());
    } finally {
      system("chattr", "-i", links("7"));
    }
  });
});
