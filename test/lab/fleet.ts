import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { STATUS_FILE } from "../../components/render/replication";
import type { Status as Replication } from "../../replicator/master/metrics";
import type { Status } from "../../scripts/status";
import type { TestStack } from "./stack";

/** Seconds that the replicas have to become equal. */
const CONVERGE_LIMIT = 300;
const SHARE = "/srv/nfs/data";
/** Where the share's copy is on a node. */
const replica = (node: string) => Fleet.replicas[node] ?? "/srv/replica/data";

/** The fleet of a test stack: its slaves, its push target, and what they hold. */
export class Fleet {
  constructor(private readonly stack: TestStack) {}

  /** Where each replica of the share `data` is: by node. */
  static readonly replicas: Readonly<Record<string, string>> = {
    s1: "/srv/replica/data",
    s2: "/srv/replica/data",
    client: "/srv/app/data",
  };

  async status(): Promise<Status> {
    return JSON.parse((await this.stack.run("status", "--json")).stdout) as Status;
  }

  /** The master that has the service. Nobody may for a moment, and a busy node does not always answer in time. */
  async active(): Promise<string> {
    let active: string | null = null;
    await this.until("somebody is active", 60, async () => {
      active = (await this.status()).active;
      return active !== null;
    });
    return active ?? assert.fail();
  }

  /** The proxy that has the read address. */
  async proxy(): Promise<string> {
    const holder = Object.entries((await this.status()).proxies).find(
      ([, proxy]) => !("unreachable" in proxy) && proxy.address,
    );
    return holder?.[0] ?? assert.fail("no proxy has the read address");
  }

  /** What the daemon on the active master says. One that has just been started says nothing for some seconds. */
  async daemon(): Promise<Replication> {
    let said = "";
    await this.until("the daemon says how it is", 60, async () => {
      said = await this.stack.on(await this.active(), `cat ${STATUS_FILE} 2>/dev/null || :`);
      return said !== "";
    });
    return JSON.parse(said) as Replication;
  }

  /**
   * Of all below a directory, but fifos and sockets, which are nothing on another host: types, modes, owners, times,
   * targets, names and contents.
   */
  private list(node: string, directory: string, form: string): Promise<string> {
    const names = String.raw`find . -mindepth 1 ! -type p ! -type s -printf '%y %m %U:%G %Ts %l %P\0'`;
    const contents = "find . -type f -print0 | sort -z | xargs -0 --no-run-if-empty sha256sum -z";
    return this.stack.on(
      node,
      `cd ${directory} && { ${names} | sort -z && ${contents}; } | ${form}`,
      300_000,
    );
  }

  /** The same in one number. */
  digest(node: string, directory: string): Promise<string> {
    return this.list(node, directory, "sha256sum");
  }

  /** What two nodes' lists do not both have. */
  private async differences(one: string, directory: string, other: string, copy: string): Promise<string> {
    const form = String.raw`tr '\n\0' '?\n'`;
    const [here, there] = await Promise.all([
      this.list(one, directory, form),
      this.list(other, copy, form),
    ]).then((lists) => lists.map((list) => list.split("\n")));
    const only = (lines: string[] = [], others: string[] = [], whose: string) =>
      lines.filter((line) => !others.includes(line)).map((line) => `${whose}: ${line}`);
    return [...only(here, there, one), ...only(there, here, other)].slice(0, 20).join("\n");
  }

  /** Waits until the replicas hold what the active master holds. */
  async converge(nodes = Object.keys(Fleet.replicas)): Promise<void> {
    const deadline = Date.now() + CONVERGE_LIMIT * 1000;
    const active = await this.active();
    for (;;) {
      const [wanted, ...found] = await Promise.all([
        this.digest(active, SHARE),
        ...nodes.map((node) => this.digest(node, replica(node)).catch(String)),
      ]);
      const differ = nodes.filter((_, i) => found[i] !== wanted);
      if (differ.length === 0) return;
      if (Date.now() > deadline) {
        const status = JSON.stringify((await this.daemon()).slaves, null, 2);
        const [node = ""] = differ;
        const how = await this.differences(active, SHARE, node, replica(node)).catch(String);
        assert.fail(
          `${differ.join(", ")} not equal to ${active} after ${CONVERGE_LIMIT} s:\n${how}\n${status}`,
        );
      }
      await sleep(1000);
    }
  }

  /** Waits until the condition holds. */
  async until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await holds())) {
      if (Date.now() > deadline) assert.fail(`not within ${seconds} s: ${what}`);
      await sleep(500);
    }
  }
}
