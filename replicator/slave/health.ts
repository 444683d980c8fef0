import { createServer, type Server } from "node:http";
import { EXPOSITION, exposition, type Sample } from "../prometheus";
import type { Receiver } from "./receiver";
import type { Services } from "./services";

interface Answer {
  status: number;
  type: string;
  body: string;
}

const DOWN = 503;
/** Drains it: see haproxy.cfg. */
const DRAIN = 404;

/**
 * Answers how the replica is, over HTTP: `/healthz` and `/pool` for machines that decide, `/metrics`, `/status`. One that
 * does not serve is down for either.
 */
export function healthServer(receiver: Receiver, maxLagSeconds: number, services: Services): Server {
  const health = (late: number): Answer => {
    if (services.trouble) return { status: DOWN, type: "text/plain", body: `${services.trouble}\n` };
    return lateness(receiver, maxLagSeconds, late);
  };
  const answers = new Map<string | undefined, () => Answer>([
    ["/healthz", () => health(DOWN)],
    ["/pool", () => health(DRAIN)],
    ["/metrics", () => ({ status: 200, type: EXPOSITION, body: metrics(receiver) })],
    ["/status", () => ({ status: 200, type: "application/json", body: status(receiver) })],
  ]);
  return createServer((request, response) => {
    const answer = answers.get(request.url)?.() ?? { status: 404, type: "text/plain", body: "not found\n" };
    response.writeHead(answer.status, { "Content-Type": answer.type }).end(answer.body);
  });
}

function lateness(receiver: Receiver, maxLagSeconds: number, bad: number): Answer {
  const reason = trouble(receiver, maxLagSeconds);
  const lag = seconds(receiver.lag());
  return { status: reason ? bad : 200, type: "text/plain", body: reason ? `${reason}\n` : `ok lag=${lag}\n` };
}

/** Why nobody should read this replica; undefined: it is good. */
function trouble(receiver: Receiver, maxLagSeconds: number): string | undefined {
  const lag = receiver.lag();
  if (receiver.stuck) return `stuck: ${receiver.stuck}`;
  if (lag === undefined) return "no master yet";
  return lag > maxLagSeconds ? `lag=${seconds(lag)} is over ${maxLagSeconds}` : undefined;
}

function metrics(receiver: Receiver): string {
  const one = (value: number | undefined): Sample[] => [["", value]];
  return exposition([
    ["replica_lag_seconds", "gauge", "How far the replica is behind the master.", one(receiver.lag())],
    ["replica_connected", "gauge", "Whether a master is connected.", one(Number(receiver.connected))],
    ["replica_files_total", "counter", "Files received since the start.", one(receiver.files)],
    ["replica_bytes_total", "counter", "Bytes of files received since the start.", one(receiver.bytes)],
    [
      "replica_errors_total",
      "counter",
      "Paths that could not be brought up to date since the start.",
      one(receiver.errors),
    ],
    ["replica_position", "gauge", "Byte position in the master's journal.", one(receiver.state.position)],
  ]);
}

function status(receiver: Receiver): string {
  const { connected, files, bytes, errors, lastError, stuck, state } = receiver;
  const { position, held: trees } = state;
  const lagSeconds = receiver.lag();
  const shown = { lagSeconds, connected, position, trees, files, bytes, errors, lastError, stuck };
  return `${JSON.stringify(shown)}\n`;
}

function seconds(lag: number | undefined): string {
  return (lag ?? 0).toFixed(2);
}
