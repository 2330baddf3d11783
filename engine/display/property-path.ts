import { type PropertyPath, readPath } from "../planner/property-path";

/** The path of a provider's diff; an unreadable one is taken as one key. */
export function pathOf(text: string): PropertyPath {
  return readPath(text) ?? [text];
}

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(value: unknown, path: PropertyPath): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}
