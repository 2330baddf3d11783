import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engineMessages from "@pulumi/pulumi/proto/engine_pb";
import { CheckFailure, InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { decode, encode } from "../wire/struct";
import { UNKNOWN_SENTINEL } from "../wire/values";
import { messageOf } from "./diagnosed-error";
import type { EventStream } from "./event-stream";
import type { DiagnosticEvent } from "./events";
import type { Goal } from "./planner/goal";
import type { AliasTable } from "./program/aliases";
import { withHashes } from "./program/assets";
import { type PluginChoice, withPluginChoice } from "./program/plugin-choice";
import { goalOf, readGoalOf, UnsupportedError, withRemedy } from "./program/request";
import type { RpcServer } from "./rpc-server";
import { unary } from "./rpc-server";
import type { Registered, Session } from "./session";
import { isProviderType, makeUrn, packageOf, parseProviderReference, providerType, typeOf } from "./urn";

/** What `supportsFeature` answers yes to. */
const FEATURES: ReadonlySet<string> = new Set([
  "secrets",
  "resourceReferences",
  "outputValues",
  "aliasSpecs",
  "deletedWith",
  "replaceWith",
  "replacementTrigger",
]);

const BUILT_IN = "pulumi";

export interface MonitorParts {
  readonly stack: string;
  readonly project: string;
  /** Folder of the program: relative paths of assets start here. */
  readonly programFolder: string;
  readonly aliases: AliasTable;
  /** Calls wait until the run is ready for them. */
  readonly session: Promise<Session>;
}

/** Serves ResourceMonitor: what a program says becomes calls of the session. */
export class Monitor {
  private readonly goals = new Map<string, Goal>();

  constructor(private readonly parts: MonitorParts) {}

  addTo(server: Pick<RpcServer, "serve">): void {
    const unsupported = (what: string) => unary(() => Promise.reject(new UnsupportedError(what)));
    const implementation: UntypedServiceImplementation = {
      supportsFeature: unary(async (request: messages.SupportsFeatureRequest) =>
        new messages.SupportsFeatureResponse().setHassupport(FEATURES.has(request.getId())),
      ),
      registerResource: unary((request: messages.RegisterResourceRequest) => this.register(request)),
      readResource: unary((request: messages.ReadResourceRequest) => this.read(request)),
      registerResourceOutputs: unary(async (request: messages.RegisterResourceOutputsRequest) => {
        const session = await this.parts.session;
        session.registerOutputs(request.getUrn(), withHashes(decode(request.getOutputs()), this.parts.programFolder));
        return new Empty();
      }),
      invoke: unary((request: messages.ResourceInvokeRequest) => this.invoke(request)),
      signalAndWaitForShutdown: unary(async () => new Empty()),
      getDeploymentInfo: unsupported("deployment info"),
      call: unsupported("methods of remote components"),
      registerStackTransform: unsupported("transforms"),
      registerStackInvokeTransform: unsupported("invoke transforms"),
      registerResourceHook: unsupported("resource hooks"),
      registerErrorHook: unsupported("error hooks"),
      registerPackage: unsupported("parameterized packages"),
    };
    server.serve(ResourceMonitorService as unknown as ServiceDefinition, implementation);
  }

  private async register(request: messages.RegisterResourceRequest): Promise<messages.RegisterResourceResponse> {
    const { stack, project, aliases } = this.parts;
    const session = await this.parts.session;
    const type = request.getType();
    const name = request.getName();
    const parent = request.getParent() || undefined;
    const urn = makeUrn(stack, project, parent, type, name);
    const found = aliases.resolve({ urn, type, name, parent }, request.getAliasurnsList(), request.getAliasesList());
    const above = this.goals.get(parent ?? "");
    const asks = request.getCustom() && !isProviderType(type);
    const provider = asks ? await this.providerFor(request, type, above) : undefined;
    const goal = goalOf(request, { urn, aliases: found, provider }, above);
    this.goals.set(urn, goal);
    const hashed = withHashes(goal.inputs, this.parts.programFolder);
    const inputs = isProviderType(type) ? withPluginChoice(hashed, choiceOf(request)) : hashed;
    const registered = await session.register({ ...goal, inputs });
    return registeredResponse(registered);
  }

  private async read(request: messages.ReadResourceRequest): Promise<messages.ReadResourceResponse> {
    const { stack, project } = this.parts;
    const session = await this.parts.session;
    const type = request.getType();
    const urn = makeUrn(stack, project, request.getParent() || undefined, type, request.getName());
    const provider = await this.providerFor(request, type);
    const registered = await session.read(readGoalOf(request, urn, provider), request.getId());
    const response = new messages.ReadResourceResponse().setUrn(urn);
    return registered.result === "success" ? response.setProperties(encode(registered.state.outputs)) : response;
  }

  private async invoke(request: messages.ResourceInvokeRequest): Promise<InvokeResponse> {
    const token = request.getTok();
    const provider = await this.providerFor(request, token);
    const session = await this.parts.session;
    const answer = await session.invoke(token, decode(request.getArgs()), provider).catch((error: unknown) => {
      throw new Error(`invocation of ${token} returned an error: ${messageOf(error)}`);
    });
    const failures = answer.failures.map(({ property, reason }) =>
      new CheckFailure().setProperty(property).setReason(reason),
    );
    return new InvokeResponse().setReturn(encode(answer.result)).setFailuresList(failures);
  }

  /** The provider that is asked for; else the parent's, if it serves the same package; else the package's default one. */
  private async providerFor(request: ProviderRequest, token: string, parent?: Goal): Promise<string> {
    if (packageOf(token) === BUILT_IN) throw new UnsupportedError(`'${token}'`);
    if (request.getProvider() !== "") return request.getProvider();
    const inherited = parent?.provider;
    if (inherited && typeOf(parseProviderReference(inherited).urn) === providerType(packageOf(token))) return inherited;
    return (await this.parts.session).defaultProvider(token, choiceOf(request));
  }
}

interface ProviderRequest {
  getProvider(): string;
  getVersion(): string;
  getPlugindownloadurl(): string;
}

function choiceOf(request: ProviderRequest): PluginChoice {
  return { version: request.getVersion(), downloadUrl: request.getPlugindownloadurl() };
}

function registeredResponse(registered: Registered): messages.RegisterResourceResponse {
  const response = new messages.RegisterResourceResponse();
  if (registered.result !== "success") {
    const result = registered.result === "failed" ? messages.Result.FAIL : messages.Result.SKIP;
    const outputs = registered.state?.outputs ?? {};
    return response
      .setUrn(registered.urn)
      .setId(registered.state?.id ?? "")
      .setObject(encode(outputs))
      .setResult(result);
  }
  const { state } = registered;
  const id = state.id === undefined || state.id === UNKNOWN_SENTINEL ? "" : state.id;
  return response.setUrn(state.urn).setId(id).setObject(encode(state.outputs)).setResult(messages.Result.SUCCESS);
}

const SEVERITIES: readonly DiagnosticEvent["severity"][] = ["debug", "info", "warning", "error"];

/** Serves Engine, for the program and the providers: log lines become diagnostics. */
export function serveEngine(server: Pick<RpcServer, "serve">, events: EventStream, onError: () => void): void {
  let root = "";
  const implementation: UntypedServiceImplementation = {
    log: unary(async (request: engineMessages.LogRequest) => {
      const severity = SEVERITIES[request.getSeverity()] ?? "info";
      if (severity === "error") onError();
      if (severity !== "debug") {
        events.diagnostic({
          severity,
          message: withRemedy(request.getMessage()),
          ...(request.getUrn() === "" ? {} : { urn: request.getUrn() }),
          ...(request.getStreamid() === 0 ? {} : { streamId: request.getStreamid() }),
          ...(request.getEphemeral() ? { ephemeral: true } : {}),
        });
      }
      return new Empty();
    }),
    getRootResource: unary(async () => new engineMessages.GetRootResourceResponse().setUrn(root)),
    setRootResource: unary(async (request: engineMessages.SetRootResourceRequest) => {
      root = request.getUrn();
      return new engineMessages.SetRootResourceResponse();
    }),
    startDebugging: unary(async () => new Empty()),
    requirePulumiVersion: unary(async () => new engineMessages.RequirePulumiVersionResponse()),
  };
  server.serve(EngineService as unknown as ServiceDefinition, implementation);
}
