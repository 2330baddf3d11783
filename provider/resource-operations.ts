import { UNKNOWN, type Value, type ValueMap } from "../wire/values";
import { type Bag, type OpenedBag, openBag, sealBag, secretTextsOf } from "./bag";
import { checkInputs } from "./check-inputs";
import { diffInputs, withoutIgnored } from "./diff-inputs";
import { errorText } from "./error-text";
import { initFailedError } from "./grpc-error";
import { type CheckFailure, InitFailed, type KindContext, type Naming, type PropertyChange } from "./kind";
import { isAllowed, isUnreachable } from "./operation";
import type { AnyKind } from "./provider-package";

/** Runs one step with a context; the server gives it (cancellation, time limit, status lines). */
export type Run = <T>(step: (context: KindContext) => Promise<T> | T) => Promise<T>;

/** Takes secrets out of a text. */
export type Redact = (text: string) => string;

/**
 * The operations of one kind in the wire's values. Everything that is the same for all kinds is here: secrets,
 * unknowns, schema, diff by policy, preview, partial failures.
 */
export class ResourceOperations {
  constructor(
    private readonly kind: AnyKind,
    private readonly redact: Redact,
    private readonly secretTexts: { add(text: string): unknown },
    private readonly elsewhere?: string,
  ) {}

  async check(news: ValueMap, naming: Naming): Promise<{ inputs: ValueMap; failures: CheckFailure[] }> {
    const opened = this.open(news);
    const unknown = new Set(Object.keys(opened.unknown));
    const checked = checkInputs(this.kind.inputs, opened.known, unknown, this.elsewhere);
    const failures = checked.failures;
    let inputs = checked.inputs;
    if (failures.length === 0 && this.kind.complete) {
      inputs = withoutFields({ ...inputs, ...(await this.kind.complete(inputs, naming)) }, unknown);
    }
    if (failures.length === 0) failures.push(...(this.kind.check?.(inputs, unknown) ?? []));
    return {
      inputs: { ...this.seal(inputs, opened.secretFields), ...opened.unknown },
      failures: failures.map(failure => ({ ...failure, reason: this.redact(failure.reason) })),
    };
  }

  diff(olds: ValueMap, oldInputs: ValueMap, news: ValueMap, ignored: readonly string[]): PropertyChange[] {
    const state = this.open(olds).known;
    const before = Object.keys(oldInputs).length > 0 ? this.open(oldInputs).known : state;
    const after = this.open(news);
    const unknown = new Set(Object.keys(after.unknown));
    const byField = diffInputs(this.kind.fields, before, { known: after.known, unknown });
    const more = this.kind.diff?.({ ...state, ...before }, after.known) ?? [];
    const shown = new Set(byField.map(change => change.path));
    return withoutIgnored([...byField, ...more.filter(change => !shown.has(change.path))], ignored);
  }

  /**
   * `run` is undefined while the provider's configuration is unknown.
   * Outputs of a create or update that has not happened: what is known, and unknown for the rest. Never changes a host.
   */
  async preview(run: Run | undefined, news: ValueMap, olds?: ValueMap): Promise<ValueMap> {
    const opened = this.open(news);
    const old = olds && this.open(olds).known;
    const predict = this.kind.predict?.bind(this.kind);
    const predicted = predict && run ? await run(context => predict(previewContext(context), opened.known, old)) : {};
    const outputs: Record<string, Value> = {};
    for (const name of Object.keys(this.kind.outputs)) outputs[name] = UNKNOWN;
    const sealed = this.seal({ ...opened.known, ...predicted }, opened.secretFields);
    return { ...outputs, ...sealed, ...opened.unknown };
  }

  async create(run: Run, news: ValueMap): Promise<{ id: string; outputs: ValueMap }> {
    const opened = this.openKnown(news);
    try {
      const created = await run(context => this.kind.create(context, opened.known));
      return { id: created.id, outputs: this.sealState(opened, created.state) };
    } catch (error) {
      throw this.partial(error, opened);
    }
  }

  async update(run: Run, id: string, olds: ValueMap, news: ValueMap): Promise<ValueMap> {
    const opened = this.openKnown(news);
    const old = this.open(olds).known;
    const update = this.kind.update?.bind(this.kind);
    if (!update) return this.sealState(opened, pick(old, Object.keys(this.kind.outputs)));
    try {
      return this.sealState(opened, await run(context => update(context, id, opened.known, old)));
    } catch (error) {
      throw this.partial(error, opened);
    }
  }

