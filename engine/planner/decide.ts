import { UNKNOWN, type Value, type ValueMap } from "../../wire/values";
import type { ResourceState } from "../resource";
import { type Diff, replaces } from "./diff";

/** What the answers of check and diff come to. */
export type Decision =
  | { readonly kind: "same" }
  | { readonly kind: "update"; readonly diff: Diff }
  | { readonly kind: "replace"; readonly diff: Diff; readonly deleteFirst: boolean };

/** Same, update or replace. @param deleteBeforeReplace the program's; undefined: as the provider says */
export function decide(old: ResourceState, diff: Diff, deleteBeforeReplace: boolean | undefined): Decision {
  // One whose replacement was not made yet is gone already.
  const gone = old.pendingReplacement === true;
  if (gone || (diff.changes === "some" && replaces(diff))) {
    return { kind: "replace", diff, deleteFirst: deleteBeforeReplace ?? diff.deleteBeforeReplace };
  }
  if (diff.changes === "some") return { kind: "update", diff };
  // A resource that never got ready is updated even if nothing else changed.
  return old.initErrors.length > 0 ? { kind: "update", diff } : { kind: "same" };
}

/** The inputs of a dependent with every property that depends on a replaced resource set to unknown. */
export function withUnknownDependencies(dependent: ResourceState, replaced: ReadonlySet<string>): ValueMap | undefined {
  let touched = false;
  const inputs: Record<string, Value> = { ...dependent.inputs };
  for (const [key, urns] of Object.entries(dependent.propertyDependencies)) {
    if (!Object.hasOwn(inputs, key) || !urns.some(urn => replaced.has(urn))) continue;
    inputs[key] = UNKNOWN;
    touched = true;
  }
  return touched ? inputs : undefined;
}
