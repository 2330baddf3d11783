import type { ValueMap } from "../wire/values";
import { parseProviderReference } from "./urn";

/** Seconds; absent: the provider's own default. */
export interface CustomTimeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
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
  /** RFC 3339. */
  readonly created?: string;
  readonly modified?: string;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
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
    ignoreChanges: [],
    replaceOnChanges: [],
    rest: {},
  };
}

/** Every URN that must exist as long as this resource does. */
export function requirementsOf(
  state: Partial<Pick<ResourceState, "dependencies" | "propertyDependencies" | "parent" | "provider" | "deletedWith">>,
): Set<string> {
  const urns = new Set(state.dependencies);
  for (const list of Object.values(state.propertyDependencies ?? {})) for (const urn of list) urns.add(urn);
  if (state.parent) urns.add(state.parent);
  if (state.provider) urns.add(parseProviderReference(state.provider).urn);
  if (state.deletedWith) urns.add(state.deletedWith);
  return urns;
}

/**
 * What properties depend on, by other names; undefined: it is gone. As stock writes it, properties that depend on nothing are left
 * out once anything had to be changed.
 */
export function mendedProperties(
  dependencies: ResourceState["propertyDependencies"],
  name: (urn: string) => string | undefined,
): ResourceState["propertyDependencies"] {
  if (!Object.values(dependencies).some(urns => urns.some(urn => name(urn) !== urn))) return dependencies;
  return withoutEmpty(dependencies, name);
}

export function withoutEmpty(
  dependencies: ResourceState["propertyDependencies"],
  name: (urn: string) => string | undefined,
): ResourceState["propertyDependencies"] {
  const mended = Object.entries(dependencies).map(([key, urns]) => {
    return [key, urns.map(name).filter(urn => urn !== undefined)] as const;
  });
  return Object.fromEntries(mended.filter(([, urns]) => urns.length > 0));
}
