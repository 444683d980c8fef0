import assert from "node:assert/strict";
import { NOBODY, Pair, type Options } from "./pair";
import { NO_PROOF, PEER_OFF, SELF_OUTDATED } from "./verdict";

const DUELS = 40;
/** At a time: each has two handlers that start Python. */
const AT_A_TIME = 8;

/** Both networks are cut, and both handlers start at once: their exit codes. */
async function duel(options: Options): Promise<{ codes: (number | null)[]; deposed: boolean }> {
  const pair = new Pair({ witness: true, peerAddresses: [NOBODY], ...options });
  try {
    await pair.witness.door("witness");
    const [first, second] = await Promise.all([pair.n1.fence(), pair.n2.fence()]);
    return { codes: [first.code, second.code], deposed: first.deposed };
  } finally {
    await pair.remove();
  }
}

describe("safety: a duel of both masters over the witness", function () {
  this.timeout(120_000);

  for (const [what, options] of [
    ["with devices", {}],
    ["without any device", { device: false }],
  ] as const) {
    it(`${what}, ${DUELS} times: exactly one wins, and a primary that has lost reboots`, async () => {
      const ends = { n1: 0, n2: 0 };
      for (let done = 0; done < DUELS; done += AT_A_TIME) {
        const round = await Promise.all(Array.from({ length: AT_A_TIME }, () => duel(options)));
        for (const { codes, deposed } of round) {
          const [first, second] = codes;
          const won = first === PEER_OFF ? "n1" : "n2";
          ends[won]++;
          assert.deepEqual(codes, won === "n1" ? [PEER_OFF, SELF_OUTDATED] : [NO_PROOF, PEER_OFF]);
          assert.equal(deposed, second === PEER_OFF);
        }
      }
      assert.equal(ends.n1 + ends.n2, DUELS);
    });
  }
});
