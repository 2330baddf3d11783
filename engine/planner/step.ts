import type { ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import { bareState, type ResourceState } from "../resource";
import { type DetailedDiff, type Diff, NO_DIFF } from "./diff";
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
  /** Of an import: no program says how it should be, so what the provider has is taken as it is. */
  readonly unasked?: boolean;
  /** Why it can't be done: it fails without a call. */
  readonly refused?: string;
  /** Nothing was asked about it: it stays as it was, whatever the program says. */
  readonly untargeted?: boolean;
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
    replaceWith: goal.replaceWith,
    created: old?.created,
    modified: old?.modified,
    ignoreChanges: goal.ignoreChanges,
    hideDiff: goal.hideDiff,
    replaceOnChanges: goal.replaceOnChanges,
    replacementTrigger: goal.replacementTrigger,
    rest: old?.rest ?? {},
  };
}

export function createStep(next: ResourceState): Step {
  return step("create", next, {
    next: { ...next, id: undefined, outputs: {}, created: undefined, modified: undefined },
  });
}

/** Under the name that it has in the state, whatever the program calls it. */
export function untargetedStep(old: ResourceState): Step {
  return step("same", old, { old, next: old, untargeted: true });
}

/** Of the verb `import`: taken over as it is. */
export function plainImportStep(next: ResourceState, refused?: string): Step {
  return step("import", next, { next, unasked: true, refused });
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

/** Of a `get`: what is managed under that name is given up for what is read. */
export function readSteps(next: ResourceState, old: ResourceState | undefined, replaces: boolean): Step[] {
  if (!replaces || old === undefined) return [step("read", next, { old, next })];
  return [
    step("read-replacement", next, { old, next, logical: false, deleteOldLater: true }),
    step("replace", next, { old: marked(old), next }),
  ];
}

/** As it is once its replacement is there. */
function marked(old: ResourceState): ResourceState {
  return { ...old, delete: true };
}

export function refreshStep(old: ResourceState): Step {
  return step("refresh", old, { old, next: old, logical: false });
}

/** @param replaced what is there under that name, to be deleted */
export function importSteps(next: ResourceState, replaced: ResourceState | undefined): Step[] {
  const fresh = { ...next, id: undefined, outputs: {}, created: undefined, modified: undefined };
  if (replaced === undefined) return [step("import", fresh, { next: fresh })];
  return [
    step("import-replacement", fresh, { old: replaced, next: fresh, logical: false, deleteOldLater: true }),
    step("replace", fresh, { old: marked(replaced), next: fresh }),
  ];
}

/** What is asked for when a resource is removed. */
export interface DeleteContext {
  /** URNs that go in the same run: what was said to be deleted with them needs no call. */
  readonly goingToo: ReadonlySet<string>;
}

export function deleteStep(old: ResourceState, context: DeleteContext): Step {
  if (old.pendingReplacement)
    return step("remove-pending-replace", old, { old, logical: false, withoutProvider: true });
  return step(old.external ? "discard" : "delete", old, { old, withoutProvider: needsNoCall(old, context) });
}

export function deleteReplacedStep(
  old: ResourceState,
  context: DeleteContext,
  rest: Partial<Pick<Step, "keepAsPending">> = {},
): Step {
  return step(old.external ? "discard-replaced" : "delete-replaced", old, {
    old,
    logical: false,
    withoutProvider: needsNoCall(old, context),
    ...rest,
  });
}

function needsNoCall(old: ResourceState, context: DeleteContext): boolean {
  const withAnother = old.deletedWith !== undefined && context.goingToo.has(old.deletedWith);
  return !old.custom || old.external === true || old.retainOnDelete === true || withAnother;
}

/** `replace`, the word for the reader, and `create-replacement`, the deed; in stock's order. */
export function replaceSteps(
  old: ResourceState,
  next: ResourceState,
  { replaceKeys: keys, diffKeys: diffs, detailed: detailedDiff }: Diff,
  deleteOldLater: boolean,
): Step[] {
  const reason = { keys, diffs, detailedDiff };
  const fresh = { ...next, id: undefined, outputs: {}, created: undefined, modified: undefined };
  const word = step("replace", next, { old: deleteOldLater ? marked(old) : old, next: fresh, ...reason });
  const deed = step("create-replacement", next, { old, next: fresh, ...reason, logical: false, deleteOldLater });
  return deleteOldLater ? [deed, word] : [word, deed];
}

/** The old object is gone already. */
export function recreateSteps(old: ResourceState, next: ResourceState, keys: readonly string[]): Step[] {
  const [word, deed] = replaceSteps(old, next, NO_DIFF, false);
  return word === undefined || deed === undefined ? [] : [word, { ...deed, keys }];
}
