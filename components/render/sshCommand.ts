import { SSH_PORT } from "../options";
import { quote } from "./shell";

/** The shell command that logs in on a host with exactly this key, by the operator's own keys. */
export function sshCommand(host: string, port: number, user: string, hostKey: string): string {
  const known = port === SSH_PORT ? host : `[${host}]:${port}`;
  return `ssh -p ${port} -o ${quote(`KnownHostsCommand=/bin/echo ${known} ${hostKey}`)} ${user}@${host}`;
}
