import assert from "node:assert/strict";
import { library, nodeFile } from "../../components/remote/hostScript";
import { scriptText } from "../../components/render/shell";
import { Sandbox } from "./sandbox";

const MARK = "/var/lib/ha-nfs/owner-feed.sh";

describe("node scripts: feed.sh", () => {
  let box: Sandbox;
  beforeEach(() => (box = new Sandbox({ systemctl: ":" })));
  afterEach(() => box.remove());

  const now = [library("feed.sh"), nodeFile("feed.sh")] as const;
  /** Of an older ha-nfs, which had one owner mark for all replicas. */
  const old = [now[0].replace("${INSTANCE:+-$INSTANCE}", ""), now[1].replace(/^.*\$old_mark$/m, "")] as const;

  const feed = (action: string, name: string, [functions, script] = now) => {
    const vars = { NAME: name, CONFIG: "{}\n", SSH_HOST: "Host x\n", HOST_KEY: "ssh-ed25519 AAAA" };
    const text = scriptText("feed.sh", `nfs-feed-${name}-m1`, vars, functions, script);
    const { status, output } = box.exec(`exec bash -s -- ${action}`, text);
    assert.equal(status, 0, output);
  };
  const isThere = (name: string) => box.exists(`/etc/ha-nfs/replicator/slaves/${name}.json`);

  it("removes the feed of one replica, and leaves the others", () => {
    for (const name of ["s1", "s2"]) feed("apply", name);
    feed("remove", "s1");
    assert.deepEqual([isThere("s1"), isThere("s2")], [false, true]);
  });

  for (const [gone, stays] of [
    ["s1", "s2"],
    ["s2", "s1"],
  ] as const) {
    it(`does so where an older one has made them, and only ${stays} has been applied since`, () => {
      for (const name of ["s1", "s2"]) feed("apply", name, old);
      assert.equal(box.read(MARK), "nfs-feed-s2-m1\n");
      feed("apply", stays);
      feed("remove", gone, old);
      assert.deepEqual([isThere(gone), isThere(stays)], [false, true]);
      assert.ok(!box.exists(MARK));
    });
  }
});
