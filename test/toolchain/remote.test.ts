import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { plain, secret, UNKNOWN } from "../../toolchain/plugins/values";
import type { Properties } from "../../toolchain/plugins/values";
import { failureOf, Plugin } from "./plugin";
import { AT_ONCE, DEAF, DIES, keyPair, SshServer } from "./sshServer";

describe("command:remote:Command", function () {
  this.timeout(20_000);
  let plugin: Plugin;
  let server: SshServer;
  let folder: string;

  /** The inputs as the engine hands them on: checked, so with defaults and secrets. */
  const checked = async (inputs: Properties) => {
    const { inputs: news, failures } = await plugin.check({ connection: server.connection, ...inputs });
    assert.deepEqual(failures, []);
    return news;
  };
  const create = async (inputs: Properties, timeout = 0) => plugin.create(await checked(inputs), { timeout });
  const to = (more: Properties) => ({ ...server.connection, ...more });

  before(async () => {
    plugin = await Plugin.start("command", "command:remote:Command");
    server = await new SshServer().listen();
    folder = mkdtempSync(path.join(tmpdir(), "ha-nfs-remote-"));
  });
  after(async () => {
    await plugin.stop();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("fills in the connection's defaults and makes all of it secret", async () => {
    const { inputs } = await plugin.check({ connection: { host: "h", privateKey: "k" } });
    const expected = {
      user: "root",
      port: 22,
      dialErrorLimit: 10,
      perDialTimeout: 15,
      host: "h",
      privateKey: "k",
    };
    assert.deepEqual(plain(inputs), { connection: expected });
    assert.deepEqual(inputs["connection"], secret({ ...expected, privateKey: secret("k") }));
    const unknown = await plugin.check({ connection: secret({ host: UNKNOWN }) });
    assert.deepEqual(unknown.failures, []);
    assert.match((await plugin.check({ connection: { hots: "hunter2" } })).failures.join(), /host: .*hots: /);
  });

  it("runs with stdin, and says only what the command printed", async () => {
    const state = await create({ create: "cat; echo err >&2", stdin: "x".repeat(300_000) + "\n" });
    assert.equal(state["stdout"], "x".repeat(300_000));
    assert.equal(state["stderr"], "err");
    await create({ create: "true", stdin: "nobody reads this".repeat(10_000) });
  });

  it("sees the exit status of a command that ends at once", async () => {
    assert.equal((await create({ create: AT_ONCE }))["stdout"], "out");
  });

  it("updates, deletes and previews as a local one does, and closes its connections", async () => {
    const mark = path.join(folder, "mark");
    const inputs = await checked({ create: `touch ${mark}`, update: 'echo "$PULUMI_COMMAND_STDOUT"' });
    const preview = await plugin.create(inputs, { preview: true });
    assert.equal(preview["stdout"], UNKNOWN);
    assert.ok(!existsSync(mark));
    const state = { ...(await plugin.create(inputs)), stdout: "was" };
    assert.ok(existsSync(mark));
    assert.equal((await plugin.update(state, inputs))["stdout"], "was");
    await plugin.delete({ ...state, delete: "cat | sh", stdin: `rm ${mark}` });
    assert.ok(!existsSync(mark));
    await sleep(200);
    assert.equal(server.connected, 0);
  });

  it("fails in the official words, with all output", async () => {
    const failure = await failureOf(create({ create: "echo out; echo err >&2; exit 3", logging: "none" }));
    assert.match(failure, /^Process exited with status 3: running "echo out; echo err >&2; exit 3":\n/);
    assert.ok(failure.includes("out\n") && failure.includes("err\n"));
    assert.match(
      await failureOf(create({ create: "kill -TERM $$" })),
      /^Process exited with status 143 from signal TERM: running/,
    );
  });

  it("passes variables that the server accepts, and refuses to go on without the others", async () => {
    const state = await create({ create: 'echo "$ACCEPTED"', environment: { ACCEPTED: "yes" } });
    assert.equal(state["stdout"], "yes");
    assert.match(
      await failureOf(create({ create: "true", environment: { OTHER: "x" } })),
      /"OTHER".*AcceptEnv/,
    );
  });

  it("lets in by password and through a proxy", async () => {
    const byPassword = await create({
      create: "echo in",
      connection: to({ privateKey: null, password: "right" }),
    });
    assert.equal(byPassword["stdout"], "in");
    const proxied = await create({ create: "echo via", connection: to({ proxy: server.connection }) });
    assert.equal(proxied["stdout"], "via");
  });

  it("refuses a wrong host key, a wrong user key and keys that are none", async () => {
    const refusal = (more: Properties) =>
      failureOf(create({ create: "true", connection: to({ dialErrorLimit: 0, ...more }) }));
    assert.match(await refusal({ hostKey: keyPair().public }), /host key mismatch/);
    assert.match(await refusal({ privateKey: keyPair().private }), /unable to authenticate/);
    assert.match(await refusal({ hostKey: "none", dialErrorLimit: -1 }), /failed to parse host key/);
    assert.match(await refusal({ privateKey: "none", dialErrorLimit: -1 }), /failed to parse private key/);
  });

  it("dials again until the host answers", async () => {
    const late = new SshServer();
    const port = 20_000 + randomInt(10_000);
    const connection = { ...late.identity, port, dialErrorLimit: -1 };
    const running = create({ create: "echo up", connection });
    await sleep(400);
    await late.listen(port);
    assert.equal((await running)["stdout"], "up");
    assert.ok(plugin.log.some((line) => line.startsWith("Dial 1/inf failed: retrying (dial tcp ")));
    await late.close();
  });

  it("gives up after the limit, or at the time limit, with the last error of the dials", async () => {
    const refused = to({ port: 1, dialErrorLimit: 2 });
    const limit = await failureOf(create({ create: "true", connection: refused }));
    assert.equal(limit, "after 2 failed attempts: dial tcp 127.0.0.1:1: connect: connection refused");
    const forever = failureOf(create({ create: "true", connection: to({ port: 1, dialErrorLimit: -1 }) }, 1));
    assert.match(
      await forever,
      /^context deadline exceeded: after \d+ failed attempts: .* connection refused$/,
    );
  });

  it("bounds each dial, and all of them, where a host accepts connections and says nothing", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const mute = (more: Properties) => to({ port: (silent.address() as AddressInfo).port, ...more });
    const one = await failureOf(
      create({ create: "true", connection: mute({ perDialTimeout: 1, dialErrorLimit: 0 }) }),
    );
    assert.match(one, /^after 0 failed attempts: dial tcp .*: i\/o timeout$/);
    const all = await failureOf(create({ create: "true", connection: mute({ perDialTimeout: 0 }) }, 0.5));
    assert.match(all, /^context deadline exceeded: after 1 failed attempts: dial tcp .*: i\/o timeout$/);
    silent.close();
  });

  it("names a host that cannot be reached", async () => {
    const connection = to({ host: "192.0.2.1", perDialTimeout: 1, dialErrorLimit: 0 }); // TEST-NET-1, RFC 5737
    assert.match(
      await failureOf(create({ create: "true", connection })),
      /^after 0 failed attempts: dial tcp 192\.0\.2\.1:\d+: /,
    );
  });

  it("notices a host that falls silent after the login, without any time limit", async () => {
    const connection = to({ perDialTimeout: 1 });
    const words = `127.0.0.1:${connection.port} has said nothing for 4 s`;
    assert.equal(await failureOf(create({ create: DIES, connection })), `${words}: running "dies":\nbegun\n`);
    assert.equal(await failureOf(create({ create: DEAF, connection })), words);
  });

  it("bounds the way through a proxy that says nothing", async () => {
    const proxy = server.connection;
    const through = (more: Properties) => ({ ...server.connection, host: DEAF, proxy, ...more });
    const one = through({ perDialTimeout: 1, dialErrorLimit: 0 });
    const silent = /^proxy: after 0 failed attempts: dial tcp deaf:\d+: i\/o timeout$/;
    assert.match(await failureOf(create({ create: "true", connection: one })), silent);
    const all = through({ perDialTimeout: 0, dialErrorLimit: -1 });
    assert.match(
      await failureOf(create({ create: "true", connection: all }, 0.5)),
      /^proxy: context deadline exceeded: after 1 failed attempts: dial tcp deaf:\d+: i\/o timeout$/,
    );
  });

  it("takes a line of any length on a logged stream", async () => {
    const before = plugin.log.length;
    const state = await create({ create: "head -c 1000000 /dev/zero | tr '\\0' x", logging: "stdout" });
    assert.equal(state["stdout"], "x".repeat(1_000_000));
    await sleep(100);
    assert.equal(plugin.log.slice(before).join(""), "x".repeat(1_000_000));
  });

  it("ends a command at its time limit", async () => {
    const failure = await failureOf(create({ create: "echo begun; sleep 30" }, 1));
    assert.match(failure, /^context deadline exceeded: running "echo begun; sleep 30":\nbegun\n$/);
  });

  it("ends a command when the engine cancels", async () => {
    const running = failureOf(create({ create: "sleep 30" }));
    await sleep(300);
    await plugin.cancel();
    assert.match(await running, /^context canceled: running/);
  });
});
