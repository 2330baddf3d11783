import type { Json, JsonMap } from "../../wire/struct";
import type { ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import type { Goal } from "../planner/goal";
import type { CustomTimeouts } from "../resource";
import type { Cipher } from "../secrets/passphrase";
import { deploymentHead, deserializeValue, encryptedForm, type SecretForm, serializeValue } from "../state/deployment";
import type { DeploymentPlan, PlannedGoal, PropertyChanges, ResourcePlan } from "./deployment-plan";

/**
 * A plan as JSON, in the shape of stock's plan files (pulumi/pulumi sdk/go/common/apitype/plan.go, DeploymentPlanV1, 3.260);
 * `replaceOnChanges`, `retainOnDelete`, `deletedWith` and `replaceWith` of a goal are ours. Secrets are encrypted with the stack's key.
 */
export function planToJson(plan: DeploymentPlan, cipher: Cipher, now: Date): JsonMap {
  const form = encryptedForm(cipher, new WeakMap());
  const resources = [...plan.resources].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    manifest: deploymentHead(cipher.salt, now).manifest ?? null,
    ...(Object.keys(plan.config).length > 0 && { config: plan.config as JsonMap }),
    resourcePlans: Object.fromEntries(resources.map(([urn, resource]) => [urn, resourceToJson(resource, form)])),
  };
}

function resourceToJson({ goal, steps, outputs, seed }: ResourcePlan, form: SecretForm): JsonMap {
  return {
    ...(goal && { goal: goalToJson(goal, form) }),
    ...(steps.length > 0 && { steps: [...steps] }),
    state: outputs === undefined ? null : serializeValue(outputs, form),
    ...(seed && { seed: Buffer.from(seed).toString("base64") }),
  };
}

function goalToJson({ options, inputs, outputs }: PlannedGoal, form: SecretForm): JsonMap {
  const { importId, propertyDependencies, customTimeouts, ...rest } = options;
  const dependencies = Object.entries(propertyDependencies).map(([key, urns]): [string, Json] => [key, [...urns]]);
  const goal: Record<string, unknown> = {
    type: rest.type,
    name: rest.name,
    custom: rest.custom,
    inputDiff: changesToJson(inputs, form),
    outputDiff: changesToJson(outputs, form),
    parent: rest.parent,
    protect: rest.protect === true,
    dependencies: rest.dependencies,
    provider: rest.provider,
    propertyDependencies: Object.fromEntries(dependencies),
    deleteBeforeReplace: rest.deleteBeforeReplace,
    ignoreChanges: rest.ignoreChanges,
    replaceOnChanges: rest.replaceOnChanges,
    additionalSecretOutputs: rest.additionalSecretOutputs,
    aliases: rest.aliases,
    id: importId,
    customTimeouts: customTimeouts ?? {},
    retainOnDelete: rest.retainOnDelete,
    deletedWith: rest.deletedWith,
    replaceWith: rest.replaceWith,
  };
  const told = Object.entries(goal).filter(([, value]) => value !== undefined && !isEmptyList(value));
  return Object.fromEntries(told) as JsonMap;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function changesToJson({ adds, updates, deletes }: PropertyChanges, form: SecretForm): JsonMap {
  return {
    ...(Object.keys(adds).length > 0 && { adds: serializeValue(adds, form) }),
    ...(deletes.length > 0 && { deletes: [...deletes] }),
    ...(Object.keys(updates).length > 0 && { updates: serializeValue(updates, form) }),
  };
}

/** The inverse. @throws Error if it is no plan, or a secret does not open */
export function planFromJson(json: Json, cipher: Cipher): DeploymentPlan {
  if (!isObject(json) || !isObject(json.manifest) || !isObject(json.resourcePlans ?? {})) {
    throw new Error('not a plan: expected an object with "manifest" and "resourcePlans"');
  }
  const values = (from: Json | undefined): ValueMap =>
    isObject(from) ? (deserializeValue(from, cipher, new WeakMap()) as ValueMap) : {};
  const resources = Object.entries((json.resourcePlans ?? {}) as JsonMap).map(([urn, plan]): [string, ResourcePlan] => {
    if (!isObject(plan)) throw new Error(`not a plan of a resource: ${urn}`);
    const { goal, steps, state, seed } = plan;
    return [
      urn,
      {
        ...(isObject(goal) && { goal: goalFromJson(urn, goal, values) }),
        steps: texts(steps) as OpType[],
        ...(isObject(state) && { outputs: values(state) }),
        ...(typeof seed === "string" && { seed: Buffer.from(seed, "base64") }),
      },
    ];
  });
  return { config: isObject(json.config) ? json.config : {}, resources: new Map(resources) };
}

function goalFromJson(urn: string, json: JsonMap, values: (from: Json | undefined) => ValueMap): PlannedGoal {
  const text = (key: string): string | undefined =>
    typeof json[key] === "string" && json[key] ? json[key] : undefined;
  const flag = (key: string): boolean | undefined => (typeof json[key] === "boolean" ? json[key] : undefined);
  const changes = (from: Json | undefined): PropertyChanges => {
    const { adds, updates, deletes } = isObject(from) ? from : {};
    return { adds: values(adds), updates: values(updates), deletes: texts(deletes) };
  };
  const dependencies = Object.entries(isObject(json.propertyDependencies) ? json.propertyDependencies : {});
  const options: Omit<Goal, "inputs"> = {
    urn,
    type: text("type") ?? "",
    name: text("name") ?? "",
    custom: json.custom === true,
    parent: text("parent"),
    protect: flag("protect"),
    dependencies: texts(json.dependencies),
    propertyDependencies: Object.fromEntries(dependencies.map(([key, urns]) => [key, texts(urns)])),
    provider: text("provider"),
    deleteBeforeReplace: flag("deleteBeforeReplace"),
    ignoreChanges: texts(json.ignoreChanges),
    replaceOnChanges: texts(json.replaceOnChanges),
    additionalSecretOutputs: texts(json.additionalSecretOutputs),
    aliases: texts(json.aliases),
    importId: text("id"),
    customTimeouts: isObject(json.customTimeouts) ? (json.customTimeouts as CustomTimeouts) : undefined,
    retainOnDelete: flag("retainOnDelete"),
    deletedWith: text("deletedWith"),
    replaceWith: texts(json.replaceWith),
    hideDiff: [],
  };
  return { options, inputs: changes(json.inputDiff), outputs: changes(json.outputDiff) };
}

function isObject(json: Json | undefined): json is JsonMap {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function texts(json: Json | undefined): string[] {
  return Array.isArray(json) ? json.map(String) : [];
}
