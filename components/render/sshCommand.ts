import { SSH_PORT } from "../options";
import { quote } from "./shell";

/** A host as an operator reaches it. */
export interface Door {
  host: string;
  port: number;
  user: string;
  /** Its public key. */
  hostKey: string;
  /** The host through which SSH comes to it. @default none */
  proxy?: Door | undefined;
}

/** The shell command that logs in on a host with exactly this key, by the operator's own keys. */
export function sshCommand({ host, port, user, hostKey, proxy }: Door): string {
  const known = port === SSH_PORT ? host : `[${host}]:${port}`;
  const through = proxy ? `-o ${quote(`ProxyCommand=${sshCommand(proxy)} -W %h:%p`)} ` : "";
  return `ssh -p ${port} ${through}-o ${quote(`KnownHostsCommand=/bin/echo ${known} ${hostKey}`)} ${user}@${host}`;
}
