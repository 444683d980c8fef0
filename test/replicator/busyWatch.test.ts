import { linkSync, renameSync, rmSync } from "node:fs";
import { Cluster, needsWatch } from "./cluster";
import { QueueStore } from "./queueStore";

/**
 * What one process does while its events wait in the kernel's queue, which makes one of equal ones; and where directories
 * are only by the time that these are told. A step is a verb and names; a slash makes a directory, with a file in it.
 */
const KINDS: Record<string, { before: string; then: string }> = {
  cycle: { before: "put a", then: "mv a z, mv z y, mv y a, mv a z" },
  toAndFro: { before: "put a", then: "mv a z, mv z a, mv a z" },
  another: { before: "put a, put b", then: "mv a z, mv b a, mv a z" },
  replaced: { before: "put a, put b, put c", then: "mv b a, mv c b, mv b a" },
  swapped: { before: "put a, put b", then: "mv a t, mv b a, mv t b, mv a t, mv b a, mv t b" },
  rotated: { before: "put log", then: "mv log log.1, put log, mv log.1 log.2, mv log log.1, put log" },
  remade: { before: "put a", then: "mv a z, put a/, mv a q, put a, mv a z" },
  insideOneThatMoves: { before: "put a/, put b/", then: "mv a/in a/y, mv b g, mv a b" },
  fromElsewhere: { before: "put a, put ../../out/", then: "rm a, mv ../../out a, mv a z, put a" },
  cycleOfDirectory: { before: "put a/", then: "mv a z, mv z y, mv y a, mv a z" },
  anotherDirectory: { before: "put a/, put b/", then: "mv a z, mv z y, mv b a, mv a z" },
  swappedDirectories: { before: "put a/, put b/", then: "mv a t, mv b a, mv t b, mv a t, mv b a, mv t b" },
  rotatedDirectory: { before: "put a/", then: "mv a a.1, put a/, mv a.1 a.2, mv a a.1, put a/" },
  // The last: while links are looked for, what is renamed is told anew.
  linked: { before: "put x, ln x w, put y/", then: "ln x a, rm a, mv y a, mv a b, ln x a" },
  linkMoved: { before: "put a, put b", then: "ln a l, mv l m, ln b l, mv l n, mv n o" },
  linkReplaced: { before: "put a, put b", then: "ln a l, mv l m, put l, ln b n, mv n o, ln l n" },
  linkLeftBehind: { before: "put a, put b/", then: "ln a b/l, mv b/l l, rm b/in, rm b" },
};

describe("replicator: renames while watch is busy", function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let queue: QueueStore;

  needsWatch();
  beforeEach(() => {
    cluster = new Cluster(["data"], ["s1"]);
    queue = new QueueStore();
    cluster.config.watch = queue.watch;
  });
  afterEach(async () => {
    await cluster.remove();
    queue.remove();
  });

  function put(path: string): void {
    const directory = path.endsWith("/");
    if (directory) cluster.make(path);
    cluster.write(directory ? `${path}in` : path, `${performance.now()}`);
  }

  function perform(part: "before" | "then"): void {
    for (const [kind, { [part]: steps }] of Object.entries(KINDS)) {
      for (const step of steps.split(", ")) {
        const [verb, ...names] = step.split(" ");
        const [a = "", b = ""] = names.map((name) => `data/${kind}/${name}`);
        if (verb === "put") put(a);
        else if (verb === "mv") renameSync(cluster.volume.file(a), cluster.volume.file(b));
        else if (verb === "ln") linkSync(cluster.volume.file(a), cluster.volume.file(b));
        else rmSync(cluster.volume.file(a), { recursive: true });
      }
    }
  }

  it("reach the slaves all the same", async () => {
    await cluster.start({ beaconMs: 20 });
    for (const kind of Object.keys(KINDS)) cluster.make(`data/${kind}`);
    perform("before");
    // Until what was read before is known to be older than any rename: then renames are sent as such.
    for (let beacon = 0; beacon < 3; beacon++) await cluster.settled();
    queue.stopped(() => perform("then"));
    await cluster.settled();
    cluster.assertEqual();
  });
});
