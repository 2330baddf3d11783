import { randomBytes } from "node:crypto";
import { equalValues, mapValues, Secret, UNKNOWN_SENTINEL, type ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import { type Diff, inverted, NO_DIFF, settleUnknown } from "../planner/diff";
import { SEED_BYTES } from "../planner/goal";
import { reuseSecrets } from "../planner/reuse";
import type { Step } from "../planner/step";
import { type ProviderInstance, type ProviderRegistry, publicConfig } from "../provider/registry";
import { InitFailedError } from "../provider/rpc-error";
import { bareState, type ResourceState } from "../resource";
import { isProviderType } from "../urn";

/** How well the outcome is known, by number as in stock's events: 0 nothing happened, 1 partial, 2 unknown. */
export type FailureStatus = 0 | 1 | 2;

export interface Applied {
  /** The resource as it is now; undefined: gone. */
  readonly state?: ResourceState;
  readonly error?: Error;
  readonly status: FailureStatus;
  readonly warning?: string;
  /** Of a chain: the last step, with what became of the one before it. */
  readonly told?: Step;
  /** What a refresh came to. */
  readonly resultOp?: OpType;
  readonly diff?: Diff;
}

/** What a `get` or an import names is not there. */
class MissingError extends Error {
  constructor(id: string) {
    super(`resource '${id}' does not exist`);
    this.name = "MissingError";
  }
}

export interface ApplyContext {
  readonly preview: boolean;
  readonly providers: ProviderRegistry;
}

const ok = (state: ResourceState | undefined): Applied => ({ state, status: 0 });
const now = (): string => new Date().toISOString();

/** Carries out one step (in a preview: asks what it would come to). Provider failures are returned, not thrown. */
export async function applyStep(step: Step, context: ApplyContext): Promise<Applied> {
  const applied = await apply(step, context);
  return step.next === undefined
    ? applied
    : { ...applied, state: applied.state && withSecrets(applied.state, step.old) };
}

async function apply(step: Step, context: ApplyContext): Promise<Applied> {
  try {
    switch (step.op) {
      case "create":
      case "create-replacement":
        return await create(step, planned(step), context);
      case "update":
        return await update(step, planned(step), context);
      case "delete":
      case "delete-replaced":
      case "discard":
      case "discard-replaced":
      case "remove-pending-replace":
        return await remove(step, context);
      case "same":
        return await same(step, planned(step), context);
      case "read":
      case "read-replacement":
        return await read(step, planned(step), context);
      case "refresh":
        return await refresh(step, planned(step), context);
      case "import":
      case "import-replacement":
        return await adopt(step, planned(step), context);
      default:
        return ok(step.next);
    }
  } catch (error) {
    const untouched = step.op === "create" || step.op === "create-replacement" || error instanceof MissingError;
    const status = untouched ? 0 : 2;
    return { state: step.old, error: error instanceof Error ? error : new Error(String(error)), status };
  }
}

function planned(step: Step): ResourceState {
  if (step.next === undefined) throw new Error(`step ${step.op} of ${step.urn} has no planned state`);
  return step.next;
}

function providerOf(state: ResourceState, context: ApplyContext): Promise<ProviderInstance> {
  return context.providers.instance(state.provider ?? "");
}

async function create(step: Step, next: ResourceState, context: ApplyContext): Promise<Applied> {
  const made = { created: now(), modified: now() };
  if (!next.custom) return ok({ ...next, ...made });
  if (isProviderType(next.type)) {
    const id = context.providers.newId(context.preview);
    await context.providers.configure(next.urn, id, next.inputs);
    return ok({ ...next, ...made, id, outputs: publicConfig(next.inputs) });
  }
  const provider = await providerOf(next, context);
  if (context.preview && !provider.configured) return ok({ ...next, outputs: {} });
  if (context.preview && !provider.supportsPreview) return ok({ ...next, outputs: next.inputs });
  try {
    const timeoutSeconds = next.customTimeouts?.create ?? 0;
    const { id, outputs } = await provider.client.create(step.urn, next.inputs, context.preview, timeoutSeconds);
    if (id === "" && !context.preview) throw new Error("the provider gave no id to what it created");
    return ok({ ...next, ...made, id: id || undefined, outputs });
  } catch (error) {
    if (!(error instanceof InitFailedError)) throw error;
    const { outputs } = error;
    return { state: { ...next, ...made, id: error.id, outputs, initErrors: error.reasons }, error, status: 1 };
  }
}

async function update(step: Step, next: ResourceState, context: ApplyContext): Promise<Applied> {
  const old = step.old ?? next;
  if (!next.custom) return ok(next);
  if (isProviderType(next.type)) {
    await context.providers.configure(next.urn, old.id ?? "", next.inputs);
    return ok({ ...next, id: old.id, outputs: publicConfig(next.inputs), modified: now() });
  }
  const provider = await providerOf(next, context);
  if (context.preview && !provider.configured) return ok({ ...next, outputs: {} });
  if (context.preview && !provider.supportsPreview) return ok({ ...next, outputs: next.inputs });
  const kept = { id: old.id, created: old.created, modified: now() };
  try {
    const outputs = await provider.client.update({
      urn: step.urn,
      id: old.id ?? "",
      oldInputs: old.inputs,
      oldOutputs: old.outputs,
      news: next.inputs,
      ignoreChanges: next.ignoreChanges,
      preview: context.preview,
      timeoutSeconds: next.customTimeouts?.update ?? 0,
    });
    return ok({ ...next, ...kept, outputs });
  } catch (error) {
    if (!(error instanceof InitFailedError)) throw error;
    // The old inputs stay, so that the next run sees what is still to be done.
    const { outputs } = error;
    return { state: { ...next, ...kept, inputs: old.inputs, outputs, initErrors: error.reasons }, error, status: 1 };
  }
}

async function remove(step: Step, context: ApplyContext): Promise<Applied> {
  const old = step.old;
  if (old === undefined) return ok(undefined);
  if (!step.withoutProvider && !context.preview && !isProviderType(old.type)) {
    const provider = await providerOf(old, context);
    await provider.client.delete(step.urn, old.id ?? "", old.inputs, old.outputs, old.customTimeouts?.delete ?? 0);
  }
  return ok(step.keepAsPending ? { ...old, pendingReplacement: true } : undefined);
}

async function same(step: Step, next: ResourceState, context: ApplyContext): Promise<Applied> {
  const old = step.old;
  if (old === undefined) return ok(next);
  if (isProviderType(next.type) && !step.untargeted) await context.providers.keep(next.urn, old.id ?? "", next.inputs);
  return ok({
    ...next,
    id: old.id,
    outputs: old.outputs,
    initErrors: old.initErrors,
    created: old.created,
    modified: old.modified,
    external: old.external,
  });
}

async function read(step: Step, next: ResourceState, context: ApplyContext): Promise<Applied> {
  if (next.id === undefined || next.id === UNKNOWN_SENTINEL) return ok(next);
  const provider = await providerOf(next, context);
  if (!provider.configured) return ok({ ...next, outputs: {} });
  // What little is known goes out both as inputs and as state, as with stock.
  const found = await readBack(provider, { ...next, outputs: next.inputs }, next.id);
  if (found.id === "") throw new MissingError(next.id);
  const { outputs, initErrors, error } = found;
  const old = step.old;
  const changed = old !== undefined && !(equalValues(old.outputs, outputs) && equalValues(old.inputs, next.inputs));
  const times = { created: old?.created, modified: changed ? now() : old?.modified };
  const state = { ...next, ...times, id: found.id, outputs, initErrors };
  return error === undefined ? ok(state) : { state, error, status: 1 };
}

async function refresh(step: Step, old: ResourceState, context: ApplyContext): Promise<Applied> {
  if (!old.custom || isProviderType(old.type) || old.pendingReplacement) return { ...ok(old), resultOp: "same" };
  const provider = await providerOf(old, context);
  const found = await readBack(provider, { ...old, urn: step.urn }, old.id ?? "");
  if (found.id === "") return { state: undefined, status: 0, resultOp: "delete" };
  const { outputs } = found;
  const inputs = reuseSecrets(found.inputs ?? old.inputs, old.inputs);
  const state: ResourceState = { ...old, id: found.id, inputs, outputs, initErrors: found.initErrors };
  const changed = !equalValues(old.inputs, inputs) || !equalValues(old.outputs, outputs);
  // What was only read has no inputs to compare with. The rest is asked also where nothing changed, as stock does (corpus, scenario 16).
  const drift = old.external ? NO_DIFF : await driftOf(state, old, provider);
  const differs = old.external ? !equalValues(old.outputs, outputs) : drift.changes === "some";
  return {
    state: changed ? { ...state, modified: now() } : state,
    status: 0,
    resultOp: differs ? "update" : "same",
    ...(found.initErrors.length > 0 && { warning: unhealthy(found.initErrors) }),
    diff: drift,
  };
}

/** What became different on the provider's side: the way back to what is declared, inverted. */
async function driftOf(seen: ResourceState, declared: ResourceState, provider: ProviderInstance): Promise<Diff> {
  const { urn, id = "", inputs: oldInputs, outputs: oldOutputs } = seen;
  const { inputs: news, ignoreChanges } = declared;
  const back = await provider.client.diff({ urn, id, oldInputs, oldOutputs, news, ignoreChanges });
  return inverted(settleUnknown(back, oldInputs, news));
}

function unhealthy(reasons: readonly string[]): string {
  return `Refreshed resource is in an unhealthy state:\n${reasons.map(reason => `* ${reason}`).join("\n")}`;
}

async function adopt(step: Step, next: ResourceState, context: ApplyContext): Promise<Applied> {
  const provider = await providerOf(next, context);
  const id = next.importID ?? "";
  const nothing = { ...bareState(step.urn, step.type, true), customTimeouts: next.customTimeouts };
  const found = await readBack(provider, nothing, id);
  if (found.id === "") throw new MissingError(id);
  if (found.inputs === undefined) {
    throw new Error(`the provider can't import resources: it has read '${id}' and told no inputs`);
  }
  const { inputs, outputs, initErrors } = found;
  const made = { created: now(), modified: now() };
  const state = { ...next, ...made, id: found.id, inputs, outputs, initErrors };
  if (!step.unasked) return ok(state);
  // Nothing follows that would check it: what the provider does not like of its own object is said, and is no error.
  const { failures } = await provider.client.check(step.urn, inputs, inputs, randomBytes(SEED_BYTES));
  const warning = failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n");
  return { ...ok({ ...state, importID: undefined }), ...(warning !== "" && { warning }) };
}

interface ReadBack {
  /** Empty: it is not there. */
  readonly id: string;
  readonly inputs: ValueMap | undefined;
  readonly outputs: ValueMap;
  readonly initErrors: readonly string[];
  /** It is there, and not as it should be. */
  readonly error?: InitFailedError;
}

async function readBack(provider: ProviderInstance, known: ResourceState, id: string): Promise<ReadBack> {
  try {
    const timeoutSeconds = known.customTimeouts?.read ?? 0;
    const found = await provider.client.read(known.urn, id, known.inputs, known.outputs, timeoutSeconds);
    return { ...found, initErrors: [] };
  } catch (error) {
    if (!(error instanceof InitFailedError)) throw error;
    return { id: error.id, inputs: error.inputs, outputs: error.outputs, initErrors: error.reasons, error };
  }
}

/**
 * An output is secret that the option additionalSecretOutputs names, or whose input is one: a provider may have lost it on the way.
 * Secrets that did not change stay the same objects.
 */
function withSecrets(state: ResourceState, old: ResourceState | undefined): ResourceState {
  const { outputs, inputs, additionalSecretOutputs } = state;
  const leaks = (key: string): boolean => additionalSecretOutputs.includes(key) || inputs[key] instanceof Secret;
  const secret = mapValues(outputs, (value, key) =>
    leaks(key) && !(value instanceof Secret) ? new Secret(value) : value,
  );
  return { ...state, outputs: reuseSecrets(secret, old?.outputs) };
}
