import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Writable } from "node:stream";
import type { ServerWritableStream, UntypedServiceImplementation } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/language_pb";
import { version } from "@pulumi/pulumi/version";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { engineAddress, errorMessage, pluginInfo, serve, unary } from "../server";

/** The program's exit status when it has already told the user what is wrong (source: cmd/run/index.ts). */
const REPORTED = 32;

const children = new Set<ChildProcess>();

function start(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  return child.on("close", () => children.delete(child));
}

async function run(request: rpc.RunRequest): Promise<rpc.RunResponse> {
  const info = request.getInfo();
  const pwd = info?.getProgramDirectory() || request.getPwd();
  const options = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress(),
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    pwd,
    "root-directory": info?.getRootDirectory(),
    parallel: request.getParallel(),
  };
  const runner = createRequire(path.join(pwd, "index.js")).resolve("@pulumi/pulumi/cmd/run");
  const args = Object.entries(options).flatMap(([name, value]) =>
    value ? [`--${name}`, String(value)] : [],
  );
  if (request.getDryrun()) args.push("--dry-run");
  const config = Object.fromEntries(request.getConfigMap().entries() as Iterable<[string, string]>);
  const program = start(
    process.execPath,
    [runner, ...args, info?.getEntryPoint() || ".", ...request.getArgsList()],
    pwd,
    {
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      PULUMI_NODEJS_TYPESCRIPT: "true",
    },
  );
  program.stdout?.pipe(process.stdout, { end: false });
  program.stderr?.pipe(process.stderr, { end: false });
  const [status, signal] = (await once(program, "close")) as [number | null, string | null];
  const response = new rpc.RunResponse();
  if (status === REPORTED) return response.setBail(true);
  if (signal) return response.setError(`Program was killed by ${signal}`);
  return status === 0 ? response : response.setError(`Program exited with non-zero exit code: ${status}`);
}

/** Ends a stream with an error; one that is destroyed tells the engine nothing, which then waits for ever. */
function fail(call: Writable, message: string): void {
  call.emit("error", new Error(message));
}

type InstallStream = ServerWritableStream<rpc.InstallDependenciesRequest, rpc.InstallDependenciesResponse>;

function installDependencies(call: InstallStream): void {
  const folder = call.request.getDirectory();
  const verb = existsSync(path.join(folder, "package-lock.json")) ? "ci" : "install";
  const npm = start("npm", [verb], folder);
  npm.stdout?.on("data", (chunk: Buffer) =>
    call.write(new rpc.InstallDependenciesResponse().setStdout(chunk)),
  );
  npm.stderr?.on("data", (chunk: Buffer) =>
    call.write(new rpc.InstallDependenciesResponse().setStderr(chunk)),
  );
  once(npm, "close").then(
    ([status]) => (status === 0 ? call.end() : fail(call, `npm ${verb}: exit status ${status}`)),
    (error: unknown) => fail(call, `npm ${verb}: ${errorMessage(error)}`),
  );
}

type PluginStream = ServerWritableStream<rpc.RunPluginRequest, rpc.RunPluginResponse>;

/** Runs a package of components, which the SDK makes a provider of. */
function runPlugin(call: PluginStream): void {
  const { request } = call;
  const folder = request.getInfo()?.getProgramDirectory() || request.getProgram();
  const runner = createRequire(path.join(folder, "index.js")).resolve("@pulumi/pulumi/cmd/run-plugin");
  const variables = request.getEnvList().map((text) => text.split(/=(.*)/s).slice(0, 2) as [string, string]);
  const plugin = start(
    process.execPath,
    [runner, folder, ...request.getArgsList()],
    request.getPwd(),
    Object.fromEntries(variables),
  );
  plugin.stdout?.on("data", (chunk: Buffer) => call.write(new rpc.RunPluginResponse().setStdout(chunk)));
  plugin.stderr?.on("data", (chunk: Buffer) => call.write(new rpc.RunPluginResponse().setStderr(chunk)));
  call.on("cancelled", () => plugin.kill());
  once(plugin, "close").then(
    ([status]) => {
      call.write(new rpc.RunPluginResponse().setExitcode((status as number | null) ?? 1));
      call.end();
    },
    (error: unknown) => fail(call, errorMessage(error)),
  );
}

const cancel = () => children.forEach((child) => child.kill());

const handlers: Partial<ILanguageRuntimeServer> = {
  handshake: unary(() => new rpc.LanguageHandshakeResponse()),
  getPluginInfo: unary(() => pluginInfo(version)),
  about: unary(() => new rpc.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
  // None: the engine then looks for a provider's plugin when the first resource asks for it, and does not
  // download those of packages that are installed and not used.
  getRequiredPackages: unary(() => new rpc.GetRequiredPackagesResponse()),
  getRequiredPlugins: unary(() => new rpc.GetRequiredPluginsResponse()),
  getProgramDependencies: unary(() => new rpc.GetProgramDependenciesResponse()),
  runtimeOptionsPrompts: unary(() => new rpc.RuntimeOptionsResponse()),
  installDependencies,
  run: unary(run),
  runPlugin,
  cancel: unary(() => {
    cancel();
    return new Empty();
  }),
};
serve(LanguageRuntimeService, handlers as UntypedServiceImplementation, cancel);
