import { randomUUID } from "node:crypto";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  containsSecret,
  containsUnknown,
  define,
  equalValues,
  isList,
  isMap,
  mapValues,
  revealSecrets,
  Secret,
  UNKNOWN_SENTINEL,
  type Value,
  type ValueMap,
} from "../../wire/values";
import type { Diff } from "../planner/diff";
import type { ResourceState } from "../resource";
import type { PluginHost } from "../run";
import { packageOfProvider, parseProviderReference, typeOf } from "../urn";
import { type Checked, connectProvider, ProviderClient } from "./client";

/** A configured provider. */
export interface ProviderInstance {
  readonly client: ProviderClient;
  /** False in a preview whose configuration depends on something that does not exist yet: it can't be asked anything. */
  readonly configured: boolean;
  readonly supportsPreview: boolean;
}

/** What of a provider's inputs is the engine's, whatever a provider makes of it; the first it never sees. */
const INTERNAL_KEY = "__internal";
const ENGINE_KEYS = [INTERNAL_KEY, "version"];

/** The providers of one run, by `<urn>::<id>`. */
export class ProviderRegistry {
  private readonly loaded = new Map<string, ProviderClient>();
  private readonly instances = new Map<string, Promise<ProviderInstance>>();
  private readonly clients = new Set<ProviderClient>();

  constructor(
    private readonly plugins: PluginHost,
    private readonly engineAddress: string,
    /** Finds a provider that the state knows and this run has not registered. */
    private readonly stateOf: (urn: string, id: string) => ResourceState | undefined,
    private readonly connect: (address: string) => ResourceProviderClient = connectProvider,
  ) {}

  /** A new server connection for a provider resource. */
  async load(urn: string, inputs: ValueMap): Promise<ProviderClient> {
    const packageName = packageOfProvider(typeOf(urn));
    const version = typeof inputs.version === "string" ? inputs.version : undefined;
    const address = await this.plugins.address(packageName, version, this.engineAddress);
    const client = new ProviderClient(packageName, this.connect(address));
    this.clients.add(client);
    await client.attach(this.engineAddress);
    await client.version();
    return client;
  }

  async check(urn: string, olds: ValueMap, news: ValueMap): Promise<Checked> {
    const client = await this.load(urn, news);
    this.loaded.set(urn, client);
    const { inputs, failures } = await client.checkConfig(urn, plain(olds), plain(news));
    const result: Record<string, Value> = { ...keepSecrets(inputs, news) };
    for (const key of ENGINE_KEYS) if (news[key] !== undefined) define(result, key, news[key]);
    return { inputs: result, failures };
  }

  async diff(urn: string, old: ResourceState, news: ValueMap): Promise<Diff> {
    // What is asked about without having been checked, as it depends on something that is replaced, is asked as it was.
    const client = this.loaded.get(urn) ?? (await this.instance(`${urn}::${old.id}`)).client;
    const diff = await client.diffConfig(urn, plain(old.inputs), plain(old.outputs), plain(news));
    if (diff.changes !== "unknown") return diff;
    return { ...diff, changes: equalValues(old.outputs, publicConfig(news)) ? "none" : "some" };
  }

  /** Whether resources can move from another provider to this one. */
  async compare(reference: string, other: ResourceState, news: ValueMap): Promise<Diff> {
    const { client } = await this.instance(reference);
    const { urn } = parseProviderReference(reference);
    return client.diffConfig(urn, plain(other.inputs), plain(other.outputs), plain(news));
  }

  /** Makes the provider ready for use under its id. */
  configure(urn: string, id: string, inputs: ValueMap): Promise<ProviderInstance> {
    const reference = `${urn}::${id}`;
    const client = this.loaded.get(urn);
    const known = this.instances.get(reference);
    if (known !== undefined && client === undefined) return known;
    this.loaded.delete(urn);
    return this.start(urn, id, inputs, client);
  }

  /** A provider that did not change goes on with the server that it has, if it has one. */
  keep(urn: string, id: string, inputs: ValueMap): Promise<ProviderInstance> {
    const known = this.instances.get(`${urn}::${id}`);
    if (known === undefined) return this.configure(urn, id, inputs);
    this.loaded.delete(urn);
    return known;
  }

  private start(urn: string, id: string, inputs: ValueMap, loaded?: ProviderClient): Promise<ProviderInstance> {
    const starting = async (): Promise<ProviderInstance> => {
      const client = loaded ?? (await this.load(urn, inputs));
      const config = publicConfig(inputs);
      if (containsUnknown(config)) return { client, configured: false, supportsPreview: false };
      const { supportsPreview } = await client.configure(urn, id, config);
      return { client, configured: true, supportsPreview };
    };
    const instance = starting();
    this.instances.set(`${urn}::${id}`, instance);
    return instance;
  }

  /** A provider, of one resource if that is named. @throws Error if neither the run nor the state has it */
  async instance(reference: string, user?: string): Promise<ProviderInstance> {
    const known = this.instances.get(reference);
    if (known !== undefined) return known;
    const { urn, id } = parseProviderReference(reference);
    const state = this.stateOf(urn, id);
    if (state === undefined) throw new Error(`unknown provider '${reference}'${user ? ` for resource '${user}'` : ""}`);
    // It may have got a new name in this run.
    return this.instances.get(`${state.urn}::${id}`) ?? this.start(state.urn, id, state.inputs);
  }

  newId(preview: boolean): string {
    return preview ? UNKNOWN_SENTINEL : randomUUID();
  }

  /** Tells every server that the run is over or given up. */
  async cancel(): Promise<void> {
    await Promise.all([...this.clients].map(client => client.cancel()));
  }

  async close(): Promise<void> {
    await this.cancel();
    for (const client of this.clients) client.close();
  }
}

/** What a provider is asked about its own configuration in: stock sends no wrapped secrets there. */
function plain(values: ValueMap): ValueMap {
  return revealSecrets(publicConfig(values)) as ValueMap;
}

/** Also the outputs of a provider. */
export function publicConfig(inputs: ValueMap): ValueMap {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== INTERNAL_KEY));
}

/** What went in as a secret comes out as one, although CheckConfig is asked in plain. */
function keepSecrets(outs: ValueMap, ins: ValueMap): ValueMap {
  return mapValues(outs, (out, key) => keepSecret(out, ins[key]));
}

/** Of a list its members, so that a plan can show what in it changes. */
function keepSecret(out: Value, was: Value | undefined): Value {
  if (isMap(out) && isMap(was)) return keepSecrets(out, was);
  if (isList(out) && isList(was)) return out.map((item, index) => keepSecret(item, was[index]));
  return containsSecret(was) && !(out instanceof Secret) ? new Secret(out) : out;
}
