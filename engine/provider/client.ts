import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { decode, encode, encodeValue } from "../../wire/struct";
import { revealSecrets, type ValueMap } from "../../wire/values";
import { type DetailedDiff, DIFF_KINDS, type Diff } from "../planner/diff";
import { nameOf, typeOf } from "../urn";
import { errorOfCall } from "./rpc-error";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  readonly inputs: ValueMap;
  readonly failures: readonly CheckFailure[];
}

export interface ReadResult {
  /** Empty: the resource is not there. */
  readonly id: string;
  /** Undefined: it told none. */
  readonly inputs: ValueMap | undefined;
  readonly outputs: ValueMap;
}

export interface Capabilities {
  readonly supportsPreview: boolean;
}

interface DiffArguments {
  readonly urn: string;
  readonly id: string;
  readonly oldInputs: ValueMap;
  readonly oldOutputs: ValueMap;
  readonly news: ValueMap;
  readonly ignoreChanges: readonly string[];
}

export interface UpdateArguments extends DiffArguments {
  readonly preview: boolean;
  readonly timeoutSeconds: number;
}

const OPTIONS = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
const BARE = { bareUnknownSecrets: true };
const HASHES = { ...BARE, withoutContents: true };

type Call<Request, Response> = (
  request: Request,
  done: (error: ServiceError | null, response: Response) => void,
) => unknown;

export function connectProvider(address: string): ResourceProviderClient {
  return new ResourceProviderClient(address, credentials.createInsecure(), OPTIONS);
}

/** One server of the provider protocol, with values in place of messages. Errors are ProviderError and InitFailedError. */
export class ProviderClient {
  constructor(
    readonly packageName: string,
    private readonly client: ResourceProviderClient,
  ) {}

  /** Tells a server that was running already where the engine listens. */
  async attach(engineAddress: string): Promise<void> {
    const request = new PluginAttach();
    request.setAddress(engineAddress);
    try {
      await this.call<PluginAttach, Empty>(this.client.attach, request);
    } catch (error) {
      if ((error as { code?: number }).code !== status.UNIMPLEMENTED) throw error;
    }
  }

  async version(): Promise<string> {
    const info = await this.call<Empty, { getVersion(): string }>(this.client.getPluginInfo, new Empty());
    return info.getVersion();
  }

  async checkConfig(urn: string, olds: ValueMap, news: ValueMap): Promise<Checked> {
    const request = new messages.CheckRequest();
    request.setUrn(urn).setOlds(encode(olds, BARE)).setNews(encode(news, BARE));
    try {
      return checked(await this.call<messages.CheckRequest, messages.CheckResponse>(this.client.checkConfig, request));
    } catch (error) {
      if ((error as { code?: number }).code !== status.UNIMPLEMENTED) throw error;
      return { inputs: news, failures: [] };
    }
  }

  async diffConfig(urn: string, oldInputs: ValueMap, oldOutputs: ValueMap, news: ValueMap): Promise<Diff> {
    const request = new messages.DiffRequest();
    request.setUrn(urn).setNews(encode(news, BARE));
    request.setOlds(encode(oldOutputs, BARE)).setOldInputs(encode(oldInputs, BARE));
    try {
      return diffOf(await this.call<messages.DiffRequest, messages.DiffResponse>(this.client.diffConfig, request));
    } catch (error) {
      if ((error as { code?: number }).code !== status.UNIMPLEMENTED) throw error;
      return { changes: "unknown", replaceKeys: [], diffKeys: [], detailed: {}, deleteBeforeReplace: false };
    }
  }

  async configure(urn: string, id: string, inputs: ValueMap): Promise<Capabilities> {
    const request = new messages.ConfigureRequest();
    request.setUrn(urn).setId(id).setName(nameOf(urn)).setType(typeOf(urn));
    request.setArgs(encode(inputs, BARE)).setAcceptsecrets(true).setAcceptresources(true);
    request.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    const variables = request.getVariablesMap();
    for (const [key, value] of Object.entries(inputs)) {
      if (key === "version") continue;
      const told = encodeValue(revealSecrets(value));
      variables.set(`${this.packageName}:config:${key}`, typeof told === "string" ? told : JSON.stringify(told));
    }
    const response = await this.call<messages.ConfigureRequest, messages.ConfigureResponse>(
      this.client.configure,
      request,
    );
    return { supportsPreview: response.getSupportspreview() };
  }

