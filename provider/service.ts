import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { decode, encode } from "../wire/struct";
import type { ValueMap } from "../wire/values";
import { errorText } from "./error-text";
import { shorten, WireError } from "./grpc-error";
import type { CheckFailure, PropertyChange } from "./kind";
import type { ProviderInstance } from "./provider-instance";

/** The methods of Pulumi's ResourceProvider service (proto of SDK 3.248) for one provider. */
export function providerService(provider: ProviderInstance): grpc.UntypedServiceImplementation {
  const unary = unaryOf(provider);
  return {
    getPluginInfo: unary(() => new PluginInfo().setVersion(provider.definition.version)),
    handshake: unary((request: pb.ProviderHandshakeRequest) => {
      if (request.getEngineAddress() !== "") provider.log.attach(request.getEngineAddress());
      return new pb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true);
    }),
    attach: unary((request: { getAddress(): string }) => {
      provider.log.attach(request.getAddress());
      return new Empty();
    }),
    getSchema: unary(() => {
      const { name, schema } = provider.definition;
      return new pb.GetSchemaResponse().setSchema(schema?.() ?? refuse(provider, "schema", name));
    }),
    checkConfig: unary((request: pb.CheckRequest) =>
      checked(provider.checkConfig(decode(request.getOlds()), decode(request.getNews()))),
    ),
    diffConfig: unary((request: pb.DiffRequest) => {
      const olds = request.getOldInputs() ?? request.getOlds();
      return diffed(provider.diffConfig(decode(olds), decode(request.getNews())), false);
    }),
    configure: unary((request: pb.ConfigureRequest) => {
      provider.configure(decode(request.getArgs()), request.getUrn(), request.getId());
      return new pb.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true).setAcceptresources(true);
    }),
    check: unary(async (request: pb.CheckRequest) => {
      const [type, name] = typeAndName(request);
      const olds = decode(request.getOlds());
      const naming = Object.keys(olds).length > 0 ? { name, old: olds } : { name };
      return checked(await provider.operations(type).check(decode(request.getNews()), naming));
    }),
    diff: unary((request: pb.DiffRequest) => {
      const [type] = typeAndName(request);
      const olds = decode(request.getOlds());
      const oldInputs = decode(request.getOldInputs());
      const news = decode(request.getNews());
      const changes = provider.operations(type).diff(olds, oldInputs, news, request.getIgnorechangesList());
      return diffed(changes, provider.kind(type).deleteBeforeReplace === true);
    }),
    create: unary((request: pb.CreateRequest) => create(provider, request)),
    update: unary((request: pb.UpdateRequest) => update(provider, request)),
    read: unary((request: pb.ReadRequest) => read(provider, request)),
    delete: unary(async (request: pb.DeleteRequest) => {
      const [type] = typeAndName(request);
      const run = provider.runner({ urn: request.getUrn(), verb: "delete", timeoutSeconds: request.getTimeout() });
      const olds = withOldInputs(decode(request.getProperties()), decode(request.getOldInputs()));
      await provider.operations(type).delete(run, request.getId(), olds);
      return new Empty();
    }),
    cancel: unary(() => {
      provider.cancel();
      return new Empty();
    }),
    invoke: unary((request: pb.InvokeRequest) => refuse(provider, "function", request.getTok())),
    call: unary((request: pb.CallRequest) => refuse(provider, "method", request.getTok())),
    construct: unary((request: pb.ConstructRequest) => refuse(provider, "component", request.getType())),
    parameterize: unary(() => refuse(provider, "parameterized package", provider.definition.name)),
    list: (call: grpc.ServerWritableStream<unknown, unknown>) => {
      call.emit("error", {
        code: grpc.status.UNIMPLEMENTED,
        details: `package ${provider.definition.name} cannot list`,
      });
    },
    getMapping: unary(() => new pb.GetMappingResponse()),
    getMappings: unary(() => new pb.GetMappingsResponse()),
  };
}

async function create(provider: ProviderInstance, request: pb.CreateRequest): Promise<pb.CreateResponse> {
  const [type] = typeAndName(request);
  const operations = provider.operations(type);
  const news = decode(request.getProperties());
  const run = provider.runner({ urn: request.getUrn(), verb: "create", timeoutSeconds: request.getTimeout() });
  if (request.getPreview()) {
    const outputs = await operations.preview(provider.isConfigured ? run : undefined, news);
    return new pb.CreateResponse().setProperties(encode(outputs));
  }
  const created = await operations.create(run, news);
  return new pb.CreateResponse().setId(created.id).setProperties(encode(created.outputs));
}

