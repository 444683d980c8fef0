import { isDeepStrictEqual } from "node:util";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { HalfMade, halfMade } from "./halfMade";
import { EngineLog, pluginInfo, serve, unary } from "./server";
import { check } from "./shape";
import type { Failure, Shape } from "./shape";
import { changes, fromStruct, isUnknown, plain, toStruct, UNKNOWN } from "./values";
import type { Change, Properties } from "./values";

/** One create, update or delete that runs. */
export interface Operation {
  /** The resource's name, the last part of its URN. */
  readonly name: string;
  /** Aborts at the resource's custom timeout or when the engine cancels; the reason is an Error. */
  readonly signal: AbortSignal;
  /** Shows one line beside the resource while it runs. */
  log(line: string): void;
}

/**
 * A kind of resource. Its outputs are its inputs and the properties named in `outputs`, as in a provider
 * made with pulumi-go-provider's infer. Every change of an input without `update` is a replacement.
 */
export interface Resource {
  readonly inputs: Shape;
  readonly outputs: readonly string[];
  /** Fills in defaults and marks secrets, once the inputs have the right shape. The state's inputs are the result. */
  normalize?(inputs: Properties): Properties;
  /** The inputs with defaults that the state has only among the outputs: what is compared, and what create gets. */
  complete?(inputs: Properties): Properties;
  /** What is wrong with inputs of the right shape. */
  failures?(inputs: Properties): Failure[];
  /** Whether a change of this input replaces the resource. */
  replaces(input: string): boolean;
  /** The id that we give; without it, the cloud's own is the property `id` of what `create` returns. */
  id?(name: string): string;
  create(inputs: Properties, operation: Operation): Promise<Properties> | Properties;
  /** What is there now, inputs and outputs; undefined when it is gone. Without it, a refresh changes nothing. */
  read?(id: string, state: Properties): Promise<Properties | undefined>;
  update(inputs: Properties, state: Properties, operation: Operation): Promise<Properties> | Properties;
  delete(state: Properties, operation: Operation): Promise<void> | void;
}

const KINDS: Record<Change, [rpc.PropertyDiff.Kind, rpc.PropertyDiff.Kind]> = {
  add: [rpc.PropertyDiff.Kind.ADD, rpc.PropertyDiff.Kind.ADD_REPLACE],
  delete: [rpc.PropertyDiff.Kind.DELETE, rpc.PropertyDiff.Kind.DELETE_REPLACE],
  update: [rpc.PropertyDiff.Kind.UPDATE, rpc.PropertyDiff.Kind.UPDATE_REPLACE],
};

/** A function of a provider: arguments in, result out. */
export type Invoke = (args: Properties) => Promise<Properties>;

/** What only providers of a cloud have. */
export interface CloudParts {
  /** The provider's own configuration: its shape, and who takes it. */
  config?: { shape: Shape; take(given: Properties): void };
  /** By token. */
  functions?: Record<string, Invoke>;
}

