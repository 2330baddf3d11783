import {
  containsUnknown,
  equalValues,
  isList,
  isMap,
  revealSecrets,
  Secret,
  type Value,
  type ValueMap,
} from "../../wire/values";
import { formatPath, matchesPath, type PropertyPath, parsePath } from "./property-path";

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
  /** Replaces although no property says so. */
  readonly triggered?: boolean;
}

export const NO_DIFF: Diff = {
  changes: "none",
  replaceKeys: [],
  diffKeys: [],
  detailed: {},
  deleteBeforeReplace: false,
};

/** A diff of the engine's own making: something changed, and it replaces because of `key`, if there is one. */
export function changed(key?: string): Diff {
  return { ...NO_DIFF, changes: "some", replaceKeys: key === undefined ? [] : [key] };
}

/** Whether a replacementTrigger fires: an unknown one always does, none never. */
export function triggers(old: Value | undefined, now: Value | undefined): boolean {
  if (containsUnknown(old) || containsUnknown(now)) return true;
  if (old === undefined || now === undefined) return false;
  return !equalValues(revealSecrets(old), revealSecrets(now));
}

export function replaces(diff: Diff): boolean {
  return (
    diff.triggered === true ||
    diff.replaceKeys.length > 0 ||
    Object.values(diff.detailed).some(({ diffKind }) => isReplacing(diffKind))
  );
}

/** A provider that can't say whether anything changed leaves it to the inputs. */
export function settleUnknown(diff: Diff, oldInputs: ValueMap, newInputs: ValueMap): Diff {
  if (diff.changes !== "unknown") return diff;
  const detailed: Record<string, DetailedDiff> = {};
  compare(oldInputs, newInputs, [], (path, diffKind) => {
    detailed[formatPath(path)] = { diffKind, inputDiff: true };
  });
  const paths = Object.keys(detailed);
  if (paths.length === 0) return { ...diff, changes: "none" };
  const diffKeys = [...new Set(paths.map(path => String(parsePath(path)[0])))];
  return { ...diff, changes: "some", diffKeys, detailed };
}

function compare(
  old: Value | undefined,
  now: Value | undefined,
  path: PropertyPath,
  tell: (path: PropertyPath, kind: DiffKind) => void,
): void {
  const was = old instanceof Secret ? old.element : old;
  const is = now instanceof Secret ? now.element : now;
  if (isMap(was) && isMap(is)) {
    for (const key of Object.keys({ ...was, ...is })) compare(was[key], is[key], [...path, key], tell);
  } else if (isList(was) && isList(is)) {
    const longer = was.length > is.length ? was : is;
    for (const index of longer.keys()) compare(was[index], is[index], [...path, index], tell);
  } else if (was === undefined || is === undefined) {
    if (was !== is) tell(path, was === undefined ? "add" : "delete");
  } else if (!equalValues(was, is)) tell(path, "update");
}

const INIT_ERROR_PATH = "#initerror";

/** Option replaceOnChanges: changes at or below these paths replace the resource; an initialisation that failed is one too. */
export function applyReplaceOnChanges(diff: Diff, replaceOnChanges: readonly string[], hasInitErrors = false): Diff {
  if ((diff.changes !== "some" && !hasInitErrors) || replaceOnChanges.length === 0) return diff;
  const patterns: PropertyPath[] = replaceOnChanges.map(parsePath);
  const hit = (path: string): boolean => patterns.some(pattern => matchesPath(pattern, parsePath(path)));
  const detailed: Record<string, DetailedDiff> = {};
  for (const [path, change] of Object.entries(diff.detailed)) {
    detailed[path] = hit(path) ? { ...change, diffKind: replacing(change.diffKind) } : change;
  }
  const replaceKeys = new Set([...diff.replaceKeys, ...diff.diffKeys.filter(hit)]);
  if (!hasInitErrors || !hit(INIT_ERROR_PATH)) return { ...diff, detailed, replaceKeys: [...replaceKeys] };
  return { ...diff, changes: "some", detailed, replaceKeys: [...replaceKeys, INIT_ERROR_PATH] };
}

const OPPOSITE: Partial<Record<DiffKind, DiffKind>> = {
  add: "delete",
  delete: "add",
  "add-replace": "delete-replace",
  "delete-replace": "add-replace",
};

/** The way back. */
export function inverted(diff: Diff): Diff {
  const detailed = Object.entries(diff.detailed).map(([path, change]) => [
    path,
    { ...change, diffKind: OPPOSITE[change.diffKind] ?? change.diffKind },
  ]);
  return { ...diff, detailed: Object.fromEntries(detailed) };
}

function isReplacing(kind: DiffKind): boolean {
  return kind.endsWith("-replace");
}

function replacing(kind: DiffKind): DiffKind {
  return isReplacing(kind) ? kind : (`${kind}-replace` as DiffKind);
}
