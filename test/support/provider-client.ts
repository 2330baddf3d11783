import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { decode, encode } from "../../wire/struct";
import type { ValueMap } from "../../wire/values";

type Answer<Response> = (error: grpc.ServiceError | null, response: Response) => void;

/** A method of a generated client, with its overloads. */
interface Call<Request, Response> {
  (request: Request, answer: Answer<Response>): grpc.ClientUnaryCall;
  (request: Request, metadata: grpc.Metadata, answer: Answer<Response>): grpc.ClientUnaryCall;
  (
    request: Request,
    metadata: grpc.Metadata,
    options: Partial<grpc.CallOptions>,
    answer: Answer<Response>,
  ): grpc.ClientUnaryCall;
}

/** What an engine says to a provider, in the wire's values. */
export class ProviderClient {
  readonly raw: ResourceProviderClient;

  constructor(address: string) {
    this.raw = new ResourceProviderClient(address, grpc.credentials.createInsecure());
  }

  close(): void {
    this.raw.close();
  }

  configure(args: ValueMap): Promise<pb.ConfigureResponse> {
    return this.ask(this.raw.configure, new pb.ConfigureRequest().setArgs(encode(args)).setAcceptsecrets(true));
  }

  async check(type: string, news: ValueMap, olds: ValueMap = {}) {
    const request = new pb.CheckRequest().setUrn(urnOf(type)).setNews(encode(news)).setOlds(encode(olds));
    const response = await this.ask(this.raw.check, request.setType(type).setName("it"));
    return { inputs: decode(response.getInputs()), failures: response.getFailuresList().map(each => each.toObject()) };
  }

  async diff(type: string, olds: ValueMap, oldInputs: ValueMap, news: ValueMap, ignore: string[] = []) {
    const request = new pb.DiffRequest().setUrn(urnOf(type)).setId("id").setType(type).setName("it");
    request.setOlds(encode(olds)).setOldInputs(encode(oldInputs)).setNews(encode(news)).setIgnorechangesList(ignore);
    const response = await this.ask(this.raw.diff, request);
    const detailed: Record<string, number> = {};
    response.getDetaileddiffMap().forEach((change: pb.PropertyDiff, path: string) => {
      detailed[path] = change.getKind();
    });
    return { ...response.toObject(), detailed };
  }

  async create(type: string, properties: ValueMap, options: { preview?: boolean; timeout?: number } = {}) {
    const request = new pb.CreateRequest()
      .setUrn(urnOf(type))
      .setType(type)
      .setName("it")
      .setProperties(encode(properties));
    request.setPreview(options.preview === true).setTimeout(options.timeout ?? 0);
    const response = await this.ask(this.raw.create, request);
    return { id: response.getId(), outputs: decode(response.getProperties()) };
  }

  async update(type: string, id: string, olds: ValueMap, oldInputs: ValueMap, news: ValueMap, preview = false) {
    const request = new pb.UpdateRequest()
      .setUrn(urnOf(type))
      .setType(type)
      .setName("it")
      .setId(id)
      .setPreview(preview);
    request.setOlds(encode(olds)).setOldInputs(encode(oldInputs)).setNews(encode(news));
    return decode((await this.ask(this.raw.update, request)).getProperties());
  }

  async read(type: string, id: string, properties: ValueMap = {}, inputs: ValueMap = {}) {
    const request = new pb.ReadRequest().setUrn(urnOf(type)).setType(type).setName("it").setId(id);
    const response = await this.ask(this.raw.read, request.setProperties(encode(properties)).setInputs(encode(inputs)));
    return { id: response.getId(), inputs: decode(response.getInputs()), outputs: decode(response.getProperties()) };
  }

  async delete(type: string, id: string, properties: ValueMap, oldInputs: ValueMap): Promise<void> {
    const request = new pb.DeleteRequest().setUrn(urnOf(type)).setType(type).setName("it").setId(id);
    await this.ask(this.raw.delete, request.setProperties(encode(properties)).setOldInputs(encode(oldInputs)));
  }

  async cancel(): Promise<void> {
    await this.ask(this.raw.cancel, new Empty());
  }

  ask<Request, Response>(method: Call<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = method.bind(this.raw) as Call<Request, Response>;
      call(request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

export function urnOf(type: string): string {
  return `urn:pulumi:dev::test::${type}::it`;
}

/** The partial state inside an error, or undefined. */
export function initFailure(error: unknown) {
  const [details] = (error as grpc.ServiceError).metadata.get("grpc-status-details-bin");
  if (!(details instanceof Buffer)) return undefined;
  const any = Status.deserializeBinary(details).getDetailsList()[0];
  const failure = any?.unpack(pb.ErrorResourceInitFailed.deserializeBinary, "pulumirpc.ErrorResourceInitFailed");
  if (!failure) return undefined;
  return {
    id: failure.getId(),
    outputs: decode(failure.getProperties()),
    inputs: decode(failure.getInputs()),
    reasons: failure.getReasonsList(),
  };
}
