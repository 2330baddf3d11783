import { UNKNOWN, type Value, type ValueMap } from "../../wire/values";
import type { ResourceState } from "../resource";
import type { Diff } from "./diff";

/** What the answers of check and diff come to. */
export type Decision =
  | { readonly kind: "same" }
  | { readonly kind: "update"; readonly diff: Diff }
  | {
      readonly kind: "replace";
      readonly diff: Diff;
      readonly keys: readonly string[];
      readonly deleteFirst: boolean;
    };

export interface Question {
  readonly old: ResourceState;
  readonly diff: Diff;
  /** The program's deleteBeforeReplace; undefined: as the provider says. */
  readonly deleteBeforeReplace: boolean | undefined;
  /** `--replace` names it. */
  readonly forced: boolean;
  /** Another provider serves it now, and it can't move there. */
  readonly providerReplaced: boolean;
  /** The resource that it goes with is being replaced in this run. */
  readonly containerReplaced: boolean;
}

/** Same, update or replace. */
export function decide(question: Question): Decision {
  const { old, diff } = question;
  const deleteFirst = question.deleteBeforeReplace ?? diff.deleteBeforeReplace;
  const replaceWith = (keys: readonly string[]): Decision => ({ kind: "replace", diff, keys, deleteFirst });
  if (question.forced) return replaceWith(["id"]);
  if (question.providerReplaced) return replaceWith(["provider"]);
  if (question.containerReplaced) return replaceWith(["deletedWith"]);
  if (diff.changes !== "none" && diff.replaceKeys.length > 0) return replaceWith(topLevelOnly(diff));
  if (diff.changes === "some") return { kind: "update", diff };
  // A resource that never got ready is updated even if nothing else changed.
  return old.initErrors.length > 0 ? { kind: "update", diff } : { kind: "same" };
}

/** Stock's events name replacing keys at the top level only. */
function topLevelOnly(diff: Diff): readonly string[] {
  return diff.replaceKeys.filter(key => !/[.[]/.test(key));
}

/** The inputs of a dependent with every property that depends on a replaced resource set to unknown. */
export function withUnknownDependencies(dependent: ResourceState, replaced: ReadonlySet<string>): ValueMap | undefined {
  let touched = false;
  const inputs: Record<string, Value> = { ...dependent.inputs };
  for (const [key, urns] of Object.entries(dependent.propertyDependencies)) {
    if (!urns.some(urn => replaced.has(urn))) continue;
    inputs[key] = UNKNOWN;
    touched = true;
  }
  return touched ? inputs : undefined;
}
