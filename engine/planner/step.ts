import type { ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import { bareState, type ResourceState } from "../resource";
import type { DetailedDiff, Diff } from "./diff";
import type { Goal } from "./goal";
import { reuseSecrets } from "./reuse";

/** One thing to be done. Pure data: the executor knows how. */
export interface Step {
  readonly op: OpType;
  readonly urn: string;
  readonly type: string;
  readonly old?: ResourceState;
  /** As planned: without outputs that only the provider knows. */
  readonly next?: ResourceState;
  /** Properties that force a replacement. */
  readonly keys: readonly string[];
  readonly diffs: readonly string[];
  readonly detailedDiff: Readonly<Record<string, DetailedDiff>>;
  readonly logical: boolean;
  /** Reported, but nothing is asked of the provider: retained, external, gone with another resource. */
  readonly withoutProvider?: boolean;
  /** Of a delete: the entry stays, marked, until its replacement is there. */
  readonly keepAsPending?: boolean;
  /** Of a create-replacement: the old object's entry stays, to be deleted at the end. */
  readonly deleteOldLater?: boolean;
  /** An untargeted resource that does not exist: `same` in name only. */
  readonly skipped?: boolean;
}

function step(op: OpType, of: ResourceState, rest: Partial<Step>): Step {
  return { op, urn: of.urn, type: of.type, keys: [], diffs: [], detailedDiff: {}, logical: true, ...rest };
}

/** The state that a resource will have, before the provider was asked. */
export function plannedState(goal: Goal, inputs: ValueMap, old: ResourceState | undefined): ResourceState {
  return {
    ...bareState(goal.urn, goal.type, goal.custom),
    id: old?.id,
    inputs: reuseSecrets(inputs, old?.inputs),
    outputs: old?.outputs ?? {},
    parent: goal.parent,
    protect: goal.protect,
    dependencies: goal.dependencies,
    propertyDependencies: goal.propertyDependencies,
    provider: goal.provider,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    customTimeouts: goal.customTimeouts,
    importID: goal.importId,
    retainOnDelete: goal.retainOnDelete,
    deletedWith: goal.deletedWith,
    created: old?.created,
    modified: old?.modified,
    ignoreChanges: goal.ignoreChanges,
    replaceOnChanges: goal.replaceOnChanges,
    rest: old?.rest ?? {},
  };
}

export function createStep(next: ResourceState): Step {
  return step("create", next, {
    next: { ...next, id: undefined, outputs: {}, created: undefined, modified: undefined },
  });
}

export function sameStep(old: ResourceState, next: ResourceState): Step {
  return step("same", next, { old, next });
}

export function skippedCreateStep(next: ResourceState): Step {
  return step("same", next, { next: { ...next, id: undefined, outputs: {} }, skipped: true });
}

export function updateStep(old: ResourceState, next: ResourceState, diff: Diff): Step {
  return step("update", next, { old, next, diffs: diff.diffKeys, detailedDiff: diff.detailed });
}

export function readStep(next: ResourceState, old: ResourceState | undefined, replacing: boolean): Step {
  return step(replacing ? "read-replacement" : "read", next, { old, next, logical: !replacing });
}

export function refreshStep(old: ResourceState): Step {
  return step("refresh", old, { old, next: old });
}

export function importStep(next: ResourceState, old: ResourceState | undefined): Step {
  return step(old === undefined ? "import" : "import-replacement", next, {
    old,
    next: { ...next, outputs: {}, created: undefined, modified: undefined },
    logical: old === undefined,
    deleteOldLater: old !== undefined,
  });
}

/** What is asked for when a resource is removed. */
export interface DeleteContext {
  /** URNs that go in the same run: what was said to be deleted with them needs no call. */
  readonly goingToo: ReadonlySet<string>;
}

export function deleteStep(old: ResourceState, context: DeleteContext): Step {
  return step(old.external ? "discard" : "delete", old, { old, withoutProvider: needsNoCall(old, context) });
}

/** `diff` tells why; dependents have keys, but no diffs. */
export function deleteReplacedStep(
  old: ResourceState,
  context: DeleteContext,
  reason: Partial<Pick<Step, "keys" | "diffs" | "detailedDiff" | "keepAsPending">> = {},
): Step {
  return step(old.external ? "discard-replaced" : "delete-replaced", old, {
    old,
    logical: false,
    withoutProvider: needsNoCall(old, context),
    ...reason,
  });
}

function needsNoCall(old: ResourceState, context: DeleteContext): boolean {
  const withAnother = old.deletedWith !== undefined && context.goingToo.has(old.deletedWith);
  return (
    !old.custom ||
    old.external === true ||
    old.retainOnDelete === true ||
    withAnother ||
    old.pendingReplacement === true
  );
}

/** `replace`, the word for the reader, and `create-replacement`, the deed; in stock's order. */
export function replaceSteps(
  old: ResourceState,
  next: ResourceState,
  reason: Pick<Step, "keys" | "diffs" | "detailedDiff">,
  deleteOldLater: boolean,
): Step[] {
  const fresh = { ...next, id: undefined, outputs: {}, created: undefined, modified: undefined };
  const word = step("replace", next, { old, next: fresh, ...reason });
  const deed = step("create-replacement", next, { old, next: fresh, ...reason, logical: false, deleteOldLater });
  return deleteOldLater ? [deed, word] : [word, deed];
}
