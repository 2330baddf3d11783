import { Metadata, status } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { initFailedError, WireError } from "../../../provider/grpc-error";
import { decode, encode } from "../../../wire/struct";
import { containsUnknown, equalValues, revealSecrets, UNKNOWN, type ValueMap } from "../../../wire/values";
import type { Fault } from "./case";

export interface Thing {
  readonly urn: string;
  readonly properties: ValueMap;
  /** Nobody has to know of it: it was there before, was given up, or may have been made twice. */
  readonly free?: boolean;
}

type Request = { getName(): string; getUrn(): string };

/** Whose name it is: `k3`, `k3b`, `k1-k3`. */
export function keyOf(name: string): number {
  return Number(/k(\d+)[bc]?$/.exec(name)?.[1] ?? -1);
}

/** What a *simulated* provider holds, and the provider itself, called without a socket. */
export class World {
  readonly things = new Map<string, Thing>();
  faults: readonly Fault[] = [];
  /** The engine was killed: nothing that it still does counts. */
  dead = false;
  /** In a preview every mutation is a violation. */
  frozen = false;
  /** Changed behind the engine's back, so that the state may be wrong about them. */
  readonly drifted = new Set<string>();
  /** By an earlier run. What was to be replaced then and never was may be deleted once more with what it depends on, as stock does it. */
  private readonly deletedBefore = new Set<string>();
  private readonly deletedNow = new Set<string>();
  readonly violations: string[] = [];
  /** Called after each mutation. */
  mutated: () => void = () => {};
  private made = 0;
  private call = 0;

  constructor(private readonly timing: number) {
    for (const n of [0, 1, 2, 7]) {
      this.things.set(`ext-${n}`, { urn: "", properties: { value: n, made: 0 }, free: true });
    }
  }

  /** Makes what a program imports. */
  seed(id: string, properties: ValueMap): void {
    if (!this.things.has(id)) this.things.set(id, { urn: "", properties: { ...properties, made: 0 }, free: true });
  }

