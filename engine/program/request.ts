import type { ReadResourceRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { decode, decodeValue, type Json } from "../../wire/struct";
import { Asset, isList, isMap, Secret, type Value } from "../../wire/values";
import { type Goal, parseTimeout } from "../planner/goal";
import type { CustomTimeouts } from "../resource";

/** Something that this engine does not do, refused by name. */
export class UnsupportedError extends Error {
  constructor(what: string) {
    super(`the embedded engine does not support ${what}.\nUse --engine pulumi with the stock Pulumi CLI.`);
    this.name = "UnsupportedError";
  }
}

/** The SDK's own words for what `supportsFeature` denies; an update would not help here. */
const DENIED = /The Pulumi CLI does not support (.+?)\. Please update the Pulumi CLI\.?/g;

/** A message of the program, with the remedy that is one here. */
export function withRemedy(message: string): string {
  return message.replace(DENIED, (_, what: string) => new UnsupportedError(what).message);
}

/**
 * A RegisterResource request in values. `urn`, `aliases` and `provider` are the caller's; `of` is the parent, of which the
 * resource has the options that it does not give itself (pulumi/pulumi source_eval.go inheritFromParent, 3.260).
 * @throws UnsupportedError
 */
export function goalOf(
  request: RegisterResourceRequest,
  found: { urn: string; aliases: readonly string[]; provider: string | undefined },
  of: Goal | undefined,
): Goal {
  if (request.getRemote()) throw new UnsupportedError(`remote components (${request.getType()})`);
  if (request.getTransformsList().length > 0) throw new UnsupportedError(`transforms (of '${request.getName()}')`);
  const hooks: Record<string, unknown> = { ...request.getHooks()?.toObject() };
  if (Object.values(hooks).some(list => Array.isArray(list) && list.length > 0))
    throw new UnsupportedError(`resource hooks (of '${request.getName()}')`);
  if (request.getEnvvarmappingsMap().getLength() > 0) {
    throw new UnsupportedError(`the option envVarMappings (of '${request.getName()}')`);
  }
  if (request.getPackageref() !== "") throw new UnsupportedError(`parameterized packages (${request.getType()})`);
  const inputs = decode(request.getObject());
  refuseArchives(inputs, request.getName());
  const propertyDependencies: Record<string, readonly string[]> = {};
  for (const [key, list] of request.getPropertydependenciesMap().entries() as Iterable<
    [string, RegisterResourceRequest.PropertyDependencies]
  >) {
    propertyDependencies[key] = list.getUrnsList();
  }
  return {
    ...found,
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    inputs,
    parent: request.getParent() || undefined,
    protect: request.hasProtect() ? request.getProtect() : of?.protect,
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    hideDiff: request.getHidediffsList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    replacementTrigger: triggerOf(request),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    importId: request.getImportid() || undefined,
    customTimeouts: timeoutsOf(request),
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : of?.retainOnDelete,
    deletedWith: request.getDeletedwith() || of?.deletedWith,
    replaceWith: request.getReplaceWithList(),
  };
}

/** A ReadResource request: what `get` asks for. */
export function readGoalOf(request: ReadResourceRequest, urn: string, provider: string | undefined): Goal {
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    custom: true,
    inputs: decode(request.getProperties()),
    parent: request.getParent() || undefined,
    dependencies: request.getDependenciesList(),
    propertyDependencies: {},
    provider,
    replaceWith: [],
    ignoreChanges: [],
    hideDiff: [],
    replaceOnChanges: [],
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: [],
  };
}

/** Null is as good as none. */
function triggerOf(request: RegisterResourceRequest): Value | undefined {
  const json = request.getReplacementTrigger()?.toJavaScript();
  return json === undefined || json === null ? undefined : decodeValue(json as Json);
}

function timeoutsOf(request: RegisterResourceRequest): CustomTimeouts | undefined {
  const given = request.getCustomtimeouts();
  if (given === undefined) return undefined;
  const timeouts: Record<string, number> = {};
  const texts = {
    create: given.getCreate(),
    update: given.getUpdate(),
    delete: given.getDelete(),
    read: given.getRead(),
  };
  for (const [operation, text] of Object.entries(texts)) {
    const seconds = parseTimeout(text);
    if (seconds !== undefined) timeouts[operation] = seconds;
  }
  return Object.keys(timeouts).length === 0 ? undefined : timeouts;
}

function refuseArchives(value: Value, name: string): void {
  if (value instanceof Asset && value.kind === "archive") throw new UnsupportedError(`archives (in '${name}')`);
  if (value instanceof Secret) refuseArchives(value.element, name);
  else if (isList(value)) for (const item of value) refuseArchives(item, name);
  else if (isMap(value)) for (const item of Object.values(value)) refuseArchives(item, name);
}