async function update(provider: ProviderInstance, request: pb.UpdateRequest): Promise<pb.UpdateResponse> {
  const [type] = typeAndName(request);
  const operations = provider.operations(type);
  const news = decode(request.getNews());
  const olds = withOldInputs(decode(request.getOlds()), decode(request.getOldInputs()));
  const run = provider.runner({ urn: request.getUrn(), verb: "update", timeoutSeconds: request.getTimeout() });
  const outputs = request.getPreview()
    ? await operations.preview(provider.isConfigured ? run : undefined, news, olds)
    : await operations.update(run, request.getId(), olds, news);
  return new pb.UpdateResponse().setProperties(encode(outputs));
}

async function read(provider: ProviderInstance, request: pb.ReadRequest): Promise<pb.ReadResponse> {
  const [type] = typeAndName(request);
  const run = provider.runner({ urn: request.getUrn(), verb: "read", timeoutSeconds: request.getTimeout() });
  const olds = decode(request.getProperties());
  provider.reads.join();
  await provider.reads.over();
  const found = await provider.operations(type).read(run, request.getId(), olds, decode(request.getInputs()));
  if (!found) return new pb.ReadResponse();
  return new pb.ReadResponse()
    .setId(request.getId())
    .setInputs(encode(found.inputs))
    .setProperties(encode(found.outputs));
}

/** The state a kind gets contains its inputs; where the two differ, the inputs say what was declared. */
function withOldInputs(state: ValueMap, inputs: ValueMap): ValueMap {
  return { ...state, ...inputs };
}

function checked(result: { inputs: ValueMap; failures: readonly CheckFailure[] }): pb.CheckResponse {
  const failures = result.failures.map(each => new pb.CheckFailure().setProperty(each.property).setReason(each.reason));
  return new pb.CheckResponse().setInputs(encode(result.inputs)).setFailuresList(failures);
}

function diffed(changes: readonly PropertyChange[], deleteBeforeReplace: boolean): pb.DiffResponse {
  const { DIFF_SOME, DIFF_NONE } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse()
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setHasdetaileddiff(true);
  const top = (path: string): string => path.split(/[.[]/, 1)[0] ?? path;
  const replaces = changes.filter(change => change.replace);
  response.setDiffsList([...new Set(changes.map(change => top(change.path)))]);
  response.setReplacesList([...new Set(replaces.map(change => top(change.path)))]);
  response.setDeletebeforereplace(deleteBeforeReplace && replaces.length > 0);
  for (const change of changes) response.getDetaileddiffMap().set(change.path, propertyDiff(change));
  return response;
}

function propertyDiff(change: PropertyChange): pb.PropertyDiff {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = pb.PropertyDiff.Kind;
  const kinds = {
    add: [ADD, ADD_REPLACE],
    delete: [DELETE, DELETE_REPLACE],
    update: [UPDATE, UPDATE_REPLACE],
  } as const;
  return new pb.PropertyDiff()
    .setKind(kinds[change.mode][change.replace ? 1 : 0])
    .setInputdiff(change.inputDiff !== false);
}

/** Engines before 3.139 send no type and name; both are in the URN. */
function typeAndName(request: {
  getUrn(): string;
  getType(): string;
  getName(): string;
}): [type: string, name: string] {
  const [, , qualified = "", name = ""] = request.getUrn().split("::");
  return [request.getType() || (qualified.split("$").at(-1) ?? ""), request.getName() || name];
}

function refuse(provider: ProviderInstance, what: string, name: string): never {
  const { name: own, elsewhere } = provider.definition;
  const remedy = elsewhere === undefined ? "" : ` Remedy: ${elsewhere}`;
  throw new WireError(grpc.status.UNIMPLEMENTED, `package ${own} does not offer the ${what} "${name}" here.${remedy}`);
}

type Unary = <Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
) => grpc.handleUnaryCall<Request, Response>;

/** Answers a call; a failure becomes a gRPC status whose message is the operator's text, redacted. */
function unaryOf(provider: ProviderInstance): Unary {
  return handle => (call, callback) => {
    Promise.resolve()
      .then(() => handle(call.request))
      .then(
        response => callback(null, response),
        (error: unknown) => {
          if (error instanceof WireError) {
            callback({
              code: error.code,
              details: error.message,
              ...(error.metadata ? { metadata: error.metadata } : {}),
            });
          } else {
            callback({ code: grpc.status.UNKNOWN, details: shorten(provider.redact(errorText(error))) });
          }
        },
      );
  };
}
