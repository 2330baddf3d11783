import { define, equalValues, Secret, type Value, type ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import { type Diff, NO_DIFF } from "../planner/diff";
import { reuseSecrets } from "../planner/reuse";
import type { Step } from "../planner/step";
import type { ProviderInstance, ProviderRegistry } from "../provider/registry";
import { InitFailedError } from "../provider/rpc-error";
import type { ResourceState } from "../resource";
import { isProviderType } from "../urn";

/** How well the outcome is known, by number as in stock's events: 0 nothing happened, 1 partial, 2 unknown. */
export type FailureStatus = 0 | 1 | 2;

export interface Applied {
  /** The resource as it is now; undefined: gone. */
  readonly state?: ResourceState;
  readonly error?: Error;
  readonly status: FailureStatus;
  readonly warning?: string;
  /** What a refresh came to. */
  readonly resultOp?: OpType;
  readonly diff?: Diff;
}

export interface ApplyContext {
  readonly preview: boolean;
  readonly providers: ProviderRegistry;
}

const ok = (state: ResourceState | undefined): Applied => ({ state, status: 0 });
const now = (): string => new Date().toISOString();

/** Carries out one step (in a preview: asks what it would come to). Provider failures are returned, not thrown. */
export async function applyStep(step: Step, context: ApplyContext): Promise<Applied> {
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
    const status = step.op === "create" || step.op === "create-replacement" ? 0 : 2;
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
    return ok({ ...next, ...made, id, outputs: next.inputs });
  }
  const provider = await providerOf(next, context);
  if (context.preview && !(provider.configured && provider.supportsPreview)) {
    return ok({ ...next, outputs: next.inputs });
  }
  try {
    const timeoutSeconds = next.customTimeouts?.create ?? 0;
    const { id, outputs } = await provider.client.create(step.urn, next.inputs, context.preview, timeoutSeconds);
    if (id === "" && !context.preview) throw new Error("the provider gave no id to what it created");
    return ok({ ...next, ...made, id: id || undefined, outputs: withSecrets(outputs, next) });
  } catch (error) {
    if (!(error instanceof InitFailedError)) throw error;
    const outputs = withSecrets(error.outputs, next);
    return { state: { ...next, ...made, id: error.id, outputs, initErrors: error.reasons }, error, status: 1 };
  }
}

async function update(step: Step, next: ResourceState, context: ApplyContext): Promise<Applied> {
  const old = step.old ?? next;
  if (isProviderType(next.type)) {
    await context.providers.configure(next.urn, old.id ?? "", next.inputs);
    return ok({ ...next, id: old.id, outputs: next.inputs, modified: now() });
  }
  const provider = await providerOf(next, context);
  if (context.preview && !(provider.configured && provider.supportsPreview)) {
    return ok({ ...next, outputs: next.inputs });
  }
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
    return ok({ ...next, ...kept, outputs: withSecrets(outputs, next) });
  } catch (error) {
    if (!(error instanceof InitFailedError)) throw error;
    // The old inputs stay, so that the next run sees what is still to be done.
    const outputs = withSecrets(error.outputs, next);
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
  if (isProviderType(next.type)) await context.providers.keep(next.urn, old.id ?? "", next.inputs);
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
  if (next.id === undefined) return ok(next);
  const provider = await providerOf(next, context);
  if (!provider.configured) return ok({ ...next, outputs: {} });
  const found = await provider.client.read(step.urn, next.id, {}, {});
  if (found.id === "") throw new Error(`resource '${next.id}' does not exist`);
  const outputs = withSecrets(found.outputs, next);
  const old = step.old;
  const changed = old !== undefined && !equalValues(old.outputs, outputs);
  return ok({ ...next, id: found.id, outputs, inputs: {}, modified: changed ? now() : old?.modified });
}

async function refresh(step: Step, old: ResourceState, context: ApplyContext): Promise<Applied> {
  if (!old.custom || isProviderType(old.type)) return { ...ok(old), resultOp: "same" };
  const provider = await providerOf(old, context);
  let found: { id: string; inputs: ValueMap; outputs: ValueMap };
  let initErrors: readonly string[] = [];
  try {
    found = await provider.client.read(step.urn, old.id ?? "", old.inputs, old.outputs);
  } catch (error) {
    if (!(error instanceof InitFailedError)) throw error;
    found = { ...error, inputs: error.inputs ?? old.inputs };
    initErrors = error.reasons;
  }
  if (found.id === "") return { state: undefined, status: 0, resultOp: "delete" };
  const outputs = withSecrets(found.outputs, old);
  const changed = !equalValues(old.inputs, found.inputs) || !equalValues(old.outputs, outputs);
  const seen: ResourceState = { ...old, id: found.id, inputs: found.inputs, outputs };
  // What was only read has no inputs to compare with. The rest is asked also where nothing changed, as stock does (corpus, scenario 16).
  const drift = old.external ? NO_DIFF : await driftOf(seen, old, provider);
  const state: ResourceState = {
    ...old,
    id: found.id,
    inputs: reuseSecrets(found.inputs, old.inputs),
    outputs,
    initErrors,
    propertyDependencies: withoutEmpty(old.propertyDependencies),
    modified: changed ? now() : old.modified,
  };
  const warning = initErrors.length === 0 ? undefined : unhealthy(initErrors);
  return { state, status: 0, resultOp: changed ? "update" : "same", warning, diff: drift };
}

/** How the way back from what was seen to what is declared looks; only for the reader. */
function driftOf(seen: ResourceState, declared: ResourceState, provider: ProviderInstance): Promise<Diff> {
  const { urn, id = "", inputs: oldInputs, outputs: oldOutputs } = seen;
  const { inputs: news, ignoreChanges } = declared;
  return provider.client.diff({ urn, id, oldInputs, oldOutputs, news, ignoreChanges }).catch(() => NO_DIFF);
}

function unhealthy(reasons: readonly string[]): string {
  return `Refreshed resource is in an unhealthy state:\n${reasons.map(reason => `* ${reason}`).join("\n")}`;
}

/** Stock forgets property dependencies in a refresh if none of them depends on anything. */
function withoutEmpty(dependencies: ResourceState["propertyDependencies"]): ResourceState["propertyDependencies"] {
  return Object.values(dependencies).every(urns => urns.length === 0) ? {} : dependencies;
}

async function adopt(step: Step, next: ResourceState, context: ApplyContext): Promise<Applied> {
  const provider = await providerOf(next, context);
  const id = next.importID ?? "";
  const found = await provider.client.read(step.urn, id, {}, {});
  if (found.id === "") throw new Error(`resource '${id}' does not exist`);
  const made = { created: now(), modified: now() };
  return ok({ ...next, ...made, id: found.id, inputs: found.inputs, outputs: withSecrets(found.outputs, next) });
}

/** Option additionalSecretOutputs; secrets that did not change stay the same objects. */
function withSecrets(outputs: ValueMap, state: ResourceState): ValueMap {
  const result: Record<string, Value> = { ...outputs };
  for (const key of state.additionalSecretOutputs) {
    const value = result[key];
    if (value !== undefined && !(value instanceof Secret)) define(result, key, new Secret(value));
  }
  return reuseSecrets(result, state.outputs);
}
