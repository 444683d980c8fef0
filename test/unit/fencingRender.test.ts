import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fenceConf } from "../../components/render/fencing";
import { authkeys, heartbeatDropIn } from "../../components/render/heartbeat";
import { doorUnit, guardUnit, witnessUnit } from "../../components/render/units";

const conf = {
  me: "m1",
  peer: "m2",
  volume: "data",
  addresses: ["10.10.2.11", "10.10.1.11"],
  peerAddresses: ["10.10.2.12", "10.10.1.12"],
  silenceMs: 400,
  device: "/usr/sbin/fence --config=/etc/fence.ini",
  deviceSeconds: 20,
  witness: "10.10.1.13",
};

describe("fence.conf", () => {
  it("is the whole text, the link first", () => {
    assert.equal(
      fenceConf(conf),
      `# made by ha-nfs
ME=m1
PEER=m2
VOLUME=data
ADDRESSES='10.10.2.11 10.10.1.11'
PEER_ADDRESSES='10.10.2.12 10.10.1.12'
PORT=7790
SILENCE_MS=400
DEVICE='/usr/sbin/fence --config=/etc/fence.ini'
DEVICE_SECONDS=20
WITNESS=10.10.1.13
WITNESS_PORT=7791
`,
    );
  });

  it("has empty values for what there is not, which bash reads too", () => {
    const text = fenceConf({ ...conf, device: "", witness: "" });
    const read = `. <(cat) && printf '<%s>' "$DEVICE" "$WITNESS" "$PEER_ADDRESSES"`;
    const printed = execFileSync("bash", ["-euc", read], { input: text, encoding: "utf8" });
    assert.equal(printed, "<><><10.10.2.12 10.10.1.12>");
  });
});

describe("authkeys", () => {
  /** The keys of a generation by their numbers, and the one that signs. */
  const parse = (generation: number) => {
    const secrets = [generation, generation + 1, generation - 1].filter((g) => g > 0).map((g) => `of-${g}`);
    const [first = "", ...lines] = authkeys(generation, secrets).trim().split("\n");
    const keys = new Map(
      lines.map((line) => {
        const [number = "", method, secret = ""] = line.split(" ");
        assert.equal(method, "sha1");
        return [number, secret];
      }),
    );
    return { signs: /^auth (\d+)$/.exec(first)?.[1] ?? "", keys };
  };

  it("is the whole text: the first generation has none before it", () => {
    assert.equal(authkeys(1, ["a", "b"]), "auth 1\n1 sha1 a\n2 sha1 b\n");
    assert.equal(authkeys(2, ["b", "c", "a"]), "auth 2\n2 sha1 b\n3 sha1 c\n1 sha1 a\n");
    assert.equal(authkeys(15, ["o", "p", "n"]), "auth 15\n15 sha1 o\n1 sha1 p\n14 sha1 n\n");
    assert.equal(authkeys(16, ["p", "q", "o"]), "auth 1\n1 sha1 p\n2 sha1 q\n15 sha1 o\n");
  });

  it("has numbers that heartbeat takes, each once, over all generations", () => {
    for (let generation = 1; generation <= 50; generation++) {
      const { keys } = parse(generation);
      assert.equal(keys.size, generation === 1 ? 2 : 3, `generation ${generation}`);
      for (const number of keys.keys()) assert.ok(Number(number) >= 1 && Number(number) <= 15, number);
    }
  });

  it("lets a node understand a peer of the next generation and of the one before, also from 15 to 16", () => {
    for (let generation = 1; generation <= 50; generation++) {
      const [one, next] = [parse(generation), parse(generation + 1)];
      assert.equal(one.keys.get(next.signs), `of-${generation + 1}`);
      assert.equal(next.keys.get(one.signs), `of-${generation}`);
    }
  });
});

describe("units of fencing", () => {
  it("let only the peer in at a master's door, which comes back at once", () => {
    const unit = doorUnit(7790, ["10.10.2.12", "10.10.1.12"]);
    assert.match(unit, /^ExecStart=\/usr\/local\/lib\/ha-nfs\/door peer 0\.0\.0\.0 7790$/m);
    assert.match(unit, /^IPAddressDeny=any\nIPAddressAllow=localhost 10\.10\.2\.12 10\.10\.1\.12$/m);
    assert.match(unit, /^Restart=always\nRestartSec=100ms$/m);
    assert.match(unit, /^StartLimitIntervalSec=0$/m);
  });

  it("let only the masters in at the witness's, which writes no more than its register", () => {
    const unit = witnessUnit(7791, ["10.10.1.11", "10.10.1.12"]);
    assert.match(unit, /^ExecStart=\/usr\/local\/lib\/ha-nfs\/door witness 0\.0\.0\.0 7791$/m);
    assert.match(unit, /^IPAddressAllow=localhost 10\.10\.1\.11 10\.10\.1\.12$/m);
    assert.match(unit, /^ProtectSystem=strict$/m);
    assert.match(unit, /^StateDirectory=ha-nfs$/m);
  });

  it("start the guard before heartbeat and after DRBD and the door, and its end ends nothing else", () => {
    const unit = guardUnit("heartbeat.service");
    assert.match(unit, /^After=drbd@%i\.target ha-nfs-door\.service ha-nfs-mountd\.service$/m);
    assert.match(unit, /^Before=heartbeat\.service$/m);
    assert.match(unit, /^KillMode=process$/m);
    assert.match(unit, /^Type=notify$/m);
    assert.match(unit, /^WatchdogSec=15$/m);
  });

  it("let heartbeat take part only after wait-peer, and bring it back when it dies", () => {
    const text = heartbeatDropIn("data");
    assert.match(text, /^ExecStartPre=\/usr\/local\/lib\/ha-nfs\/wait-peer data$/m);
    assert.match(text, /^After=.* drbd@data\.target ha-nfs@data\.service$/m);
    assert.match(text, /^Restart=always$/m);
  });

  it("are units that systemd takes", function () {
    let analyze: (name: string, text: string) => string;
    try {
      execFileSync("systemd-analyze", ["--version"], { stdio: "ignore" });
      analyze = (name, text) =>
        execFileSync(
          "bash",
          [
            "-c",
            `d=$(mktemp -d); trap 'rm -r "$d"' EXIT; cat >"$d/${name}"; systemd-analyze verify --recursive-errors=no --man=no "$d/${name}" 2>&1 | grep -F "${name}:" || :`,
          ],
          { input: text, encoding: "utf8" },
        );
    } catch {
      this.skip();
    }
    for (const [name, text] of [
      ["ha-nfs-door.service", doorUnit(7790, ["10.10.2.12"])],
      ["ha-nfs-witness.service", witnessUnit(7791, ["10.10.1.11"])],
      ["ha-nfs@data.service", guardUnit("heartbeat.service")],
    ] as const) {
      const complaints = analyze(name, text)
        .split("\n")
        .filter((line) => line !== "" && !/is not executable|Failed to resolve|No such file/.test(line));
      assert.deepEqual(complaints, []);
    }
  });
});
