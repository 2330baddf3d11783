import type { Value, ValueMap } from "../wire/values";
import { parseProviderReference } from "./urn";

/** Seconds; absent: the provider's own default. */
export interface CustomTimeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
  readonly read?: number;
}

/** One resource as the state keeps it. Never changed in place: a step makes a new one. */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  /** Replaced, and still to be deleted. */
  readonly delete?: boolean;
  readonly id?: string;
  readonly inputs: ValueMap;
  readonly outputs: ValueMap;
  readonly parent?: string;
  readonly protect?: boolean;
  /** Read by `get`, not ours to delete. */
  readonly external?: boolean;
  readonly dependencies: readonly string[];
  readonly initErrors: readonly string[];
  /** `<urn>::<id>` of the provider. */
  readonly provider?: string;
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Deleted before its replacement, which was not created yet. */
  readonly pendingReplacement?: boolean;
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly string[];
  readonly customTimeouts?: CustomTimeouts;
  readonly importID?: string;
  readonly retainOnDelete?: boolean;
  readonly deletedWith?: string;
  /** Replaced whenever one of these is. */
  readonly replaceWith: readonly string[];
  /** RFC 3339. */
  readonly created?: string;
  readonly modified?: string;
  readonly ignoreChanges: readonly string[];
  /** Properties whose changes are not shown. */
  readonly hideDiff: readonly string[];
  readonly replaceOnChanges: readonly string[];
  /** Replaced whenever this changes. */
  readonly replacementTrigger?: Value;
  /** Fields of the state file that this engine has no use for, kept as they are. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface PendingOperation {
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
  readonly resource: ResourceState;
}

/** A stack's state at one moment. */
export interface Snapshot {
  readonly resources: readonly ResourceState[];
  readonly pendingOperations: readonly PendingOperation[];
}

export const EMPTY_SNAPSHOT: Snapshot = { resources: [], pendingOperations: [] };

/** A state with nothing but its identity. */
export function bareState(urn: string, type: string, custom: boolean): ResourceState {
  return {
    urn,
    type,
    custom,
    inputs: {},
    outputs: {},
    dependencies: [],
    initErrors: [],
    propertyDependencies: {},
    additionalSecretOutputs: [],
    aliases: [],
    replaceWith: [],
    ignoreChanges: [],
    hideDiff: [],
    replaceOnChanges: [],
    rest: {},
  };
}

/** Every URN that must exist as long as this resource does. */
export function requirementsOf(
  state: Pick<
    ResourceState,
    "dependencies" | "propertyDependencies" | "parent" | "provider" | "deletedWith" | "replaceWith"
  >,
): Set<string> {
  const urns = new Set([...state.dependencies, ...state.replaceWith]);
  for (const list of Object.values(state.propertyDependencies)) for (const urn of list) urns.add(urn);
  if (state.parent) urns.add(state.parent);
  if (state.provider) urns.add(parseProviderReference(state.provider).urn);
  if (state.deletedWith) urns.add(state.deletedWith);
  return urns;
}