  /** As a stub of the protocol's client. */
  stub(): ResourceProviderClient {
    const handlers: Record<string, (request: never) => Promise<unknown>> = {
      attach: async () => new Empty(),
      cancel: async () => new Empty(),
      getPluginInfo: async () => new PluginInfo().setVersion("1.0.0"),
      checkConfig: async (request: messages.CheckRequest) => new messages.CheckResponse().setInputs(request.getNews()),
      diffConfig: async (request: messages.DiffRequest) => this.diff(request),
      configure: async () =>
        new messages.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true),
      check: (request: messages.CheckRequest) => this.check(request),
      diff: async (request: messages.DiffRequest) => {
        this.fail("diff", request);
        return this.diff(request);
      },
      create: (request: messages.CreateRequest) => this.create(request),
      read: (request: messages.ReadRequest) => this.read(request),
      update: (request: messages.UpdateRequest) => this.update(request),
      delete: (request: messages.DeleteRequest) => this.delete(request),
    };
    const stub: Record<string, unknown> = { close: () => {} };
    for (const [name, handler] of Object.entries(handlers)) {
      stub[name] = (request: never, answer: (error: unknown, response?: unknown) => void) => {
        this.wait()
          .then(() => handler(request))
          .then(
            async response => {
              await this.wait();
              answer(null, response);
            },
            (error: Error) => answer(wireError(error)),
          );
      };
    }
    return stub as unknown as ResourceProviderClient;
  }

  /** So many turns of the event loop, that calls overtake each other in ways that the case decides. */
  private async wait(): Promise<void> {
    this.call += 1;
    const turns = ((this.timing + 1) * this.call * 7919) % 11;
    for (let turn = 0; turn < turns % 4; turn += 1) await new Promise(resolve => setImmediate(resolve));
  }

  private fault(method: Fault["method"], request: Request): Fault["how"] | undefined {
    const key = keyOf(request.getName());
    return this.faults.find(fault => fault.key === key && fault.method === method)?.how;
  }

  private fail(method: Fault["method"], request: Request): void {
    if (this.fault(method, request) === "fails") throw new Error(`fault: ${method} of ${request.getName()}`);
  }

  private mutate(what: string): void {
    if (this.frozen) this.violations.push(`${what} in a preview`);
    if (this.dead) throw new Error("the engine is dead");
  }

  private async check(request: messages.CheckRequest): Promise<messages.CheckResponse> {
    const news = decode(request.getNews());
    const how = this.fault("check", request);
    if (how === "fails") throw new Error(`fault: check of ${request.getName()}`);
    if (how === "partial") {
      const failure = new messages.CheckFailure().setProperty("value").setReason("fault");
      return new messages.CheckResponse().setInputs(encode(news)).setFailuresList([failure]);
    }
    const tag =
      decode(request.getOlds()).tag ?? `tag-${Buffer.from(request.getRandomseed_asU8()).toString("hex").slice(0, 6)}`;
    return new messages.CheckResponse().setInputs(encode({ ...news, tag }));
  }

  private diff(request: messages.DiffRequest): messages.DiffResponse {
    const olds = revealSecrets(decode(request.getOldInputs())) as ValueMap;
    const news = revealSecrets(decode(request.getNews())) as ValueMap;
    const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
      key => containsUnknown(news[key]) || !equalValues(olds[key], news[key]),
    );
    const response = new messages.DiffResponse()
      .setChanges(keys.length === 0 ? 1 : 2)
      .setDiffsList(keys)
      .setReplacesList(keys.filter(key => key === "sort" || key.startsWith("pin")))
      .setDeletebeforereplace(news.first === true);
    for (const key of keys) {
      const path = key === "nested" ? "nested.a" : key;
      response.getDetaileddiffMap().set(path, new messages.PropertyDiff().setKind(4).setInputdiff(true));
    }
    return response;
  }

  private async create(request: messages.CreateRequest): Promise<messages.CreateResponse> {
    const inputs = decode(request.getProperties());
    if (request.getPreview()) return new messages.CreateResponse().setProperties(encode({ ...inputs, made: UNKNOWN }));
    this.mutate(`create of ${request.getName()}`);
    this.fail("create", request);
    this.made += 1;
    const id = `${request.getName()}#${this.made}`;
    const outputs = { ...inputs, made: this.made };
    this.things.set(id, { urn: request.getUrn(), properties: outputs });
    this.mutated();
    if (this.fault("create", request) === "partial") throw notReady(id, outputs);
    return new messages.CreateResponse().setId(id).setProperties(encode(outputs));
  }

  private async read(request: messages.ReadRequest): Promise<messages.ReadResponse> {
    this.fail("read", request);
    const thing = this.things.get(request.getId());
    if (thing === undefined) return new messages.ReadResponse();
    const { made: _made, ...inputs } = thing.properties;
    if (this.fault("read", request) === "partial" && !thing.free) throw notReady(request.getId(), thing.properties);
    return new messages.ReadResponse()
      .setId(request.getId())
      .setProperties(encode(thing.properties))
      .setInputs(encode(inputs));
  }

  private async update(request: messages.UpdateRequest): Promise<messages.UpdateResponse> {
    const outputs = { ...decode(request.getNews()), made: decode(request.getOlds()).made ?? 0 };
    if (request.getPreview()) return new messages.UpdateResponse().setProperties(encode(outputs));
    this.mutate(`update of ${request.getName()}`);
    this.fail("update", request);
    const thing = this.things.get(request.getId());
    if (thing === undefined && !this.drifted.has(request.getId())) {
      this.violations.push(`update of ${request.getId()}, which is not there`);
    }
    if (thing === undefined) throw new Error(`${request.getId()} is not there`);
    this.things.set(request.getId(), { ...thing, properties: outputs });
    this.mutated();
    if (this.fault("update", request) === "partial") throw notReady(request.getId(), outputs);
    return new messages.UpdateResponse().setProperties(encode(outputs));
  }

  /** A run begins. */
  begin(): void {
    for (const id of this.deletedNow) this.deletedBefore.add(id);
    this.deletedNow.clear();
  }

  private async delete(request: messages.DeleteRequest): Promise<Empty> {
    this.mutate(`delete of ${request.getName()}`);
    const id = request.getId();
    if (id.startsWith("ext-")) this.violations.push(`delete of ${id}, which was only read`);
    const wasThere = this.things.has(id) || this.drifted.has(id) || this.deletedBefore.has(id);
    if (!wasThere) this.violations.push(`delete of ${id}, which is not there`);
    if (this.fault("delete", request) !== undefined) throw new Error(`fault: delete of ${request.getName()}`);
    this.things.delete(id);
    this.deletedNow.add(id);
    this.mutated();
    return new Empty();
  }
}

function notReady(id: string, outputs: ValueMap): Error {
  return initFailedError({ id, outputs, reasons: ["fault: not ready"], inputNames: new Set() });
}

function wireError(error: Error): object {
  return {
    code: status.UNKNOWN,
    details: error.message,
    message: error.message,
    metadata: (error instanceof WireError ? error.metadata : undefined) ?? new Metadata(),
  };
}
