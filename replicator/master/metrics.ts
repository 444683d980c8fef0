import { createServer, type Server } from "node:http";
import { EXPOSITION, exposition, type Sample } from "../prometheus";
import type { LaneStatus } from "./lane";

/** What the feed says of itself. */
export interface FeedMetrics {
  /** Changes in the trees that the watcher has told. */
  events: number;
  overflows: number;
  rescans: number;
  rescanning: boolean;
  lastRescanSeconds?: number;
  watcherRestarts: number;
  /** Whether it has begun with the queue of the daemon before, and so without a rescan. */
  resumed: boolean;
  /** What is wrong now; absent when nothing is. */
  error?: string;
}

/** What `/status` and the status file say. */
export interface Status {
  journal: { id: string; term: number; oldest: number; end: number };
  feed: FeedMetrics;
  slaves: Record<string, LaneStatus>;
  /** Behind which a slave counts as late. */
  maxLagSeconds: number;
  /** Bytes of the process's resident memory. */
  memoryBytes: number;
  /** Why nobody can ask over HTTP; absent: they can. */
  metricsError?: string;
}

const BIND_AGAIN = 5000;

/** Serves `/metrics` and `/status`. An address that is not there yet is tried again. */
export class MetricsServer {
  /** What is wrong now. */
  error: string | undefined;
  private readonly server: Server;
  private timer: NodeJS.Timeout | undefined;

  constructor(status: () => Status, port: number, address: string) {
    const listen = () => this.server.listen(port, address);
    this.server = createServer((request, response) => {
      const [code, type, body] = answer(request.url, status);
      response.writeHead(code, { "Content-Type": type }).end(body);
    });
    this.server.on("listening", () => (this.error = undefined));
    this.server.on("error", ({ message }) => {
      this.error = message;
      this.timer = setTimeout(listen, BIND_AGAIN);
    });
    listen();
  }

  /** Where it listens; undefined: it does not. */
  get port(): number | undefined {
    const address = this.server.address();
    return typeof address === "object" && address ? address.port : undefined;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.server.close();
    this.server.closeAllConnections();
  }
}

function answer(url: string | undefined, status: () => Status): [code: number, type: string, body: string] {
  if (url === "/metrics") return [200, EXPOSITION, prometheus(status())];
  if (url === "/status") return [200, "application/json", `${JSON.stringify(status())}\n`];
  return [404, "text/plain", "not found\n"];
}

/** The status in Prometheus' text format. */
export function prometheus({ journal, feed, slaves, memoryBytes }: Status): string {
  const each = (value: (slave: LaneStatus) => number | undefined): Sample[] =>
    Object.entries(slaves).map(([name, slave]) => [`{slave="${name}"}`, value(slave)]);
  const one = (value: number | undefined): Sample[] => [["", value]];
  return exposition([
    ["replication_lag_seconds", "gauge", "How far the slave is behind.", each((slave) => slave.lagSeconds)],
    [
      "replication_connected",
      "gauge",
      "Whether the slave is connected.",
      each((slave) => Number(slave.connected)),
    ],
    [
      "replication_stuck",
      "gauge",
      "Whether the slave takes nothing.",
      each((slave) => Number(slave.state === "stuck")),
    ],
    ["replication_position", "gauge", "Byte position in the journal.", each((slave) => slave.position)],
    ["replication_backlog_bytes", "gauge", "Journal left to be sent.", each((slave) => slave.backlogBytes)],
    ["replication_files_total", "counter", "Files sent since the start.", each((slave) => slave.files)],
    [
      "replication_bytes_total",
      "counter",
      "Bytes of files sent since the start.",
      each((slave) => slave.bytes),
    ],
    [
      "replication_errors_total",
      "counter",
      "Paths that failed since the start.",
      each((slave) => slave.errors),
    ],
    [
      "replication_failing",
      "gauge",
      "Paths that cannot be read or written, and are tried again.",
      each((slave) => slave.failing ?? 0),
    ],
    [
      "replication_special_pending",
      "gauge",
      "Paths that wait for rsync.",
      each((slave) => slave.specialPending),
    ],
    [
      "replication_compared_directories",
      "gauge",
      "Directories done in a full comparison that is under way.",
      each((slave) => slave.comparing),
    ],
    ["feed_events_total", "counter", "Changes seen since the start.", one(feed.events)],
    ["feed_overflows_total", "counter", "Overflows of the kernel's queue.", one(feed.overflows)],
    ["feed_rescans_total", "counter", "Rescans since the start.", one(feed.rescans)],
    ["feed_rescanning", "gauge", "Whether a rescan is under way.", one(Number(feed.rescanning))],
    ["feed_rescan_seconds", "gauge", "How long the last rescan took.", one(feed.lastRescanSeconds)],
    [
      "feed_watcher_restarts_total",
      "counter",
      "Starts of the watcher but the first.",
      one(feed.watcherRestarts),
    ],
    ["feed_failing", "gauge", "Whether changes cannot be recorded.", one(Number(feed.error !== undefined))],
    ["journal_end", "gauge", "Byte position of the journal's end.", one(journal.end)],
    ["journal_oldest", "gauge", "Byte position of the journal's beginning.", one(journal.oldest)],
    ["replicator_resident_memory_bytes", "gauge", "Resident memory of the daemon.", one(memoryBytes)],
  ]);
}
