import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { CODE, NOBODY, Pair } from "./pair";
import { assertEnd, NO_PROOF, PEER_OFF } from "./verdict";

/** Answers as an agent of Debian's does: options on stdin, 0 for on or done, 2 for off. /proc/self/cmdline is its own. */
const AGENT = `#!/bin/bash
options=$(cat)
printf '%s\\n' "$options" >>"$STUB/asked"
tr '\\0' ' ' </proc/$$/cmdline >>"$STUB/command-lines"
[[ ! -e $STUB/agent-hangs ]] || exec sleep 20
[[ $PYTHONWARNINGS == ignore ]] || echo "DeprecationWarning: 'pipes' is deprecated" >&2
[[ $options == *password=geheim* ]] || { echo "Failed: Unable to connect" >&2 && exit 1; }
case $options in
action=status*) [[ -e $STUB/is-off ]] && exit 2 || exit 0 ;;
action=off*) sleep 0.5; [[ -e $STUB/agent-lies ]] || : >"$STUB/is-off" ;;
action=on*) rm -f "$STUB/is-off" ;;
*) : >"$STUB/rebooted" ;;
esac
`;

describe("safety: an agent of Debian's as the fence device", () => {
  let pair: Pair;
  beforeEach(() => {
    pair = new Pair({ peerAddresses: [NOBODY] });
    pair.n1.write("bin/fence_stub", AGENT);
    spawnSync("chmod", ["755", pair.n1.file("bin/fence_stub")]);
    pair.n1.write("bin/device", `#!/bin/bash\nexec ${path.join(CODE, "fence-agent")} fence_stub "$@"\n`);
    pair.n1.write("etc/secrets/fence-device", "ip=10.0.0.2\npassword=geheim\n");
  });
  afterEach(() => pair.remove());

  const device = (...words: string[]) =>
    spawnSync(pair.n1.file("bin/device"), words, { env: pair.n1.env, encoding: "utf8" });

  it("tells whether the peer is on, switches it off and on, and gives the options on stdin alone", () => {
    assert.equal(device("status", "n2").stdout, "on\n");
    assert.deepEqual([device("off", "n2").status, device("status", "n2").stdout], [0, "off\n"]);
    assert.deepEqual([device("on", "n2").status, device("status", "n2").stdout], [0, "on\n"]);
    assert.match(pair.n1.read("asked"), /^action=status\nip=10\.0\.0\.2\npassword=geheim\naction=off\n/);
    assert.doesNotMatch(pair.n1.read("command-lines"), /geheim|10\.0\.0\.2|action/);
  });

  it("is a proof for the handler, which has the peer switched on again", async () => {
    const { code, log } = await pair.n1.fence();
    assert.equal(code, PEER_OFF, log);
    assert.equal(pair.n1.read("run/switch-on"), "n2");
    assert.doesNotMatch(log, /geheim/);
  });

  it("is none where the agent ends well and the peer is on", async () => {
    pair.n1.write("agent-lies", "");
    assertEnd(await pair.n1.fence(), NO_PROOF);
    assert.match(pair.n1.read("run/no-proof"), /fence_stub: it has ended well, and n2 is not off/);
  });

  it("says what the agent says where it fails", () => {
    pair.n1.write("etc/secrets/fence-device", "password=wrong\n");
    for (const verb of ["status", "off", "on"]) {
      const { status, stdout, stderr } = device(verb, "n2");
      assert.deepEqual([status, stdout, stderr], [1, "", "fence_stub: Failed: Unable to connect\n"], verb);
    }
  });

  it("asks no agent without its options: that would reboot a machine", () => {
    pair.n1.forget("etc/secrets/fence-device");
    assert.equal(device("off", "n2").status, 1);
    assert.ok(!pair.n1.exists("asked"));
  });

  it("ends with all that it has started when its time is over", async () => {
    pair.n1.configure({ peerAddresses: [NOBODY], deviceSeconds: 1 });
    pair.n1.write("agent-hangs", "");
    const { code, ms } = await pair.n1.fence();
    assert.equal(code, NO_PROOF);
    assert.ok(ms < 5000, `${ms} ms`);
    assert.match(pair.n1.read("run/no-proof"), /no answer in its time/);
  });

  it("refuses what it does not know", () => {
    assert.equal(device("reboot", "n2").status, 2);
    assert.ok(!pair.n1.exists("asked"));
  });
});
