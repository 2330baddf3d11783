import { equalValues, type ValueMap } from "../../wire/values";
import { matchesPath, type PropertyPath, parsePath } from "./property-path";

/** By number, as PropertyDiff.Kind of the provider protocol. */
export const DIFF_KINDS = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"] as const;
export type DiffKind = (typeof DIFF_KINDS)[number];

export interface DetailedDiff {
  readonly diffKind: DiffKind;
  readonly inputDiff: boolean;
}

/** What a provider says about the way from old to new. */
export interface Diff {
  readonly changes: "none" | "some" | "unknown";
  readonly replaceKeys: readonly string[];
  readonly diffKeys: readonly string[];
  /** By property path. */
  readonly detailed: Readonly<Record<string, DetailedDiff>>;
  readonly deleteBeforeReplace: boolean;
}

export const NO_DIFF: Diff = {
  changes: "none",
  replaceKeys: [],
  diffKeys: [],
  detailed: {},
  deleteBeforeReplace: false,
};

/** A provider that can't say whether anything changed leaves it to the inputs. */
export function settleUnknown(diff: Diff, oldInputs: ValueMap, newInputs: ValueMap): Diff {
  if (diff.changes !== "unknown") return diff;
  return { ...diff, changes: diff.replaceKeys.length > 0 || !equalValues(oldInputs, newInputs) ? "some" : "none" };
}

/** Option replaceOnChanges: changes at or below these paths replace the resource. */
export function applyReplaceOnChanges(diff: Diff, replaceOnChanges: readonly string[]): Diff {
  if (diff.changes !== "some" || replaceOnChanges.length === 0) return diff;
  const patterns: PropertyPath[] = replaceOnChanges.map(parsePath);
  const hit = (path: string): boolean => patterns.some(pattern => matchesPath(pattern, parsePath(path)));
  const replaceKeys = new Set(diff.replaceKeys);
  const detailed: Record<string, DetailedDiff> = {};
  for (const [path, change] of Object.entries(diff.detailed)) {
    const replaces = hit(path);
    detailed[path] = replaces ? { ...change, diffKind: replacing(change.diffKind) } : change;
    if (replaces) replaceKeys.add(path);
  }
  for (const key of diff.diffKeys) if (hit(key)) replaceKeys.add(key);
  return { ...diff, detailed, replaceKeys: [...replaceKeys] };
}

function replacing(kind: DiffKind): DiffKind {
  return kind.endsWith("-replace") ? kind : (`${kind}-replace` as DiffKind);
}
