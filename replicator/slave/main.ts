import { lstatSync, readFileSync, unlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { healthServer } from "./health";
import { Receiver } from "./receiver";
import { type Service, Services } from "./services";

const BIND_AGAIN_MS = 5000;
const STOP_MS = 2500;
/** Owner and group may connect. */
const SOCKET_UMASK = 0o117;

export interface SlaveConfig {
  /** The directory that holds the replica. */
  root: string;
  /** Unix socket that masters are brought to. */
  socket: string;
  healthAddress: string;
  healthPort: number;
  /** From here on the replica counts as bad. */
  maxLagSeconds: number;
  /** The only trees that a master may send; all when absent. */
  trees?: string[];
  /** What serves the replica, and has to answer for it to be good; nothing when absent. */
  serves?: Service[];
}

/**
 * Runs the slave's service until SIGTERM.
 *
 * @throws Error when the configuration is wrong or the socket cannot be made
 */
export async function runSlave(configFile: string): Promise<void> {
  const config = readConfig(configFile);
  const receiver = new Receiver(config);
  const services = new Services(config.serves ?? []);
  services.start();
  const health = healthServer(receiver, config.maxLagSeconds, services);
  keepListening(health, config.healthPort, config.healthAddress);
  const masters = createServer((connection) => void receiver.serve(connection));
  process.umask(SOCKET_UMASK);
  await listen(masters, config.socket);
  process.umask(0);
  const stop = () => {
    masters.close();
    health.close();
    services.stop();
    setTimeout(() => process.exit(0), STOP_MS);
    void receiver.stop().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

/** @throws Error, with the file and the field, when a value is missing or wrong */
export function readConfig(file: string): SlaveConfig {
  const config = JSON.parse(readFileSync(file, "utf8")) as SlaveConfig;
  const check = (field: keyof SlaveConfig, good: boolean, wanted: string) => {
    if (!good) throw new Error(`${file}: ${field}: ${wanted}`);
  };
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  check("root", isText(config.root) && config.root.startsWith("/"), "an absolute path");
  check("socket", isText(config.socket) && config.socket.startsWith("/"), "an absolute path");
  check("healthAddress", isText(config.healthAddress), "an IP address");
  check("healthPort", Number.isInteger(config.healthPort) && config.healthPort > 0, "a port");
  check(
    "maxLagSeconds",
    Number.isFinite(config.maxLagSeconds) && config.maxLagSeconds > 0,
    "a number above 0",
  );
  const { trees, serves = [] } = config;
  const isServed = ({ name, protocol, address, port }: Service) =>
    [name, address].every(isText) && ["http", "nfs"].includes(protocol) && Number.isInteger(port);
  check("serves", Array.isArray(serves) && serves.every(isServed), "a list of services");
  check("trees", trees === undefined || (Array.isArray(trees) && trees.every(isText)), "a list of names");
  return config;
}

/** A socket file that a dead process left gives way. */
function listen(server: Server, socket: string): Promise<void> {
  if (lstatSync(socket, { throwIfNoEntry: false })?.isSocket()) unlinkSync(socket);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
}

/** Health must not stop replication: an address that is not there yet is tried again. */
function keepListening(server: Server, port: number, address: string): void {
  server.on("error", (error) => {
    console.error(`health on ${address}:${port}: ${error.message}; trying again`);
    setTimeout(() => server.listen(port, address), BIND_AGAIN_MS);
  });
  server.listen(port, address);
}
