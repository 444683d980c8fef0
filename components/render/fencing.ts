import type { FencingTimes } from "../options";
import { assign } from "./shell";

/** TCP port of a master's door, on all its addresses. */
export const DOOR_PORT = 7790;
/** TCP port of the witness. */
export const WITNESS_PORT = 7791;

export interface FenceConf extends Required<FencingTimes> {
  /** The node's own name. */
  me: string;
  /** The other master's. */
  peer: string;
  /** Name of the DRBD resource. */
  volume: string;
  /** Its own addresses, the link first and the service network last. */
  addresses: readonly string[];
  /** Where the other's door is, in the same networks. */
  peerAddresses: readonly string[];
  /** Command of the fence device; empty without one. */
  device: string;
  /** Address of the witness; empty without one. */
  witness: string;
}

/** What fence-peer, the door and the guard read about the pair. */
export function fenceConf(c: FenceConf): string {
  return [
    "# made by ha-nfs\n",
    assign("ME", c.me),
    assign("PEER", c.peer),
    assign("VOLUME", c.volume),
    assign("ADDRESSES", c.addresses.join(" ")),
    assign("PEER_ADDRESSES", c.peerAddresses.join(" ")),
    assign("PORT", String(DOOR_PORT)),
    assign("SILENCE_MS", String(c.silenceMs)),
    assign("DEVICE", c.device),
    assign("DEVICE_SECONDS", String(c.deviceSeconds)),
    assign("WITNESS", c.witness),
    assign("WITNESS_PORT", String(WITNESS_PORT)),
  ].join("");
}
