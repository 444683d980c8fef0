import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { LATER, type Node, Pair, SAME } from "./pair";
import { assertEnd, NO_PROOF, PEER_OFF, PEER_OUTDATED } from "./verdict";

const FIT = "it is Secondary, Connected"; // what the guard would have written; any text will do

/** In place of a door: says `nonce`, reads a question, and answers with what \`answer\` makes of it. */
const IMPOSTOR = `
import socket
listening = socket.create_server((sys.argv[1], 7790))
node.write(os.environ["HA_NFS_RUN"] + "/impostor", "")
while True:
    connection, _ = listening.accept()
    with connection:
        nonce = "0" * 32
        connection.sendall(nonce.encode() + b"\\n")
        question = connection.recv(4096).decode()
        asked = question.strip().partition(" ")[2]
        connection.sendall(eval(sys.argv[2]) + b"\\n")
`;

describe("safety: a question and its answer on the wire", () => {
  let pair: Pair;
  beforeEach(() => (pair = new Pair()));
  afterEach(() => pair.remove());

  const fit = (node = pair.n2) => node.write("run/fit", `${FIT}\n`);

  it("is signed: the door gives the answer, and says who has asked without a key", async () => {
    fit();
    await pair.n2.door();
    assert.equal(await pair.n1.ask(pair.n2, "fit"), FIT);
    assert.equal(await pair.n1.ask(pair.n2, "fit", "another-key"), "stranger");
    assert.match(pair.n2.read("journal"), /a question of 127\..* has no key of ours/);
  });

  it("an old word of the guard is none", async () => {
    fit();
    await pair.n2.door();
    await pair.n2.python(`os.utime(node.RUN + "/fit", (1, 1))`);
    assert.equal(await pair.n1.ask(pair.n2, "fit"), "the guard is silent");
  });

  describe("an impostor at the peer's address", () => {
    const impostor = async (answer: string): Promise<void> => {
      void pair.n2.python(IMPOSTOR, pair.n2.address, answer);
      await pair.n2.appears("run/impostor");
    };

    for (const [what, answer] of [
      ["has no key", `b"outdated"`],
      [
        "signs with a key of its own",
        `(wire.sign(b"x", "A", nonce + " " + asked, "outdated") + " outdated").encode()`,
      ],
      [
        "sends an answer of an earlier connection",
        `(wire.sign(b"fence-key", "A", "1" * 32 + " " + asked, "outdated") + " outdated").encode()`,
      ],
      [
        "plays an answer to an earlier question of this node, with the nonce that it had then",
        `(wire.sign(b"fence-key", "A", nonce + " " + "2" * 32 + asked[32:], "outdated") + " outdated").encode()`,
      ],
      [
        "plays an answer to another question of the same nonces",
        `(wire.sign(b"fence-key", "A", nonce + " " + asked.replace("outdate", "fit"), "outdated") + " outdated").encode()`,
      ],
      ["turns the question into an answer", `(question.split()[0] + " outdated").encode()`],
      [
        "signs another word than it says",
        `(wire.sign(b"fence-key", "A", nonce + " " + asked, "primary") + " outdated").encode()`,
      ],
      ["speaks in letters that are none of ASCII", `"\\u00e4 outdated".encode()`],
      ["speaks in no letters", `b"\\xff\\xfe"`],
    ] as const) {
      it(`${what}: not believed, and a standby shoots nobody for it`, async () => {
        await impostor(answer);
        assert.equal(await pair.n1.ask(pair.n2, `outdate ${SAME}`), "stranger");
        pair.n1.state({});
        assertEnd(await pair.n1.fence(), NO_PROOF);
      });
    }

    it("that has the key is believed: those above fail for what they say, not for who they are", async () => {
      await impostor(
        `(wire.sign(b"fence-key", "A", nonce + " " + asked, "outdated") + " outdated").encode()`,
      );
      assertEnd(await pair.n1.fence(), PEER_OUTDATED);
    });
  });

  it("a question that is sent again is worth nothing: its nonce is another one", async () => {
    await pair.n2.door();
    const text = `
import socket
def say(line):
    with socket.create_connection((sys.argv[1], 7790), 2) as s, s.makefile("rb") as lines:
        nonce = lines.readline().decode().strip()
        line = line or wire.sign(b"fence-key", "Q", nonce, "own outdate ${SAME}") + " own outdate ${SAME}\\n"
        s.sendall(line.encode())
        return line, lines.readline().decode().partition(" ")[2].strip()
line, first = say("")
node.write(os.environ["STUB"] + "/first", first)
print(say(line)[1] or "nothing")`;
    assert.equal(await pair.n1.python(text, pair.n2.address), "nothing");
    assert.equal(pair.n1.read("first"), "outdated");
  });

  it("questions come from the node's own address, whatever the kernel would take: a door lets in no other", async () => {
    pair.n1.configure({ witness: true });
    pair.n1.keys("no-key", "no-key");
    await Promise.all([pair.n2.door(), pair.witness.door("witness")]);
    const text = `
conf = node.settings("fence.conf")
print(wire.ask_peer(conf, "fit", 1), wire.ask_witness(conf, "holder", 1))`;
    assert.equal(await pair.n1.python(text), "stranger stranger");
    const last = (host: Node) => host.read("journal").split("\n").at(-1); // before it, the test has looked for the door
    for (const host of [pair.n2, pair.witness])
      assert.equal(last(host), `a question of ${pair.n1.address} has no key of ours`);
  });

  it("a door goes on after rubbish, silence and an asker who has gone", async () => {
    fit();
    await pair.n2.door();
    const text = `
import socket
for words in (b"", b"\\xff\\xff\\n", "\\u00e4 fit\\n".encode(), b"x" * 5000, b"\\n"):
    with socket.create_connection((sys.argv[1], 7790), 2) as s:
        s.sendall(words)`;
    assert.equal(await pair.n1.python(text, pair.n2.address), "");
    assert.equal(await pair.n1.ask(pair.n2, "fit"), FIT);
    assert.doesNotMatch(pair.n2.read("journal"), /Traceback/);
  });

  it("one asker that says nothing keeps no other one waiting", async () => {
    fit();
    await pair.n2.door();
    const silent = `
import socket, time
held = [socket.create_connection((sys.argv[1], 7790), 2) for _ in range(20)]
node.write(os.environ["STUB"] + "/held", "")
time.sleep(20)`;
    void pair.n1.python(silent, pair.n2.address);
    await pair.n1.appears("held");
    const began = Date.now();
    assert.equal(await pair.n1.ask(pair.n2, "fit"), FIT);
    assert.ok(Date.now() - began < 1500);
  });

  it("an error of one question is its answer, and is in the journal", async () => {
    await pair.n2.door();
    pair.n2.forget("generations");
    assert.equal(await pair.n1.ask(pair.n2, `outdate ${SAME}`), "error");
    assert.match(pair.n2.read("journal"), /'outdate .*get-gi/);
    assert.equal(await pair.n1.ask(pair.n2, "outdate nonsense"), "error");
    assert.equal(await pair.n1.ask(pair.n2, "claim n1 x"), "error");
    assert.equal(pair.n2.disk, "UpToDate");
  });
});

describe("safety: a rotation of the keys, one node after the other", () => {
  let pair: Pair;
  let doors: ChildProcess[];
  beforeEach(async () => {
    pair = new Pair();
    doors = await Promise.all([pair.n1.door(), pair.n2.door()]);
  });
  afterEach(() => pair.remove());

  /** Generation, the next one, the one before, as masterPair.ts writes them. */
  const generation = (g: number) =>
    [g, g + 1, g - 1]
      .filter((n) => n > 0)
      .map((n) => `key-${n}`)
      .join(" ");

  for (const [what, first, second] of [
    ["neither has the new keys", 1, 1],
    ["the asker has them", 2, 1],
    ["the door has them", 1, 2],
    ["both have them", 2, 2],
    ["the asker has those of the third", 3, 2],
    ["the door has those of the third", 2, 3],
    ["the asker has gone back", 2, 3],
  ] as const) {
    it(`${what}: they understand each other, and doors are not started anew`, async () => {
      pair.n1.keys(generation(first));
      pair.n2.keys(generation(second));
      assertEnd(await pair.n1.fence(), PEER_OUTDATED);
      pair.n2.state({ role: "Primary" });
      pair.n1.state({});
      assert.equal((await pair.n1.fence()).code, 6);
      assert.deepEqual(
        doors.map((door) => door.exitCode),
        [null, null],
      );
    });
  }

  it("a jump of two generations takes them apart: that is what secrets.sh refuses", async () => {
    pair.n1.keys(generation(3));
    pair.n2.keys(generation(1));
    assertEnd(await pair.n1.fence(), PEER_OFF, { shot: true });
  });

  it("an old key is worth nothing after two rotations", async () => {
    pair.n2.keys(generation(3));
    assert.equal(await pair.n1.ask(pair.n2, `outdate ${LATER}`, "key-1"), "stranger");
    assert.equal(await pair.n1.ask(pair.n2, `outdate ${LATER}`, "key-2"), "outdated");
  });
});