  /** Undefined: the resource is gone. */
  async read(
    run: Run,
    id: string,
    olds: ValueMap,
    oldInputs: ValueMap,
  ): Promise<{ inputs: ValueMap; outputs: ValueMap } | undefined> {
    const state = this.open(olds);
    const inputs = this.open(oldInputs);
    const secretFields = new Set([...state.secretFields, ...inputs.secretFields]);
    const isKnown = Object.keys(olds).length > 0;
    const old = isKnown ? { ...state.known, ...inputs.known } : undefined;
    try {
      const observed = await run(context => this.kind.read(previewContext(context), id, old));
      if (!observed) return undefined;
      const found = pick(observed.inputs, Object.keys(this.kind.fields));
      const outputs = { ...found, ...pick({ ...observed.state }, Object.keys(this.kind.outputs)) };
      return { inputs: this.seal(found, secretFields), outputs: this.seal(outputs, secretFields) };
    } catch (error) {
      if (!isKnown || !isUnreachable(error)) throw error;
      const reason = this.redact(`not refreshed, its last known state is kept: ${errorText(error)}`);
      throw initFailedError({ id, outputs: olds, reasons: [reason], inputNames: this.inputNames });
    }
  }

  /** A host that the operator has given up (`MUSTER_FORGET_HOSTS`) takes its resources with it if it cannot be reached. */
  async delete(run: Run, id: string, olds: ValueMap): Promise<void> {
    const old = this.open(olds).known;
    try {
      await run(context => this.kind.delete(context, id, old));
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      if (isAllowed("MUSTER_FORGET_HOSTS", error.host)) return;
      throw new Error(
        `${errorText(error)}\nIf the host is gone for good: MUSTER_FORGET_HOSTS=${error.host} drops what was on it from the state.`,
        { cause: error },
      );
    }
  }

  private partial(error: unknown, opened: OpenedBag): unknown {
    if (!(error instanceof InitFailed)) return error;
    return initFailedError({
      id: error.id,
      outputs: this.sealState(opened, error.state as Bag),
      reasons: error.reasons.map(this.redact),
      inputNames: this.inputNames,
    });
  }

  private get inputNames(): ReadonlySet<string> {
    return new Set(Object.keys(this.kind.fields));
  }

  private open(values: ValueMap): OpenedBag {
    const texts = new Set<string>();
    const opened = openBag(values, texts, name => this.publicParts(name));
    for (const [name, policy] of Object.entries(this.kind.fields)) {
      if (policy.secret) for (const text of secretTextsOf(opened.known[name], this.publicParts(name))) texts.add(text);
    }
    for (const text of texts) this.secretTexts.add(text);
    return opened;
  }

  private openKnown(values: ValueMap): OpenedBag {
    const opened = this.open(values);
    const unknown = Object.keys(opened.unknown);
    if (unknown.length > 0) throw new Error(`${unknown.join(", ")} is still unknown; nothing was done`);
    return opened;
  }

  private sealState(inputs: OpenedBag, outputs: Bag): ValueMap {
    return this.seal({ ...inputs.known, ...outputs }, inputs.secretFields);
  }

  private seal(plain: Bag, secretFields: ReadonlySet<string>): ValueMap {
    const sealed = new Set(secretFields);
    for (const [name, policy] of Object.entries(this.kind.fields)) if (policy.secret) sealed.add(name);
    for (const [name, policy] of Object.entries(this.kind.outputs)) {
      if (policy.secret || policy.secretWith?.some(input => secretFields.has(input))) sealed.add(name);
    }
    for (const name of sealed) {
      for (const text of secretTextsOf(plain[name], this.publicParts(name))) this.secretTexts.add(text);
    }
    return sealBag(plain, sealed);
  }

  private publicParts(field: string): readonly string[] {
    const policy = Object.hasOwn(this.kind.fields, field) ? this.kind.fields[field] : undefined;
    return policy?.publicParts ?? [];
  }
}

function withoutFields(bag: Bag, fields: ReadonlySet<string>): Bag {
  return Object.fromEntries(Object.entries(bag).filter(([key]) => !fields.has(key)));
}

function pick(bag: Bag, fields: readonly string[]): Bag {
  return Object.fromEntries(Object.entries(bag).filter(([key]) => fields.includes(key)));
}

/** Only what may ask: a preview that tried to change a host would not find the function. */
function previewContext(context: KindContext) {
  const { hosts, cluster, nodes, ownership, urn, status, signal } = context;
  const asking = askingOf.get(hosts) ?? { probe: (host: string) => hosts.probe(host) };
  askingOf.set(hosts, asking);
  const known = { ...(nodes ? { nodes } : {}), ...(ownership ? { ownership } : {}) };
  return { cluster, ...known, urn, status, signal, hosts: asking };
}

/** The same for all that asks the same hosts, so that it can go together. */
const askingOf = new WeakMap<KindContext["hosts"], Pick<KindContext["hosts"], "probe">>();
