import { serveProvider } from "../provider";
import { localCommand } from "./local";
import { remoteCommand } from "./remote";

/** The version of @pulumi/command that this stands in for. */
serveProvider("1.2.1", {
  "command:local:Command": localCommand,
  "command:remote:Command": remoteCommand,
});
