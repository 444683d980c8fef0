import { setTimeout as sleep } from "node:timers/promises";
import { Client, utils } from "ssh2";
import type { AuthenticationType, ConnectConfig } from "ssh2";
import { errorMessage } from "../server";
import type { Operation } from "../provider";
import type { Field } from "../shape";
import { isObject, secret, unwrap } from "../values";
import type { Properties, Value } from "../values";

/** One hop to a host, its defaults filled in. */
interface Hop {
  host: string;
  port: number;
  user: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  /** Default: $SSH_AUTH_SOCK. */
  agentSocketPath?: string;
  /** How many dials may fail before one more is the last; -1 is no limit. */
  dialErrorLimit: number;
  /** Seconds for one dial, handshake and authentication included; 0 is no limit. */
  perDialTimeout: number;
  /** The host's key as a line of authorized_keys; without it any key is accepted. */
  hostKey?: string;
}

export interface Connection extends Hop {
  proxy?: Hop;
}

const DEFAULTS: Properties = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
const SECRETS = ["password", "privateKey", "privateKeyPassword"];

/** A host that leaves this many questions unanswered, each `perDialTimeout` after the one before, is gone. */
const UNANSWERED = 3;

/** Waits between dials: 100 ms, half as much again each time, 5 s at most. */
const BACKOFF = { first: 100, factor: 1.5, most: 5000 };

const hop: Record<string, Field> = {
  host: { type: "string", required: true },
  port: { type: "number" },
  user: { type: "string" },
  password: { type: "string" },
  privateKey: { type: "string" },
  privateKeyPassword: { type: "string" },
  agentSocketPath: { type: "string" },
  dialErrorLimit: { type: "number" },
  perDialTimeout: { type: "number" },
  hostKey: { type: "string" },
};

/** The shape of the `connection` input. */
export const connectionField: Field = {
  type: "object",
  required: true,
  properties: { ...hop, proxy: { type: "object", properties: hop } },
};

/** The `connection` input with its defaults; all of it is secret, and so are its passwords and keys. */
export function normalizeConnection(connection: Value): Value {
  const bare = unwrap(connection);
  if (!isObject(bare)) return secret(bare);
  const filled = normalizeHop(bare);
  const proxy = unwrap(bare["proxy"] ?? null);
  return secret(isObject(proxy) ? { ...filled, proxy: normalizeHop(proxy) } : filled);
}

function normalizeHop(given: Properties): Properties {
  const filled: Properties = { ...DEFAULTS, ...given };
  for (const name of SECRETS) {
    const value = filled[name] ?? null;
    if (value !== null) filled[name] = secret(value);
  }
  return filled;
}

/** Connects, through the proxy if there is one, again and again as the limits allow. */
export async function dial(connection: Connection, operation: Operation): Promise<Client> {
  const config = sshConfig(connection);
  const { proxy } = connection;
  if (!proxy) return retry("Dial", connection, operation, () => connect(connection, config, operation));
  try {
    const proxyConfig = sshConfig(proxy);
    const bastion = await retry("Dial proxy", proxy, operation, () => connect(proxy, proxyConfig, operation));
    const client = await retry("Dial from proxy", connection, operation, async () =>
      connect(connection, { ...config, sock: await forward(bastion, connection, operation) }, operation),
    ).catch((error: unknown) => {
      bastion.end();
      throw error;
    });
    return client.on("close", () => bastion.end());
  } catch (error) {
    throw new Error(`proxy: ${errorMessage(error)}`);
  }
}

async function retry<T>(
  what: string,
  { dialErrorLimit: limit }: Hop,
  operation: Operation,
  attempt: () => Promise<T>,
): Promise<T> {
  const { signal } = operation;
  let pause = BACKOFF.first;
  for (let failed = 1; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      const last = errorMessage(error);
      if (limit >= 0 && failed > limit) throw new Error(`after ${limit} failed attempts: ${last}`);
      operation.log(`${what} ${failed}/${limit < 0 ? "inf" : limit} failed: retrying (${last})`);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted)
        throw new Error(`${errorMessage(signal.reason)}: after ${failed} failed attempts: ${last}`);
      pause = Math.min(pause * BACKOFF.factor, BACKOFF.most);
    }
  }
}

