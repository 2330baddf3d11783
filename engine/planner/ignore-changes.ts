import { define, isList, isMap, mapValues, Secret, type Value, type ValueMap } from "../../wire/values";
import { type PropertyPath, parsePath } from "./property-path";

/** A value after a part of it was put back. */
interface Kept {
  readonly value: Value | undefined;
  /** False: the path goes through something that was added or removed, and no value is made up for it. */
  readonly fits: boolean;
}

/** Whether what surrounds a value is secret. */
interface Secrecy {
  readonly old: boolean;
  readonly now: boolean;
}

/**
 * Option ignoreChanges: the new inputs with the old values at these paths. What was absent before is absent again, but a list keeps its
 * length (pulumi/pulumi sdk/go/common/resource/properties_path.go Reset, 3.260).
 * @returns also the paths that could not be followed
 */
export function keepOldValues(
  news: ValueMap,
  olds: ValueMap,
  ignoreChanges: readonly string[],
): { values: ValueMap; unfit: string[] } {
  const unfit: string[] = [];
  const values = ignoreChanges.reduce<ValueMap>((result, text) => {
    const { value, fits } = keepAt(result, olds, parsePath(text), { old: false, now: false });
    if (!fits) unfit.push(text);
    return value as ValueMap;
  }, news);
  return { values, unfit };
}

function keepAt(now: Value | undefined, old: Value | undefined, path: PropertyPath, secrecy: Secrecy): Kept {
  const [part, ...below] = path;
  if (part === undefined) {
    const shown = secrecy.old && !secrecy.now && old !== undefined && !(old instanceof Secret);
    return { value: shown ? new Secret(old) : old, fits: true };
  }
  if (old instanceof Secret) return keepAt(now, old.element, path, { ...secrecy, old: true });
  if (now instanceof Secret) {
    const { value, fits } = keepAt(now.element, old, path, { ...secrecy, now: true });
    return { value: value === undefined || value === now.element ? now : new Secret(value), fits };
  }
  if (part === "*") return keepEach(now, old, below, secrecy);
  return typeof part === "number" ? keepItem(now, old, part, below, secrecy) : keepKey(now, old, part, below, secrecy);
}

function keepItem(
  now: Value | undefined,
  old: Value | undefined,
  index: number,
  below: PropertyPath,
  secrecy: Secrecy,
): Kept {
  if (!isList(now) || !isList(old)) return { value: now, fits: !isList(now) && !isList(old) };
  if (index >= now.length || index >= old.length) {
    return { value: now, fits: below.length === 0 && index >= now.length && index >= old.length };
  }
  const { value, fits } = keepAt(now[index], old[index], below, secrecy);
  return { value: now.map((item, at) => (at === index ? (value ?? item) : item)), fits };
}

function keepKey(
  now: Value | undefined,
  old: Value | undefined,
  key: string,
  below: PropertyPath,
  secrecy: Secrecy,
): Kept {
  const was = own(old, key);
  const leaf = below.length === 0;
  if (!isMap(now)) return { value: now, fits: leaf ? was === undefined : !isMap(old) };
  if (!leaf && (!isMap(old) || own(now, key) === undefined))
    return { value: now, fits: isMap(old) && was === undefined };
  const { value, fits } = keepAt(own(now, key), was, below, secrecy);
  return { value: mapWith(now, key, value), fits };
}

function keepEach(now: Value | undefined, old: Value | undefined, below: PropertyPath, secrecy: Secrecy): Kept {
  const leaf = below.length === 0;
  if (isMap(now) && isMap(old)) {
    if (leaf) return { value: mapValues(old, value => keepAt(undefined, value, [], secrecy).value), fits: true };
    let result: ValueMap = now;
    for (const [key, was] of Object.entries(old)) {
      if (own(now, key) === undefined) return { value: result, fits: false };
      const { value, fits } = keepAt(now[key], was, below, secrecy);
      result = mapWith(result, key, value);
      if (!fits) return { value: result, fits };
    }
    return { value: result, fits: true };
  }
  if (isList(now) && isList(old)) {
    const kept = now.map((item, at) => (at < old.length ? keepAt(item, old[at], below, secrecy) : undefined));
    const value = now.map((item, at) => kept[at]?.value ?? item);
    return { value, fits: now.length === old.length && kept.every(each => each?.fits !== false) };
  }
  return { value: now, fits: leaf && (isMap(now) || isList(now)) };
}

function mapWith(map: ValueMap, key: string, value: Value | undefined): ValueMap {
  const result: Record<string, Value> = { ...map };
  if (value === undefined) delete result[key];
  else define(result, key, value);
  return result;
}

function own(map: Value | undefined, key: string): Value | undefined {
  return isMap(map) && Object.hasOwn(map, key) ? map[key] : undefined;
}