  async check(urn: string, olds: ValueMap, news: ValueMap, randomSeed: Uint8Array): Promise<Checked> {
    const request = new messages.CheckRequest();
    request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn)).setRandomseed(randomSeed);
    request.setOlds(encode(olds, BARE)).setNews(encode(news, BARE));
    return checked(await this.call<messages.CheckRequest, messages.CheckResponse>(this.client.check, request));
  }

  async diff(of: DiffArguments): Promise<Diff> {
    const request = new messages.DiffRequest();
    request.setUrn(of.urn).setId(of.id).setName(nameOf(of.urn)).setType(typeOf(of.urn));
    request.setOlds(encode(of.oldOutputs, HASHES)).setOldInputs(encode(of.oldInputs, HASHES));
    request.setNews(encode(of.news, HASHES)).setIgnorechangesList([...of.ignoreChanges]);
    return diffOf(await this.call<messages.DiffRequest, messages.DiffResponse>(this.client.diff, request));
  }

  async create(
    urn: string,
    inputs: ValueMap,
    preview: boolean,
    timeoutSeconds: number,
  ): Promise<{ id: string; outputs: ValueMap }> {
    const request = new messages.CreateRequest();
    request.setUrn(urn).setName(nameOf(urn)).setType(typeOf(urn)).setProperties(encode(inputs, BARE));
    request.setPreview(preview).setTimeout(timeoutSeconds);
    const response = await this.call<messages.CreateRequest, messages.CreateResponse>(this.client.create, request);
    return { id: response.getId(), outputs: decode(response.getProperties()) };
  }

  async read(
    urn: string,
    id: string,
    inputs: ValueMap,
    outputs: ValueMap,
    timeoutSeconds: number,
  ): Promise<ReadResult> {
    const request = new messages.ReadRequest();
    request.setUrn(urn).setId(id).setName(nameOf(urn)).setType(typeOf(urn));
    request.setTimeout(timeoutSeconds).setInputs(encode(inputs, HASHES)).setProperties(encode(outputs, HASHES));
    const response = await this.call<messages.ReadRequest, messages.ReadResponse>(this.client.read, request);
    const told = response.hasInputs() ? decode(response.getInputs()) : undefined;
    return { id: response.getId(), inputs: told, outputs: decode(response.getProperties()) };
  }

  async update(of: UpdateArguments): Promise<ValueMap> {
    const request = new messages.UpdateRequest();
    request.setUrn(of.urn).setId(of.id).setName(nameOf(of.urn)).setType(typeOf(of.urn));
    request.setOlds(encode(of.oldOutputs, HASHES)).setOldInputs(encode(of.oldInputs, HASHES));
    request.setNews(encode(of.news, BARE)).setIgnorechangesList([...of.ignoreChanges]);
    request.setPreview(of.preview).setTimeout(of.timeoutSeconds);
    const response = await this.call<messages.UpdateRequest, messages.UpdateResponse>(this.client.update, request);
    return decode(response.getProperties());
  }

  async delete(urn: string, id: string, inputs: ValueMap, outputs: ValueMap, timeoutSeconds: number): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setUrn(urn).setId(id).setName(nameOf(urn)).setType(typeOf(urn)).setTimeout(timeoutSeconds);
    request.setProperties(encode(outputs, HASHES)).setOldInputs(encode(inputs, HASHES));
    await this.call<messages.DeleteRequest, Empty>(this.client.delete, request);
  }

  async invoke(
    token: string,
    args: ValueMap,
    preview: boolean,
  ): Promise<{ result: ValueMap; failures: CheckFailure[] }> {
    const request = new messages.InvokeRequest();
    request.setTok(token).setArgs(encode(args, BARE)).setPreview(preview);
    const response = await this.call<messages.InvokeRequest, messages.InvokeResponse>(this.client.invoke, request);
    return { result: decode(response.getReturn()), failures: failuresOf(response.getFailuresList()) };
  }

  /** Asks the server to give up what it is doing. Never fails: the run is over. */
  async cancel(): Promise<void> {
    await this.call<Empty, Empty>(this.client.cancel, new Empty()).catch(() => {});
  }

  close(): void {
    this.client.close();
  }

  private call<Request, Response>(method: unknown, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      (method as Call<Request, Response>).call(this.client, request, (error, response) => {
        if (error) reject(errorOfCall(error, this.packageName));
        else resolve(response);
      });
    });
  }
}

function failuresOf(list: messages.CheckFailure[]): CheckFailure[] {
  return list.map(failure => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

function checked(response: messages.CheckResponse): Checked {
  return { inputs: decode(response.getInputs()), failures: failuresOf(response.getFailuresList()) };
}

const CHANGES = { 0: "unknown", 1: "none", 2: "some" } as const;

function diffOf(response: messages.DiffResponse): Diff {
  const detailed: Record<string, DetailedDiff> = {};
  for (const [path, property] of response.getDetaileddiffMap().entries() as Iterable<[string, messages.PropertyDiff]>) {
    detailed[path] = { diffKind: DIFF_KINDS[property.getKind()] ?? "update", inputDiff: property.getInputdiff() };
  }
  return {
    changes: CHANGES[response.getChanges() as 0 | 1 | 2] ?? "unknown",
    replaceKeys: response.getReplacesList(),
    diffKeys: response.getDiffsList(),
    detailed,
    deleteBeforeReplace: response.getDeletebeforereplace(),
  };
}
