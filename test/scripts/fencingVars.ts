import { once } from "node:events";
import * as net from "node:net";
import { safetyFiles } from "../../components/fencing";
import { nodeFile } from "../../components/remote/hostScript";
import { doorUnit } from "../../components/render/units";

const PORT = 7790;

export const code = safetyFiles() as Record<"NODE_PY" | "RULES_PY" | "WIRE_PY" | "DOOR", string>;
/** The variables of fencing.sh, without a device. */
export const fencing = {
  ...code,
  FENCE_CONF: "ME=m1\n",
  FENCE_PEER: nodeFile("safety/fence-peer"),
  FENCE_DEVICE: "",
  FENCE_AGENT: "",
  SPLIT_BRAIN: nodeFile("safety/split-brain"),
  DOOR_UNIT: doorUnit(PORT, ["10.10.2.12"]),
  DOOR_ADDRESS: `127.0.0.1:${PORT}`,
};

/** In place of the door, at its address: the sandbox has this machine's network. */
export async function standInDoor(): Promise<net.Server> {
  const door = net.createServer().listen(PORT, "127.0.0.1");
  await once(door, "listening");
  return door;
}
