import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import ssh2 from "ssh2";
import type { Connection, ServerChannel, Session } from "ssh2";

/** A command that has ended before the client can know that it runs. */
export const AT_ONCE = "exit 0 at once";

/** A command after which the host is silent, as one that lost its power; one that is so before it runs anything. */
export const DIES = "dies";
export const DEAF = "deaf";

/** A key pair: OpenSSH's text of the private key, and a line of authorized_keys. */
export const keyPair = () => ssh2.utils.generateKeyPairSync("ed25519");

/**
 * An SSH server on 127.0.0.1 that runs commands with /bin/sh, forwards connections, and lets in the holder of
 * a key or of the password "right". It accepts the environment variable ACCEPTED, as AcceptEnv would.
 */
export class SshServer {
  private readonly connections = new Set<Connection>();
  private readonly hostKey = keyPair();
  private readonly userKey = keyPair();
  private readonly ssh = new ssh2.Server({ hostKeys: [this.hostKey.private] });
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => {
    this.sockets.add(socket.on("close", () => this.sockets.delete(socket)));
    this.ssh.once("connection", (client: Connection) => this.serve(client, socket));
    this.ssh.injectSocket(socket);
  });

  /** @param port 0 takes a free one. */
  async listen(port = 0): Promise<this> {
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  /** The inputs of a connection to it, whether it listens or not. */
  get identity() {
    return {
      host: "127.0.0.1",
      user: "root",
      privateKey: this.userKey.private,
      hostKey: this.hostKey.public,
    };
  }

  /** The inputs of a connection to it. */
  get connection() {
    return { ...this.identity, port: (this.server.address() as AddressInfo).port };
  }

  get connected(): number {
    return this.connections.size;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(client: Connection, socket: Socket): void {
    this.connections.add(client);
    client.on("error", () => undefined).on("close", () => this.connections.delete(client));
    const trusted = ssh2.utils.parseKey(this.userKey.public);
    if (trusted instanceof Error) throw trusted;
    client.on("authentication", (attempt) => {
      const key = attempt.method === "publickey" && attempt.key.data.equals(trusted.getPublicSSH());
      const password = attempt.method === "password" && attempt.password === "right";
      if (key || password) attempt.accept();
      else attempt.reject(["publickey", "password"]);
    });
    client.on("session", (accept) => serveSession(accept(), socket));
    client.on("tcpip", (accept, _reject, { destIP, destPort }) => {
      if (destIP === DEAF) return;
      const channel = accept();
      const socket = connect(destPort, destIP);
      channel.pipe(socket).pipe(channel);
      socket.on("error", () => channel.close());
    });
  }
}

function serveSession(session: Session, socket: Socket): void {
  const env: NodeJS.ProcessEnv = { PATH: process.env["PATH"] };
  session.on("env", (_accept, _reject, { key, val }: { key: string; val?: string; value?: string }) => {
    if (key === "ACCEPTED" || key.startsWith("PULUMI_")) env[key] = val;
  });
  session.on("exec", (accept, _reject, { command }) => {
    if (command === DEAF) socket.pause();
    else if (command === DIES) accept().write("begun\n", () => socket.pause());
    else if (command === AT_ONCE) atOnce(socket, () => exit(accept()));
    else execute(accept(), command, env);
  });
}

/** All that is sent meanwhile goes in one packet, as from a busy machine. */
function atOnce(socket: Socket, send: () => void): void {
  socket.cork();
  send();
  socket.uncork();
}

function exit(channel: ServerChannel): void {
  channel.write("out\n");
  channel.exit(0);
  channel.end();
}

function execute(channel: ServerChannel, command: string, env: NodeJS.ProcessEnv): void {
  const shell = spawn("/bin/sh", ["-c", command], { env });
  channel.pipe(shell.stdin).on("error", () => undefined);
  shell.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
  shell.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
  channel.on("close", () => shell.kill());
  shell.on("close", (status, signal) => {
    if (status !== null) channel.exit(status);
    else channel.exit((signal ?? "").replace(/^SIG/, ""));
    channel.end();
  });
}