/** Opens the way to a host through its proxy. */
function forward(
  bastion: Client,
  to: Hop,
  operation: Operation,
): Promise<NonNullable<ConnectConfig["sock"]>> {
  return new Promise((resolve, reject) => {
    const done = limit(to, operation, reject);
    bastion.forwardOut("127.0.0.1", 0, to.host, to.port, (error, channel) => {
      done();
      if (error) reject(error);
      else resolve(channel);
    });
  });
}

/** One dial. Ends within `perDialTimeout`, also when the host accepts the connection and then says nothing. */
function connect(to: Hop, config: ConnectConfig, operation: Operation): Promise<Client> {
  const client = new Client();
  return new Promise<Client>((resolve, reject) => {
    const fail = (error: Error) => {
      reject(explain(error, to));
      client.destroy();
    };
    const done = limit(to, operation, fail);
    client.on("ready", () => resolve(client));
    client.on("error", fail);
    client.on("close", () => fail(new Error("ssh: handshake failed: EOF")));
    client.on("ready", done).on("error", done).on("close", done);
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) =>
      answer(prompts.map(() => to.password ?? "")),
    );
    client.connect(config);
  });
}

/** Fails a dial at its time limit or the operation's. @returns ends the wait for both */
function limit(
  { host, port, perDialTimeout }: Hop,
  { signal }: Operation,
  fail: (error: Error) => void,
): () => void {
  const giveUp = () => fail(new Error(`dial tcp ${host}:${port}: i/o timeout`));
  const timer = perDialTimeout > 0 ? setTimeout(giveUp, perDialTimeout * 1000) : undefined;
  signal.addEventListener("abort", giveUp);
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  };
}

/** Why a connection that stood has ended. */
export function lost(error: Error & { level?: string }, { host, port, perDialTimeout }: Hop): string {
  if (error.level !== "client-timeout") return error.message;
  return `${host}:${port} has said nothing for ${perDialTimeout * (UNANSWERED + 1)} s`;
}

/** Who to be and whom to expect. The order is the official plugin's: private key, password, agent. */
function sshConfig(to: Hop): ConnectConfig {
  const agent = to.agentSocketPath ?? process.env["SSH_AUTH_SOCK"];
  const methods: AuthenticationType[] = ["none"];
  if (to.privateKey !== undefined) methods.push("publickey");
  if (to.password !== undefined) methods.push("password", "keyboard-interactive");
  if (agent) methods.push("agent");
  return {
    host: to.host,
    port: to.port,
    username: to.user,
    readyTimeout: 0,
    keepaliveInterval: to.perDialTimeout * 1000,
    keepaliveCountMax: UNANSWERED,
    authHandler: methods,
    ...(to.privateKey !== undefined && ownKey(to.privateKey, to.privateKeyPassword)),
    ...(to.password !== undefined && { password: to.password, tryKeyboard: true }),
    ...(agent && { agent }),
    ...(to.hostKey !== undefined && pinned(to.hostKey)),
  };
}

function ownKey(privateKey: string, passphrase = ""): ConnectConfig {
  const key = utils.parseKey(privateKey, passphrase);
  if (key instanceof Error) throw new Error(`failed to parse private key: ${key.message}`);
  return { privateKey, passphrase };
}

/** Accepts only this key, and asks the host for a key of its type. */
function pinned(hostKey: string): ConnectConfig {
  const key = utils.parseKey(hostKey);
  if (key instanceof Error) throw new Error(`failed to parse host key: ${key.message}`);
  return {
    algorithms: { serverHostKey: [key.type] },
    hostVerifier: (offered: Buffer) => offered.equals(key.getPublicSSH()),
  };
}

/** What went wrong with a dial, in Go's words, as users of the official plugin know it. */
function explain(error: Error & { code?: string; level?: string }, { host, port }: Hop): Error {
  const words: Record<string, string> = {
    ECONNREFUSED: "connect: connection refused",
    EHOSTUNREACH: "connect: no route to host",
    ENETUNREACH: "connect: network is unreachable",
    ETIMEDOUT: "i/o timeout",
    ENOTFOUND: "no such host",
  };
  const reason = words[error.code ?? ""];
  if (reason) return new Error(`dial tcp ${host}:${port}: ${reason}`);
  if (error.level === "client-authentication") {
    return new Error("ssh: handshake failed: ssh: unable to authenticate, no supported methods remain");
  }
  if (error.message.startsWith("Host denied"))
    return new Error("ssh: handshake failed: ssh: host key mismatch");
  return error.level ? new Error(`ssh: handshake failed: ${error.message}`) : error;
}
