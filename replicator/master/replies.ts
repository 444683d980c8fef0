import type { Reply } from "../protocol";
import { isName, isPathIn, isWhole, quoted } from "../wellFormed";

/**
 * A slave gets its trees and nothing else, whatever it asks for.
 *
 * @throws Error unless all that it says is well formed, and each path in the trees
 */
export function checkReply(reply: Reply, trees: ReadonlySet<string>): void {
  if (!isGood(reply, trees)) throw unasked(reply);
}

/** What ends the connection of a slave that says it. */
export function unasked(reply: Reply): Error {
  return new Error(`the slave must not say: ${quoted(reply)}`);
}

function isGood(reply: Reply, trees: ReadonlySet<string>): boolean {
  switch (reply.re) {
    case "hello":
      return (
        areNames(reply.trees) &&
        (reply.position === undefined || isPlace(reply)) &&
        (reply.ahead === undefined || isPlace(reply.ahead))
      );
    case "refused":
      return isText(reply.reason);
    case "ack":
      return isWhole(reply.id);
    case "listed":
      return isWhole(reply.id) && areNames(reply.need) && areNames(reply.made);
    case "stale":
      return isPathIn(trees, reply.from) && isPathIn(trees, reply.to);
    case "error":
    case "stuck":
      // Without a path: it is not of one.
      return isText(reply.message) && (reply.path === "" || isPathIn(trees, reply.path));
    case "beacon":
      return Number.isFinite(reply.time);
    default:
      return false;
  }
}

const isText = (value: unknown): value is string => typeof value === "string";

const isPlace = (place: { position?: unknown; stamp?: unknown } | null): boolean =>
  isWhole(place?.position) && (place?.stamp === undefined || isText(place?.stamp));

/** They stand below the directory that was asked about, and lead no further. */
const areNames = (value: unknown): boolean => Array.isArray(value) && value.every(isName);
