import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { healthServer } from "../../replicator/slave/health";
import { readConfig } from "../../replicator/slave/main";
import { type Service, Services } from "../../replicator/slave/services";
import { until } from "../until";
import { FakeMaster, HELLO, Slave } from "./slaveMaster";

describe("replicator/slave: health and process", function () {
  this.timeout(30_000);
  let slave: Slave;
  const ended: (() => unknown)[] = [];

  beforeEach(() => {
    slave = new Slave();
    mkdirSync(slave.root);
  });
  afterEach(async () => {
    for (const end of ended.splice(0)) end();
    await slave.remove();
  });

  it("answers by lag and by what it is stuck on", async () => {
    const server = healthServer(slave.receiver, 10, new Services([])).listen(0, "127.0.0.1");
    ended.push(() => server.close());
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const get = async (path: string) => {
      const response = await fetch(url + path);
      return `${response.status} ${await response.text()}`;
    };
    assert.equal(await get("/healthz"), "503 no master yet\n");
    assert.equal(await get("/pool"), "404 no master yet\n");
    assert.doesNotMatch(await get("/metrics"), /^ha_nfs_replica_lag_seconds/m);

    const master = await slave.master();
    master.put("data/file", "12345");
    master.send({ op: "adopt", trees: ["data"], position: 42 });
    master.send({ op: "beacon", time: 1, age: 400 });
    await master.settle();
    assert.match(await get("/healthz"), /^200 ok lag=0\.[4-9]\d\n$/);
    assert.match(await get("/pool"), /^200 ok lag=/);
    const metrics = await get("/metrics");
    for (const line of ["connected 1", "files_total 1", "bytes_total 5", "errors_total 0", "position 42"]) {
      assert.match(metrics, new RegExp(`^ha_nfs_replica_${line}$`, "m"));
    }
    assert.match(metrics, /^# TYPE ha_nfs_replica_files_total counter$/m);
    assert.match(metrics, /^ha_nfs_replica_lag_seconds 0\.[4-9]/m);
    const status = JSON.parse((await get("/status")).slice(4)) as Record<string, unknown>;
    assert.deepEqual([status.connected, status.position, status.trees], [true, 42, ["data"]]);

    master.send({ op: "beacon", time: 1, age: 11_000 });
    await master.settle();
    assert.match(await get("/healthz"), /^503 lag=11\.\d\d is over 10\n$/);
    slave.receiver.failed("data/x", "ENOSPC: no space left on device", true);
    assert.equal(await get("/pool"), "404 stuck: ENOSPC: no space left on device\n");
    assert.equal(await get("/other"), "404 not found\n");
    await master.close();
    assert.match(await get("/metrics"), /^ha_nfs_replica_connected 0$/m);
  });

  const config = (more: object = {}): string => {
    const file = join(slave.directory, "config.json");
    const socket = join(slave.directory, "masters");
    const good = { root: slave.root, socket, healthAddress: "127.0.0.1", healthPort: 1, maxLagSeconds: 9 };
    writeFileSync(file, JSON.stringify({ ...good, ...more }));
    return file;
  };

  it("is down, and not only drained, while what serves the replica does not answer", async () => {
    let hangs = false;
    const hanging = new Set<Socket>();
    const asked = new Set<string>();
    const nginx = createServer((connection) => {
      connection.on("error", () => undefined);
      connection.on("data", (bytes) => {
        asked.add(bytes.toString("hex"));
        if (hangs) hanging.add(connection.once("close", () => hanging.delete(connection)));
        else void setTimeout(300).then(() => connection.end("HTTP/1.0 404 Not Found\r\n\r\n"));
      });
    }).listen(0, "127.0.0.1");
    await once(nginx, "listening");
    const { port } = nginx.address() as AddressInfo;
    const at = { address: "127.0.0.1", port };
    const serves: Service[] = [
      { name: "nginx", protocol: "http", ...at },
      { name: "nfsd", protocol: "nfs", ...at },
    ];
    const services = new Services(serves);
    const server = healthServer(slave.receiver, 1000, services).listen(0, "127.0.0.1");
    ended.push(
      () => server.close(),
      () => services.stop(),
      () => nginx.close(),
    );
    await once(server, "listening");
    const { port: health } = server.address() as AddressInfo;
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${health}${path}`);
      return `${response.status} ${await response.text()}`;
    };
    const master = await slave.master();
    master.send({ op: "beacon", time: 1, age: 0 });
    await master.settle();
    services.start();
    await until("both were asked", () => asked.size === 2);
    assert.match([...asked].sort()[1] ?? "", /^80000028.{8}0000000000000002000186a3000000040{40}$/);
    assert.match(await get("/pool"), /^200 /);
    hangs = true; // it takes connections
    await until("that is noticed", () => services.trouble !== undefined);
    await until("for both", () => services.trouble === "nginx, nfsd: no answer");
    for (const path of ["/pool", "/healthz"]) assert.equal(await get(path), "503 nginx, nfsd: no answer\n");
    hangs = false;
    await until("they are back", () => services.trouble === undefined);
    await until("the last question without an answer is over", () => {
      const over = hanging.size === 0;
      assert.equal(services.trouble, undefined);
      return over;
    });
    assert.match(await get("/pool"), /^200 /);
  });

  it("names what is wrong in its configuration", () => {
    assert.equal(readConfig(config()).maxLagSeconds, 9);
    assert.throws(() => readConfig(config({ root: "relative" })), /config\.json: root: an absolute path/);
    assert.throws(() => readConfig(config({ healthPort: "1" })), /healthPort: a port/);
    assert.throws(() => readConfig(config({ maxLagSeconds: 0 })), /maxLagSeconds: a number above 0/);
    assert.throws(() => readConfig(config({ trees: [1] })), /trees: a list of names/);
  });

  it("serves its socket, and writes its state down on SIGTERM", async () => {
    const socket = join(slave.directory, "masters");
    const run = `require("./replicator/slave/main.ts").runSlave(${JSON.stringify(config())})`;
    const start = async (): Promise<[ChildProcess, FakeMaster]> => {
      const child = spawn(process.execPath, ["--import", "tsx", "-e", run], { stdio: "ignore" });
      ended.push(() => child.kill("SIGKILL"));
      while (child.exitCode === null && child.signalCode === null) {
        const connection = connect(socket);
        if (await once(connection, "connect").catch(() => undefined)) {
          const master = new FakeMaster(connection);
          master.send(HELLO);
          return [child, master];
        }
        await setTimeout(50);
      }
      throw new Error("the slave has ended");
    };
    const [child, master] = await start();
    assert.equal((lstatSync(socket).mode & 0o777).toString(8), "660");
    assert.equal((await master.next())?.re, "hello");
    master.put("data/file", "x", { mode: 0o666 });
    master.send({ op: "adopt", trees: ["data"], position: 7 });
    await master.done();
    assert.equal(lstatSync(slave.file("data/file")).mode & 0o777, 0o666);
    child.kill("SIGTERM");
    await once(child, "exit");
    const state = readFileSync(slave.file(".ha-nfs/state.json"), "utf8");
    assert.equal((JSON.parse(state) as { position: number }).position, 7);

    const [killed] = await start();
    killed.kill("SIGKILL");
    await once(killed, "exit");
    const [, next] = await start();
    assert.deepEqual(await next.next(), { re: "hello", position: 7, trees: ["data"] });
  });
});
