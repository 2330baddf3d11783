import type { StepMetadata } from "../events";
import { formatPath, matchesPath, type PropertyPath } from "../planner/property-path";
import { pathOf, valueAt } from "./property-path";
import { isRecord, isSecret, isUnknown } from "./value-text";

/** One property that differs. */
export interface PropertyDiff {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  /** This property alone forces a replacement. */
  readonly replaces?: boolean;
  /** The declared value is as before; what was found on the host differs. */
  readonly observed?: boolean;
}

/** Every leaf that differs. Lists of the same length are compared place by place, others as a whole. */
export function compare(before: unknown, after: unknown, path: PropertyPath = []): PropertyDiff[] {
  if (isSecret(before) && isSecret(after)) return [];
  if (isRecord(before) && isRecord(after) && !isSecret(before) && !isSecret(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter(key => !key.startsWith("__"))
      .sort();
    return keys.flatMap(key => compare(before[key], after[key], [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((member, index) => compare(member, after[index], [...path, index]));
  }
  return sameValue(before, after) ? [] : [{ path: formatPath(path), before, after }];
}

function sameValue(before: unknown, after: unknown): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}

/** What a step changes: the provider's own list of paths where it gave one, else whatever inputs differ. */
export function changesOf(step: StepMetadata): PropertyDiff[] {
  const detailed = Object.entries(step.detailedDiff ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const changes =
    detailed.length > 0
      ? detailed.flatMap(([path, detail]) =>
          detailedChanges(step, path, detail.inputDiff, detail.diffKind.endsWith("-replace")),
        )
      : compare(step.old?.inputs ?? {}, step.new?.inputs ?? {});
  const named = new Set(changes.map(change => String(pathOf(change.path)[0])));
  // A secret that changed looks the same on both sides: the list of keys still names it.
  const hidden = (step.diffs ?? []).filter(key => !named.has(String(pathOf(key)[0])));
  const unseen = ((step.new ?? step.old)?.hideDiffs ?? []).map(pathOf);
  return [...changes, ...hidden.flatMap(key => detailedChanges(step, key, true, false))].filter(
    ({ path }) => !unseen.some(pattern => matchesPath(pattern, pathOf(path))),
  );
}

function detailedChanges(step: StepMetadata, text: string, inputDiff: boolean, replaces: boolean): PropertyDiff[] {
  const path = pathOf(text);
  const after = valueAt(step.new?.inputs, path);
  const declared = valueAt(step.old?.inputs, path);
  const observed = !inputDiff && sameValue(declared, after);
  const before = inputDiff ? declared : (valueAt(step.old?.outputs, path) ?? declared);
  const leaves = compare(before, after, path);
  const changes = leaves.length > 0 ? leaves : [{ path: text, before, after }];
  return changes.map(change => ({ ...change, ...(replaces && { replaces }), ...(observed && { observed }) }));
}

/**
 * What a refresh found: the last known outputs against the host's. Where declared properties differ, what follows from them
 * (a digest, a size) is left out.
 */
export function driftOf(step: StepMetadata): PropertyDiff[] {
  const changes = compare(step.old?.outputs ?? {}, step.new?.outputs ?? {}).filter(change => !isUnknown(change.after));
  const declared = changes.filter(change => String(pathOf(change.path)[0]) in (step.old?.inputs ?? {}));
  if (changes.length > 0) return declared.length > 0 ? declared : changes;
  return (step.diffs ?? []).map(key => ({
    path: key,
    before: valueAt(step.old?.outputs, pathOf(key)),
    after: valueAt(step.new?.outputs, pathOf(key)),
  }));
}
