import type { Bag } from "./bag";
import type { FieldPolicy, PropertyChange } from "./kind";

/** Fields that are unknown in the new inputs count as changed: nobody can say that they will be the same. */
export interface NewInputs {
  readonly known: Bag;
  readonly unknown: ReadonlySet<string>;
}

/** Compares old and new inputs field by field; each field's policy says what its change means. */
export function diffInputs(
  fields: Readonly<Record<string, FieldPolicy>>,
  olds: Bag,
  news: NewInputs,
): PropertyChange[] {
  const changes: PropertyChange[] = [];
  for (const [key, policy] of Object.entries(fields)) {
    if (policy.change === "ignore") continue;
    const replace = policy.change === "replace";
    if (news.unknown.has(key)) {
      changes.push({ path: key, mode: olds[key] === undefined ? "add" : "update", replace });
      continue;
    }
    for (const { path, mode } of compare(key, olds[key], news.known[key])) changes.push({ path, mode, replace });
  }
  return changes;
}

/** Without the changes in properties that the program ignores (`ignoreChanges`), or inside them. */
export function withoutIgnored(changes: readonly PropertyChange[], ignored: readonly string[]): PropertyChange[] {
  const isIgnored = (path: string): boolean =>
    ignored.some(prefix => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`));
  return changes.filter(change => !isIgnored(change.path));
}

type Difference = Pick<PropertyChange, "path" | "mode">;

function compare(path: string, old: unknown, fresh: unknown): Difference[] {
  const oldAbsent = old === undefined || old === null;
  const newAbsent = fresh === undefined || fresh === null;
  if (oldAbsent && newAbsent) return [];
  if (oldAbsent) return [{ path, mode: "add" }];
  if (newAbsent) return [{ path, mode: "delete" }];
  if (Array.isArray(old) && Array.isArray(fresh)) {
    const length = Math.max(old.length, fresh.length);
    return Array.from({ length }, (_, index) => compare(`${path}[${index}]`, old[index], fresh[index])).flat();
  }
  if (isPlainObject(old) && isPlainObject(fresh)) {
    const keys = new Set([...Object.keys(old), ...Object.keys(fresh)]);
    return [...keys].flatMap(key => compare(`${path}${segment(key)}`, old[key], fresh[key]));
  }
  return old === fresh ? [] : [{ path, mode: "update" }];
}

function segment(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `["${key.replaceAll('"', '\\"')}"]`;
}

function isPlainObject(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
