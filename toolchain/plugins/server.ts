import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";

/** How often a plugin looks whether its engine still lives, in milliseconds. */
const PARENT_POLL = 500;

/** The engine accepts messages of any size; so do we (source: rpcutil.GrpcChannelOptions). */
const UNLIMITED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** The engine's address: the last argument of every plugin. */
export function engineAddress(): string {
  return process.argv.at(-1) ?? "";
}

/** A unary gRPC handler from an async function; what it throws becomes the call's error. */
export function unary<Request, Response>(
  handler: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => handler(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          const { metadata } = error as { metadata?: grpc.Metadata };
          callback({
            code: grpc.status.UNKNOWN,
            message: errorMessage(error),
            ...(metadata && { metadata }),
          });
        },
      );
  };
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function pluginInfo(version: string): PluginInfo {
  return new PluginInfo().setVersion(version);
}

/** Writes to the engine's log. An ephemeral line shows beside the resource while it runs, and is not kept. */
export class EngineLog {
  private readonly client = new EngineClient(engineAddress(), grpc.credentials.createInsecure(), UNLIMITED);

  status(urn: string, message: string): void {
    const line = new LogRequest().setUrn(urn).setMessage(message).setEphemeral(true);
    this.client.log(line.setSeverity(LogSeverity.INFO), () => undefined);
  }
}

/**
 * Serves on a free port of 127.0.0.1 and prints it, as the engine expects on the first line of stdout.
 * Ends the process, after `stop`, when the engine asks for it by SIGINT or SIGTERM, or is gone.
 */
export function serve(
  service: grpc.ServiceDefinition,
  handlers: grpc.UntypedServiceImplementation,
  stop: () => void,
): void {
  const end = () => {
    stop();
    process.exit(0);
  };
  const engine = process.ppid;
  setInterval(() => process.ppid !== engine && end(), PARENT_POLL);
  process.on("SIGINT", end).on("SIGTERM", end);

  const server = new grpc.Server(UNLIMITED);
  server.addService(service, handlers);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}
