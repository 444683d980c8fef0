import { serveProvider } from "../provider";
import { idle } from "./idle";
import { localCommand } from "./local";
import { remoteCommand } from "./remote";

const as: typeof idle = process.env["HA_NFS_IDLE_COMMANDS"] ? idle : (resource) => resource;

/** The version of @pulumi/command that this stands in for. */
serveProvider("1.2.1", {
  "command:local:Command": as(localCommand),
  "command:remote:Command": as(remoteCommand),
});
