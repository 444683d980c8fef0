import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { errorMessage, unary } from "../../toolchain/plugins/server";
import { fromStruct, toStruct } from "../../toolchain/plugins/values";
import type { Properties } from "../../toolchain/plugins/values";

type Callback<Response> = (error: grpc.ServiceError | null, response: Response) => void;

/** Seconds, and whether nothing may really happen. */
interface Options {
  timeout?: number;
  preview?: boolean;
}

/** A provider's process, with the engine's side of its gRPC. */
export class Plugin {
  private constructor(
    /** What the plugin wrote to the engine's log. */
    readonly log: string[],
    readonly process: ChildProcess,
    private readonly client: ResourceProviderClient,
    private readonly engine: grpc.Server,
    /** Of the resources that the calls are about. */
    public type: string,
  ) {}

  static async start(
    name: "command" | "random" | "aws",
    type: string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Plugin> {
    const log: string[] = [];
    const engine = new grpc.Server();
    engine.addService(EngineService, {
      log: unary((line: LogRequest) => {
        log.push(line.getMessage());
        return new Empty();
      }),
    });
    const enginePort = await new Promise<number>((resolve, reject) => {
      engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    const executable = path.resolve("toolchain/plugins", name, `pulumi-resource-${name}`);
    const child = spawn(executable, [`127.0.0.1:${enginePort}`], {
      cwd: "/",
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    const address = `127.0.0.1:${port.toString().trim()}`;
    const client = new ResourceProviderClient(address, grpc.credentials.createInsecure());
    return new Plugin(log, child, client, engine, type);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.engine.forceShutdown();
    if (this.process.exitCode !== null) return;
    this.process.kill("SIGINT");
    await once(this.process, "exit");
  }

  private get urn(): string {
    return `urn:pulumi:dev::test::${this.type}::it`;
  }

  async check(inputs: Properties): Promise<{ inputs: Properties; failures: string[] }> {
    const request = new rpc.CheckRequest().setUrn(this.urn).setNews(toStruct(inputs));
    const response = await promise<rpc.CheckResponse>((done) => this.client.check(request, done));
    const failures = response
      .getFailuresList()
      .map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
    return { inputs: fromStruct(response.getInputs()), failures };
  }

  /** What differs, by path, and which inputs replace the resource. */
  async diff(olds: Properties, news: Properties): Promise<{ paths: string[]; replaces: string[] }> {
    const request = new rpc.DiffRequest()
      .setUrn(this.urn)
      .setOldInputs(toStruct(olds))
      .setNews(toStruct(news));
    const response = await promise<rpc.DiffResponse>((done) => this.client.diff(request, done));
    const paths = Object.keys(
      Object.fromEntries(response.getDetaileddiffMap().entries() as Iterable<[string, unknown]>),
    );
    return { paths, replaces: response.getReplacesList() };
  }

  async create(inputs: Properties, { timeout = 0, preview = false }: Options = {}): Promise<Properties> {
    const request = new rpc.CreateRequest().setUrn(this.urn).setProperties(toStruct(inputs));
    request.setTimeout(timeout).setPreview(preview);
    const response = await promise<rpc.CreateResponse>((done) => this.client.create(request, done));
    return fromStruct(response.getProperties());
  }

  async update(state: Properties, inputs: Properties, { timeout = 0, preview = false }: Options = {}) {
    const request = new rpc.UpdateRequest()
      .setUrn(this.urn)
      .setOlds(toStruct(state))
      .setNews(toStruct(inputs));
    request.setTimeout(timeout).setPreview(preview);
    const response = await promise<rpc.UpdateResponse>((done) => this.client.update(request, done));
    return fromStruct(response.getProperties());
  }

  async delete(state: Properties, { timeout = 0 }: Options = {}): Promise<void> {
    const request = new rpc.DeleteRequest()
      .setUrn(this.urn)
      .setProperties(toStruct(state))
      .setTimeout(timeout);
    await promise<Empty>((done) => this.client.delete(request, done));
  }

  /** The provider's own configuration. @returns what is wrong with it */
  async configure(config: Properties): Promise<string[]> {
    const checked = await promise<rpc.CheckResponse>((done) =>
      this.client.checkConfig(new rpc.CheckRequest().setNews(toStruct(config)), done),
    );
    await promise((done) =>
      this.client.configure(new rpc.ConfigureRequest().setArgs(toStruct(config)), done),
    );
    return checked.getFailuresList().map((failure) => failure.getProperty());
  }

  /** What is there now; undefined when it is gone. */
  async read(
    state: Properties,
    inputs: Properties,
  ): Promise<{ state: Properties; inputs: Properties } | undefined> {
    const request = new rpc.ReadRequest()
      .setUrn(this.urn)
      .setId(state["id"] as string)
      .setProperties(toStruct(state))
      .setInputs(toStruct(inputs));
    const response = await promise<rpc.ReadResponse>((done) => this.client.read(request, done));
    if (response.getId() === "") return undefined;
    return { state: fromStruct(response.getProperties()), inputs: fromStruct(response.getInputs()) };
  }

  async invoke(token: string, args: Properties): Promise<Properties> {
    const request = new rpc.InvokeRequest().setTok(token).setArgs(toStruct(args));
    return fromStruct(
      (await promise<rpc.InvokeResponse>((done) => this.client.invoke(request, done))).getReturn(),
    );
  }

  async cancel(): Promise<void> {
    await promise<Empty>((done) => this.client.cancel(new Empty(), done));
  }
}

function promise<Response>(call: (done: Callback<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(new Error(error.details)) : resolve(response)));
  });
}

/** The message of the error that a promise ends in. */
export async function failureOf(promised: Promise<unknown>): Promise<string> {
  try {
    await promised;
  } catch (error) {
    return errorMessage(error);
  }
  throw new Error("it did not fail");
}
