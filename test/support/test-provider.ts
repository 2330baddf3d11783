import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { initFailedError, WireError } from "../../provider/grpc-error";
import { decode, encode } from "../../wire/struct";
import { equalValues, UNKNOWN, type ValueMap } from "../../wire/values";

/** A *simulated* provider of package `demo`: things are entries of a map. Serves on a socket, notes every call. */
export class TestProvider {
  readonly things = new Map<string, ValueMap>();
  readonly calls: string[] = [];
  /** Questions that change nothing: `read NAME`, `diff NAME`. */
  readonly asked: string[] = [];
  /** Called inside Create, Update and Delete of a thing; what it throws fails the call. */
  during: (method: string, name: string) => Promise<void> | void = () => {};
  /** Called when the engine gives the run up, or ends it. */
  onCancel: () => void = () => {};
  /** Check adds a name from its random seed, as providers with automatic names do. */
  namesThings = false;
  /** Things that get made, but not as declared: the reason, by name. */
  readonly halfMade = new Map<string, string>();
  private readonly folder = mkdtempSync(join(tmpdir(), "muster-test-"));
  private readonly server = new Server();
  private made = 0;

  get mutations(): string[] {
    return this.calls.filter(call => /^(create|update|delete) /.test(call));
  }

  /** @returns the address */
  async listen(): Promise<string> {
    const unimplemented = (_call: unknown, answer: sendUnaryData<unknown>): void =>
      answer({ code: status.UNIMPLEMENTED });
    const methods = Object.fromEntries(Object.keys(ResourceProviderService).map(name => [name, unimplemented]));
    const address = `unix:${join(this.folder, "p.sock")}`;
    this.server.addService(ResourceProviderService as never, { ...methods, ...this.handlers() } as never);
    await new Promise<void>((resolve, reject) =>
      this.server.bindAsync(address, ServerCredentials.createInsecure(), error => (error ? reject(error) : resolve())),
    );
    return address;
  }

  close(): void {
    this.server.forceShutdown();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private handlers(): Record<string, unknown> {
    return {
      getPluginInfo: answered(async () => new PluginInfo().setVersion("1.0.0")),
      checkConfig: answered(async (request: messages.CheckRequest) =>
        new messages.CheckResponse().setInputs(request.getNews()),
      ),
      diffConfig: answered(async () => new messages.DiffResponse().setChanges(1)),
      configure: answered(async () =>
        new messages.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true),
      ),
      cancel: answered(async () => {
        this.onCancel();
        return new Empty();
      }),
      check: answered(async (request: messages.CheckRequest) => {
        const inputs = decode(request.getNews());
        const made = Buffer.from(request.getRandomseed_asU8()).toString("hex").slice(0, 8);
        const name = decode(request.getOlds()).name ?? `${request.getName()}-${made}`;
        return new messages.CheckResponse().setInputs(encode(this.namesThings ? { ...inputs, name } : inputs));
      }),
      diff: answered(async (request: messages.DiffRequest) => {
        this.asked.push(`diff ${request.getName()}`);
        return diff(request);
      }),
      create: answered((request: messages.CreateRequest) => this.create(request)),
      read: answered((request: messages.ReadRequest) => this.read(request)),
      update: answered((request: messages.UpdateRequest) => this.update(request)),
      delete: answered((request: messages.DeleteRequest) => this.delete(request)),
    };
  }

  private async create(request: messages.CreateRequest): Promise<messages.CreateResponse> {
    const inputs = decode(request.getProperties());
    if (request.getPreview()) return new messages.CreateResponse().setProperties(encode({ ...inputs, made: UNKNOWN }));
    await this.note("create", request.getName());
    this.made += 1;
    const id = `${request.getName()}-${this.made}`;
    const outputs = { ...inputs, made: this.made };
    this.things.set(id, outputs);
    const reason = this.halfMade.get(request.getName());
    if (reason !== undefined) throw initFailedError({ id, outputs, reasons: [reason], inputNames: new Set() });
    return new messages.CreateResponse().setId(id).setProperties(encode(outputs));
  }

  private async read(request: messages.ReadRequest): Promise<messages.ReadResponse> {
    this.asked.push(`read ${request.getName()}`);
    const thing = this.things.get(request.getId());
    if (thing === undefined) return new messages.ReadResponse();
    const { made: _made, ...inputs } = thing;
    return new messages.ReadResponse().setId(request.getId()).setProperties(encode(thing)).setInputs(encode(inputs));
  }

  private async update(request: messages.UpdateRequest): Promise<messages.UpdateResponse> {
    const outputs = { ...decode(request.getNews()), made: decode(request.getOlds()).made ?? 0 };
    if (!request.getPreview()) {
      await this.note("update", request.getName());
      this.things.set(request.getId(), outputs);
    }
    return new messages.UpdateResponse().setProperties(encode(outputs));
  }

  private async delete(request: messages.DeleteRequest): Promise<Empty> {
    await this.note("delete", request.getName());
    this.things.delete(request.getId());
    return new Empty();
  }

  private async note(method: string, name: string): Promise<void> {
    this.calls.push(`${method} ${name}`);
    await this.during(method, name);
  }
}

function diff(request: messages.DiffRequest): messages.DiffResponse {
  const [olds, news] = [decode(request.getOldInputs()), decode(request.getNews())];
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    key => !equalValues(olds[key], news[key]),
  );
  return new messages.DiffResponse()
    .setChanges(keys.length === 0 ? 1 : 2)
    .setDiffsList(keys)
    .setReplacesList(keys.filter(key => key === "kind"));
}

function answered<Request, Response>(handler: (request: Request) => Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): void => {
    handler(call.request).then(
      response => answer(null, response),
      (error: Error) =>
        answer({
          code: status.UNKNOWN,
          details: error.message,
          metadata: (error instanceof WireError ? error.metadata : undefined) ?? new Metadata(),
        }),
    );
  };
}