/** Serves a provider with the given resources, by type token. */
export function serveProvider(
  version: string,
  resources: Record<string, Resource>,
  { config, functions = {} }: CloudParts = {},
): void {
  const engine = new EngineLog();
  const cancelled = new AbortController();
  const cancel = () => cancelled.abort(new Error("context canceled"));

  const find = (urn: string): Resource => {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const resource = resources[type];
    if (!resource)
      throw new Error(`ha-nfs's stand-in for this plugin has no ${type}: use the official plugin`);
    return resource;
  };

  /** @param timeout seconds; 0 is no limit. */
  const operate = async <T>(urn: string, timeout: number, run: (operation: Operation) => Promise<T> | T) => {
    cancelled.signal.throwIfAborted();
    const limit = new AbortController();
    const timer =
      timeout > 0
        ? setTimeout(() => limit.abort(new Error("context deadline exceeded")), timeout * 1000)
        : undefined;
    try {
      return await run({
        name: urn.split("::").at(-1) ?? "",
        signal: AbortSignal.any([cancelled.signal, limit.signal]),
        log: (line) => engine.status(urn, line),
      });
    } finally {
      clearTimeout(timer);
    }
  };

  const complete = (resource: Resource, inputs: Properties) => resource.complete?.(inputs) ?? inputs;

  const handlers: Partial<IResourceProviderServer> = {
    handshake: unary(() => new rpc.ProviderHandshakeResponse().setAcceptSecrets(true)),
    getPluginInfo: unary(() => pluginInfo(version)),
    checkConfig: unary((request) => {
      const failures = config ? check(config.shape, fromStruct(request.getNews())) : [];
      return new rpc.CheckResponse().setInputs(request.getNews()).setFailuresList(failures.map(checkFailure));
    }),
    diffConfig: unary(() => new rpc.DiffResponse().setChanges(rpc.DiffResponse.DiffChanges.DIFF_NONE)),
    configure: unary((request) => {
      config?.take(plain(fromStruct(request.getArgs())) as Properties);
      return new rpc.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    invoke: unary(async (request) => {
      const run = functions[request.getTok()];
      if (!run)
        throw new Error(
          `ha-nfs's stand-in for this plugin has no ${request.getTok()}: use the official plugin`,
        );
      const result = await run(plain(fromStruct(request.getArgs())) as Properties);
      return new rpc.InvokeResponse().setReturn(toStruct(result));
    }),
    cancel: unary(() => {
      cancel();
      return new Empty();
    }),

    check: unary((request) => {
      const resource = find(request.getUrn());
      const news = fromStruct(request.getNews());
      let failures = check(resource.inputs, news);
      if (failures.length === 0) failures = resource.failures?.(news) ?? [];
      const inputs = failures.length === 0 && resource.normalize ? resource.normalize(news) : news;
      return new rpc.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(failures.map(checkFailure));
    }),

    diff: unary((request) => {
      const resource = find(request.getUrn());
      const olds = complete(resource, fromStruct(request.getOldInputs()));
      const found = changes(olds, complete(resource, fromStruct(request.getNews())));
      const response = new rpc.DiffResponse().setHasdetaileddiff(true);
      const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
      response.setChanges(found.size === 0 ? DIFF_NONE : DIFF_SOME);
      for (const [path, change] of found) {
        const input = path.split(/[.[]/, 1)[0] ?? path;
        const replaces = resource.replaces(input);
        response
          .getDetaileddiffMap()
          .set(path, new rpc.PropertyDiff().setKind(KINDS[change][replaces ? 1 : 0]));
        response.addDiffs(input);
        if (replaces) response.addReplaces(input);
      }
      return response;
    }),

    create: unary(async (request) => {
      const resource = find(request.getUrn());
      const inputs = complete(resource, fromStruct(request.getProperties()));
      const made: Properties = request.getPreview()
        ? Object.fromEntries(resource.outputs.map((name) => [name, UNKNOWN]))
        : await operate(request.getUrn(), request.getTimeout(), (operation) =>
            resource.create(inputs, operation),
          ).catch((error: unknown) => {
            throw error instanceof HalfMade ? halfMade(error, inputs) : error;
          });
      const own = request.getPreview() ? "" : (made["id"] as string);
      return new rpc.CreateResponse()
        .setId(resource.id?.(request.getUrn().split("::").at(-1) ?? "") ?? own)
        .setProperties(toStruct({ ...inputs, ...made }));
    }),

    update: unary(async (request) => {
      const resource = find(request.getUrn());
      const inputs = complete(resource, fromStruct(request.getNews()));
      const state = fromStruct(request.getOlds());
      const made = request.getPreview()
        ? previewUpdate(resource, inputs, state)
        : await operate(request.getUrn(), request.getTimeout(), (operation) =>
            resource.update(inputs, state, operation),
          );
      return new rpc.UpdateResponse().setProperties(toStruct({ ...inputs, ...made }));
    }),

    delete: unary(async (request) => {
      const state = fromStruct(request.getProperties());
      await operate(request.getUrn(), request.getTimeout(), (operation) =>
        find(request.getUrn()).delete(state, operation),
      );
      return new Empty();
    }),

    read: unary(async (request) => {
      const state = fromStruct(request.getProperties());
      const inputs = fromStruct(request.getInputs());
      const resource = find(request.getUrn());
      const found = resource.read ? await resource.read(request.getId(), state) : {};
      if (!found) return new rpc.ReadResponse();
      const drifted = Object.entries(found).filter(([name]) => name in inputs);
      return new rpc.ReadResponse()
        .setId(request.getId())
        .setProperties(toStruct({ ...state, ...found }))
        .setInputs(toStruct({ ...inputs, ...Object.fromEntries(drifted) }));
    }),
  };
  serve(ResourceProviderService, handlers as UntypedServiceImplementation, cancel);
}

function checkFailure({ property, reason }: Failure): rpc.CheckFailure {
  return new rpc.CheckFailure().setProperty(property).setReason(reason);
}

/** The outputs stay what they are, unless an input is unknown or differs from the one in the state. */
function previewUpdate(resource: Resource, inputs: Properties, state: Properties): Properties {
  const stale = Object.keys(resource.inputs).some(
    (name) => isUnknown(inputs[name]) || (name in state && !isDeepStrictEqual(state[name], inputs[name])),
  );
  return Object.fromEntries(
    resource.outputs.map((name) => [name, stale ? UNKNOWN : (state[name] ?? UNKNOWN)]),
  );
}
