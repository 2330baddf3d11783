import { define, isList, isMap, type Value, type ValueMap } from "../../wire/values";

/** `a.b[0]["odd.key"]` in parts; `*` stands for any one. */
export type PropertyPath = readonly (string | number)[];

/** @throws Error for a path that is not well formed */
export function parsePath(text: string): PropertyPath {
  const parts: (string | number)[] = [];
  const pattern = /(?:^|\.)([^.[\]]+)|\[(\d+)\]|\[\*\]|\[("(?:[^"\\]|\\.)*")\]/gy;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`'${text}' is not a property path, from '${text.slice(at)}' on`);
    if (match[1] !== undefined) parts.push(match[1]);
    else if (match[2] !== undefined) parts.push(Number(match[2]));
    else if (match[3] !== undefined) parts.push(JSON.parse(match[3]) as string);
    else parts.push("*");
    at = pattern.lastIndex;
  }
  return parts;
}

/** The text of a path, as Pulumi writes it: `value.x`, `list[0]`, `env["odd.key"]`. */
export function formatPath(path: PropertyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[^.[\]"\s]+$/.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** True if `path` is at or below what `pattern` names. */
export function matchesPath(pattern: PropertyPath, path: PropertyPath): boolean {
  return pattern.length <= path.length && pattern.every((part, index) => part === "*" || part === path[index]);
}

/**
 * Option ignoreChanges: the new inputs with the old values at these paths. What was absent before is absent again.
 */
export function keepOldValues(news: ValueMap, olds: ValueMap, ignoreChanges: readonly string[]): ValueMap {
  let result: Value = news;
  for (const text of ignoreChanges) result = keepAt(result, olds, parsePath(text)) ?? result;
  return result as ValueMap;
}

function keepAt(now: Value | undefined, old: Value | undefined, path: PropertyPath): Value | undefined {
  const [part, ...below] = path;
  if (part === undefined) return old;
  if (part === "*") {
    return everyKey(now, old).reduce<Value | undefined>((result, key) => keepAt(result, old, [key, ...below]), now);
  }
  if (isList(now) && typeof part === "number") return keepInList(now, isList(old) ? old[part] : undefined, part, below);
  if (!isMap(now)) return now;
  const key = String(part);
  const kept = keepAt(own(now, key), own(old, key), below);
  const map: Record<string, Value> = { ...now };
  if (kept === undefined) delete map[key];
  else define(map, key, kept);
  return map;
}

function keepInList(now: readonly Value[], old: Value | undefined, index: number, below: PropertyPath): Value {
  const kept = keepAt(now[index], old, below);
  return kept === undefined ? now : now.map((item, at) => (at === index ? kept : item));
}

function everyKey(now: Value | undefined, old: Value | undefined): (string | number)[] {
  if (isList(now)) return [...now.keys()];
  return isMap(now) ? Object.keys({ ...now, ...(isMap(old) ? old : {}) }) : [];
}

function own(map: Value | undefined, key: string): Value | undefined {
  return isMap(map) && Object.hasOwn(map, key) ? map[key] : undefined;
}
